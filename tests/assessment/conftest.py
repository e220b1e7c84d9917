"""A store on every database we speak, and a small bundle that is really trained."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session, sessionmaker
from xgboost import XGBRegressor

from skillscope.datasets.versions import installed_pipeline
from skillscope.features import FEATURES
from skillscope.modeling.bundle import Bundle, BundleRecord, SkillRecord, write_bundle
from skillscope.skills import SKILLS
from skillscope.store import make_engine, open_store


def train_small_bundle(folder: Path) -> Bundle:
    """Four regressors on made-up rows, each following one feature of its own skill."""
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
        model = XGBRegressor(n_estimators=40, max_depth=3, n_jobs=1).fit(rows, target)
        models[skill] = model.get_booster()
    skills = {
        skill: SkillRecord(
            cut_points=(0.4, 0.6),
            half_widths={
                "both": {"0.8": 0.1, "0.95": 0.2},
                "text": {"0.8": 0.15, "0.95": 0.3},
                "play": {"0.8": 0.25, "0.95": 0.5},
            },
            measured_coverage={"both": {"0.8": 0.8, "0.95": 0.95}},
            metrics={"r2": 0.9},
            rows=400,
            trees=40,
        )
        for skill in SKILLS
    }
    record = BundleRecord(
        language_pipeline=installed_pipeline(),
        label_sources=("simulated",),
        trained_on={"rows": 400},
        params={},
        skills=skills,
    )
    return write_bundle(record, models, "# A small model for tests\n", folder / "bundle")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle."""
    return train_small_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """Sessions on an empty store."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'store.db'}")
        yield open_store(engine)
        engine.dispose()
        return
    schema = f"test_{uuid.uuid4().hex}"
    server: str = request.getfixturevalue("postgres_server")
    admin = make_engine(server)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = make_engine(url.render_as_string(hide_password=False))
    yield open_store(engine)
    engine.dispose()
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()
