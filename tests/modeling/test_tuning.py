"""The choice of parameters inside training folds, and runs with everything switched on."""

from dataclasses import replace

import numpy as np
import pytest

from skillscope.datasets.combine import combine_datasets
from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.crossval import cross_validate
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Rows, Samples
from skillscope.modeling.shuffled import R2_AT_MOST, Shuffled, train_shuffled
from skillscope.modeling.tracking import mlflow_client
from skillscope.modeling.training import train_models
from skillscope.modeling.tuning import tune
from skillscope.skills import SKILLS


@pytest.fixture(scope="module")
def one_skill(training_set, tmp_path_factory):
    """The training set with the labels of one skill alone: a quarter of the work."""
    frame = read_dataset(training_set)
    frame[[f"{skill}_score" for skill in SKILLS[1:]]] = np.nan
    path = tmp_path_factory.mktemp("one") / "one.csv"
    write_frame(frame, path, COLUMNS)
    return path


def _samples(training_set) -> Samples:
    frame = read_dataset(training_set)
    groups = np.unique(frame["source"].to_numpy(dtype=str), return_inverse=True)[1]
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)
    return Samples.plain(features, frame[["empathy_score"]].to_numpy(dtype=float), groups % 4, groups)


def test_a_search_repeats_itself_and_ends_with_nothing_worse(training_set, quick):
    samples = _samples(training_set)
    rows = Rows(samples.features, samples.scores[:, 0], samples.weights, samples.strata)
    recipe = Recipe(params=quick, trials=4)
    found = tune(rows, samples.folds, recipe, rows.take, seed=5)
    assert tune(rows, samples.folds, recipe, rows.take, seed=5) == found
    given_alone = tune(rows, samples.folds, replace(recipe, trials=1), rows.take, seed=5)
    assert given_alone.params == replace(quick, reg_alpha=0.001)  # the search has no 0 on a logarithmic scale
    assert found.error <= given_alone.error
    assert set(found.chosen) < set(quick.as_dict())
    assert found.trees >= 1
    assert found.params.max_trees == quick.max_trees


def test_nothing_of_a_fold_reaches_its_predictions(training_set, quick):
    """Labels of the test fold are changed: families, SMOTE, copies, tuning and stopping must not notice."""
    samples = _samples(training_set)
    recipe = Recipe(params=quick, smote=True, augment_to=400, trials=2, seed=3)
    before = cross_validate(samples, recipe)[0].whole
    scores = samples.scores.copy()
    scores[samples.folds == 2] = 1.0 - scores[samples.folds == 2]
    after = cross_validate(replace(samples, scores=scores), recipe)[0].whole
    assert np.array_equal(before[samples.folds == 2], after[samples.folds == 2])
    assert not np.array_equal(before[samples.folds == 1], after[samples.folds == 1])


def test_with_everything_on_the_same_data_give_the_same_bytes(one_skill, quick, home, tmp_path):
    recipe = Recipe(params=quick, smote=True, augment_to=300, trials=2)
    one, two = (
        train_models(one_skill, tmp_path / name, recipe=recipe, settings=replace_workers(home, workers), register=False)
        for name, workers in (("a", 1), ("b", 2))
    )
    for file in one.bundle.path.rglob("*"):
        assert (two.bundle.path / file.relative_to(one.bundle.path)).read_bytes() == file.read_bytes(), file.name
    record = one.bundle.record
    assert record.params["trials"] == 2
    assert record.params["augment_to"] == 300
    assert set(record.skills["empathy"].tuned) == {
        "learning_rate", "max_depth", "min_child_weight", "subsample", "colsample_bytree", "reg_lambda", "reg_alpha"
    }  # fmt: skip
    assert record.skills["empathy"].metrics["r2"] > 0.5


def replace_workers(home, workers):
    return home.model_copy(update={"workers": workers})


def test_labels_of_a_mixed_set_are_weighed_and_recorded(one_skill, quick, home, tmp_path):
    frame = read_dataset(one_skill)
    rated = frame[100:].assign(source="human:" + frame["source"].str.partition(":")[2])
    write_frame(frame[:100], tmp_path / "made.csv", COLUMNS)
    write_frame(rated, tmp_path / "rated.csv", COLUMNS)
    combine_datasets(tmp_path / "made.csv", tmp_path / "rated.csv", tmp_path / "mixed.csv")
    bundles = [
        train_models(
            tmp_path / "mixed.csv", tmp_path / name, recipe=Recipe(params=quick, weights=weights), settings=home,
            register=False,
        ).bundle
        for name, weights in (("a", {"human": 1.0, "unknown": 0.25}), ("b", {"human": 1.0, "unknown": 1.0}))
    ]  # fmt: skip
    assert bundles[0].label_source == "human+unknown"
    weights = bundles[0].record.trained_on["label_weights"]
    assert weights["human"] / weights["unknown"] == pytest.approx(4.0, rel=1e-5)
    assert weights["human"] * 68 + weights["unknown"] * 100 == pytest.approx(168, rel=1e-5)
    rows = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)
    assert not np.array_equal(bundles[0].predict(rows)[:, 0], bundles[1].predict(rows)[:, 0])


def test_shuffled_labels_cannot_be_learnt(training_set, quick, home):
    found = train_shuffled(training_set, Recipe(params=quick), settings=home)
    assert set(found.r2) == set(SKILLS)
    assert max(found.r2.values()) <= R2_AT_MOST
    assert found.passed
    assert "as it must be" in found.text()
    logged = mlflow_client(home).get_run(found.run_id).data
    assert logged.tags["skillscope.kind"] == "shuffled-labels"
    assert logged.metrics["empathy_r2"] == found.r2["empathy"]
    assert logged.metrics["empathy_noise_ceiling"] == pytest.approx(0.98, abs=0.001)
    assert not Shuffled({"empathy": 0.03}).passed
    assert "something leaks" in Shuffled({"empathy": 0.03}).text()


def test_the_card_says_how_the_rows_were_learnt(one_skill, quick, home, tmp_path):
    recipe = Recipe(params=quick, augment_to=300, smote=True, trials=1)
    made = train_models(one_skill, tmp_path, recipe=recipe, hold_out="scenario", settings=home, register=False)
    card = (made.bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "## How well, on scenarios held out whole" in card
    assert "SMOTE within skill and level, up to 300 rows, in training folds alone" in card
    assert "parameters chosen among 1 in every training fold anew; on all rows empathy: " in card
    assert "50% of the rows also pooled" in card
