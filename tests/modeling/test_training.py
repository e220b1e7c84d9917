import numpy as np
import pandas as pd
import pytest

from skillscope.datasets.contract import COLUMNS
from skillscope.datasets.io import read_dataset, write_frame
from skillscope.datasets.manifest import file_sha256, manifest_path, read_manifest, write_manifest
from skillscope.errors import BundleError, FileError, SchemaError
from skillscope.features.schema import FEATURE_NAMES
from skillscope.modeling.baselines import held_out_baselines, tfidf_ridge
from skillscope.modeling.crossval import cross_validate
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Samples
from skillscope.modeling.training import train_models
from skillscope.skills import SKILLS


def test_held_out_figures_beat_what_knows_nothing(trained):
    for skill in SKILLS:
        item = trained.bundle.record.skills[skill]
        assert item.metrics["r2"] > 0.5
        assert item.metrics["r2"] > max(base["r2"] for base in item.baselines.values()) + 0.1
        assert abs(item.baselines["mean"]["r2"]) < 0.1
        assert item.metrics["r2"] < item.noise_ceiling
        assert item.intervals["r2"][0] < item.metrics["r2"] < item.intervals["r2"][1]
        assert item.metrics_by_evidence["text"]["r2"] > 0.0
        for key, share in item.measured_coverage["both"].items():
            assert share == pytest.approx(float(key), abs=0.06)
        assert sum(item.importance.values()) > 0
        assert set(item.importance) == set(FEATURE_NAMES)


def test_the_same_data_and_seed_give_the_same_bytes(trained, training_set, quick, home, tmp_path):
    train_models(training_set, tmp_path, params=quick, settings=home, register=False)
    for file in trained.bundle.path.iterdir():
        assert (tmp_path / "skillscope" / file.name).read_bytes() == file.read_bytes(), file.name


def test_threads_change_nothing_and_no_scenario_is_split(training_set, quick):
    frame = read_dataset(training_set)
    rows, scores = frame[list(FEATURE_NAMES)].to_numpy(), frame[["empathy_score"]].to_numpy()
    groups = np.unique(frame["source"].to_numpy(dtype=str), return_inverse=True)[1]
    folds = groups % 3
    recipe = Recipe(params=quick, seed=1)
    samples = Samples.plain(rows, scores, folds, groups)
    one, two = (cross_validate(samples, recipe, threads=threads)[0] for threads in (1, 2))
    assert np.array_equal(one.whole, two.whole)
    assert len(one.trees) == 3
    changed = scores.copy()
    changed[folds == 0] = 0.0  # what a fold's own labels are must not reach its predictions
    again = cross_validate(Samples.plain(rows, changed, folds, groups), recipe)[0]
    assert np.array_equal(again.whole[folds == 0], one.whole[folds == 0])


def test_a_skill_without_labels_gets_no_model(training_set, quick, home, tmp_path):
    frame = read_dataset(training_set)
    frame["resilience_score"] = np.nan
    frame.loc[:99, "empathy_score"] = np.nan
    write_frame(frame, tmp_path / "some.csv", COLUMNS)
    result = train_models(tmp_path / "some.csv", tmp_path, params=quick, settings=home, register=False)
    assert result.notes == ["no model for resilience: 0 labelled rows, at least 40 are needed"]
    assert result.bundle.record.skills["empathy"].rows == 68
    scores = result.bundle.predict(np.ones((2, 29)))
    assert np.isnan(scores[:, 3]).all()
    assert np.isfinite(scores[:, :3]).all()
    assert result.bundle.label_source == "unknown"


def test_rows_without_telemetry_train_too(training_set, quick, home, tmp_path):
    frame = read_dataset(training_set)
    frame[list(FEATURE_NAMES[16:])] = np.nan
    frame["source"] = "human:" + frame["source"].str.partition(":")[2]
    write_frame(frame, tmp_path / "text.csv", COLUMNS)
    result = train_models(tmp_path / "text.csv", tmp_path, params=quick, settings=home, register=False)
    assert result.bundle.label_source == "human"
    item = result.bundle.record.skills["empathy"]
    assert set(item.metrics_by_evidence) == {"text"}
    assert item.half_widths["both"] == {"0.8": 1.0, "0.95": 1.0}


def test_too_few_labels_or_scenarios_are_an_error(training_set, quick, home, tmp_path):
    frame = read_dataset(training_set)
    frame.loc[10:, [f"{skill}_score" for skill in SKILLS]] = np.nan
    write_frame(frame, tmp_path / "few.csv", COLUMNS)
    with pytest.raises(SchemaError, match=r"too few labels to train on \(empathy_score: 10"):
        train_models(tmp_path / "few.csv", tmp_path / "models", params=quick, settings=home)
    write_frame(read_dataset(training_set).assign(source="template:one"), tmp_path / "one.csv", COLUMNS)
    with pytest.raises(SchemaError, match="all rows are of one scenario"):
        train_models(tmp_path / "one.csv", tmp_path / "models", params=quick, settings=home)
    with pytest.raises(FileError, match="does not exist"):
        train_models(tmp_path / "none.csv", tmp_path / "models", params=quick, settings=home)
    assert not (tmp_path / "models").exists()


def test_features_of_another_language_pipeline_are_refused(training_set, quick, home, tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(training_set.read_bytes())
    manifest = read_manifest(training_set)
    old = manifest.versions.model_copy(update={"language_pipeline": "en_old-0"})
    write_manifest(manifest.model_copy(update={"versions": old}), path)
    with pytest.raises(BundleError, match="holds features of en_old-0"):
        train_models(path, tmp_path / "models", params=quick, settings=home)
    assert manifest_path(path).exists()
    assert file_sha256(path) == manifest.sha256


def test_the_level_baseline_by_hand():
    frame = pd.DataFrame(
        {
            "response": ["a b", "a c", "d e", "a b", "d c"],
            "skill": ["empathy"] * 5,
            "skill_level": ["high", "high", "developing", "high", "medium"],
            "word_count": [2.0, 2.0, 2.0, 2.0, 2.0],
        }
    )
    scores = np.array([[0.9], [0.7], [0.2], [0.5], [0.4]])
    out = held_out_baselines(frame, scores, np.array([0, 0, 0, 1, 1]))
    assert out["mean"][3:, 0] == pytest.approx([0.6, 0.6])
    assert out["level"][3:, 0] == pytest.approx([0.8, 0.6])  # no medium row to learn from: the mean
    assert out["length"][3:, 0] == pytest.approx([0.6, 0.6])


def test_the_text_baseline_reads_the_words():
    train = ["good kind help"] * 20 + ["bad mean hit"] * 20
    scores = np.array([[0.9, np.nan]] * 20 + [[0.1, np.nan]] * 20)
    out = tfidf_ridge(train, scores, ["kind help", "mean hit"])
    assert out[0, 0] > 0.7
    assert out[1, 0] < 0.3
    assert np.isnan(out[:, 1]).all()
