"""Intervals hold on scenarios that no model has seen, and novelty tells such rows from far ones."""

import numpy as np
import pytest

from skillscope.datasets.contract import scenario_of
from skillscope.datasets.io import read_dataset
from skillscope.datasets.pipeline import generate_training_data
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.judging import judge
from skillscope.modeling.training import train_models
from skillscope.skills import SCORE_COLUMNS


@pytest.fixture(scope="module")
def unseen(tmp_path_factory, quick, home):
    """A model of two thirds of the scenarios, and fresh students of the other third."""
    folder = tmp_path_factory.mktemp("unseen")
    generate_training_data(420, folder / "all.csv", seed=11)
    generate_training_data(420, folder / "fresh.csv", seed=12)
    frame = read_dataset(folder / "all.csv")
    names = sorted({scenario_of(source) for source in frame["source"]})
    held = set(names[::3])
    kept = frame[[scenario_of(source) not in held for source in frame["source"]]]
    kept.to_csv(folder / "training.csv", index=False)
    bundle = train_models(
        folder / "training.csv", folder / "models", params=quick, register=False, settings=home
    ).bundle
    fresh = read_dataset(folder / "fresh.csv")
    return bundle, fresh[[scenario_of(source) in held for source in fresh["source"]]]


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_fresh_students_of_unseen_scenarios_lie_inside(unseen, coverage):
    bundle, frame = unseen
    scores = frame[list(SCORE_COLUMNS)].to_numpy(dtype=float)
    judged = judge(
        bundle,
        frame[list(FEATURE_NAMES)].to_numpy(dtype=float),
        grades=frame["grade"].to_numpy(float),
        coverage=coverage,
    )
    inside = (judged.lows <= scores) & (scores <= judged.highs)
    # 140 students, and widths from some 90 a band: a few points either way are chance
    assert inside.mean() == pytest.approx(coverage, abs=0.06)
    assert judged.extrapolating.mean() < 0.1
    assert judged.beyond.mean() < 0.03


def test_a_row_far_from_training_is_not_given_a_narrow_interval(unseen):
    bundle, frame = unseen
    rows = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)[:20].copy()
    text_alone = np.full_like(rows, np.nan)
    text_alone[:, :16] = rows[:, :16]
    text_alone[:, 9] = 3.0  # three words, of which there are two nouns
    text_alone[:, 12] = 2.0
    judged = judge(bundle, text_alone, grades=[4] * 20)
    assert judged.extrapolating.all()
    usual = bundle.record.skills["empathy"].usual_range["0.8"]
    assert (judged.lows[:, 0] <= usual[0]).all()
    assert (judged.highs[:, 0] >= usual[1]).all()
