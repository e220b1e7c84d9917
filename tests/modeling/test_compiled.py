"""The compiled form gives XGBoost's own numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from xgboost import Booster, DMatrix, train

from skillscope.errors import BundleError
from skillscope.modeling.compiled import CompiledModels
from skillscope.skills import SKILLS, Skill

Floats = NDArray[np.float64]
FEATURES = 29
PLACES = {skill: list(range(FEATURES)) for skill in SKILLS}


def _rows(count: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    rows = random.normal(0, 30, (count, FEATURES))
    rows[random.random(rows.shape) < 0.25] = np.nan
    return rows


@pytest.fixture(scope="module")
def boosted() -> Callable[..., Booster]:
    rows = _rows(600, 0)

    def fit(seed: int, **params: object) -> Booster:
        labels = np.random.default_rng(seed).uniform(0, 1, len(rows))
        settings = {"max_depth": 4, "eta": 0.1, "nthread": 1, "seed": seed, "objective": "reg:squarederror", **params}
        return train(settings, DMatrix(rows, labels), 40)

    return fit


def test_equal_to_the_last_bit_on_100_000_rows(boosted: Callable[..., Booster]) -> None:
    models: dict[Skill, Booster] = {skill: boosted(seed) for seed, skill in enumerate(SKILLS)}
    rows = _rows(100_000, 1)
    rows[:3] = [[np.nan], [1e30], [-1e30]]
    scores = CompiledModels.of(models, PLACES, FEATURES).predict(rows)
    for column, skill in enumerate(SKILLS):
        assert np.array_equal(scores[:, column], models[skill].inplace_predict(rows))


def test_a_row_alone_scores_as_among_others(boosted: Callable[..., Booster]) -> None:
    compiled = CompiledModels.of({skill: boosted(seed) for seed, skill in enumerate(SKILLS)}, PLACES, FEATURES)
    rows = _rows(200, 2)
    assert np.array_equal(compiled.predict(rows), np.concatenate([compiled.predict(row[None]) for row in rows]))


def test_each_regressor_reads_its_own_columns(boosted: Callable[..., Booster]) -> None:
    models: dict[Skill, Booster] = {"empathy": boosted(1), "resilience": boosted(2)}
    wide = np.hstack([_rows(300, 4), _rows(300, 5)])
    places = {"empathy": range(FEATURES), "resilience": range(2 * FEATURES - 1, FEATURES - 1, -1)}
    scores = CompiledModels.of(models, places, 2 * FEATURES).predict(wide)
    for column, skill in ((0, "empathy"), (3, "resilience")):
        assert np.array_equal(scores[:, column], models[skill].inplace_predict(wide[:, list(places[skill])]))


def test_a_skill_without_a_regressor_is_nan(boosted: Callable[..., Booster]) -> None:
    scores = CompiledModels.of({"resilience": boosted(5)}, PLACES, FEATURES).predict(_rows(4, 3))
    assert np.isnan(scores[:, :3]).all()
    assert np.isfinite(scores[:, 3]).all()
    assert np.isnan(CompiledModels.of({}, PLACES, FEATURES).predict(_rows(4, 3))).all()


@pytest.mark.parametrize("params", [{"booster": "dart"}, {"objective": "reg:logistic"}])
def test_other_models_are_refused(boosted: Callable[..., Booster], params: dict[str, str]) -> None:
    with pytest.raises(BundleError, match="the empathy regressor is no sum of regression trees"):
        CompiledModels.of({"empathy": boosted(1, **params)}, PLACES, FEATURES)
