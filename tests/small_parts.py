"""Small real parts that several test folders share: an empty store on either database, and a bundle that is trained."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import make_url, text
from xgboost import XGBRegressor

from skillscope.features import FEATURES
from skillscope.features.versions import installed_pipeline
from skillscope.modeling.bundle import Bundle, BundleRecord, SkillRecord, write_bundle
from skillscope.skills import SKILLS
from skillscope.store import make_engine

HALF_WIDTHS = {
    "both": {"0.8": 0.1, "0.95": 0.2},
    "text": {"0.8": 0.15, "0.95": 0.3},
    "play": {"0.8": 0.25, "0.95": 0.5},
}


@contextmanager
def empty_schema(server: str) -> Iterator[str]:
    """Address of an empty schema of a PostgreSQL server; dropped afterwards."""
    schema = f"test_{uuid.uuid4().hex}"
    admin = make_engine(server)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    try:
        url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
        yield url.render_as_string(hide_password=False)
    finally:
        with admin.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        admin.dispose()


def train_small_bundle(folder: Path) -> Bundle:
    """Four regressors on made-up rows, each following one feature of its own skill, as the bundle `folder`."""
    chance = np.random.default_rng(7)
    low = np.array([item.low if item.low is not None else -3.0 for item in FEATURES])
    high = np.array([item.high if item.high is not None else 60.0 for item in FEATURES])
    rows = chance.uniform(low, high, size=(400, len(FEATURES)))
    rows[:, 0] = chance.uniform(0, 0.2, 400)
    rows[chance.uniform(size=rows.shape) < 0.1] = np.nan
    names = [item.name for item in FEATURES]
    follows = ("empathy_markers", "problem_solving_language", "distraction_resistance", "recovery_rate")
    models = {}
    for skill, name in zip(SKILLS, follows, strict=True):
        column = names.index(name)
        target = np.nan_to_num(rows[:, column] / np.nanmax(rows[:, column]), nan=0.5) * 0.8 + 0.1
        models[skill] = XGBRegressor(n_estimators=40, max_depth=3, n_jobs=1).fit(rows, target).get_booster()
    record = BundleRecord(
        language_pipeline=installed_pipeline(),
        label_sources=("simulated",),
        trained_on={"rows": 400},
        params={},
        skills={
            skill: SkillRecord(
                cut_points=(0.4, 0.6),
                half_widths=HALF_WIDTHS,
                measured_coverage=HALF_WIDTHS,
                metrics={"r2": 0.9},
                rows=400,
                trees=40,
            )
            for skill in SKILLS
        },
    )
    return write_bundle(record, models, "# A small model for tests\n", folder)
