import json

import numpy as np
import pytest

from skillscope.errors import BundleError, SchemaError
from skillscope.modeling.bundle import Bundle
from skillscope.skills import LEVELS, SKILLS


def rewrite(path, **changes):
    """Change entries of bundle.json."""
    file = path / "bundle.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_copy_is_the_same_bundle(trained, bundle_copy):
    again = Bundle.load(bundle_copy)
    rows = np.random.default_rng(0).normal(size=(50, 29))
    rows[::3, 16:] = np.nan
    assert np.array_equal(again.predict(rows), trained.bundle.predict(rows))
    assert again.version == trained.bundle.version
    assert again.label_source == "simulated"


def test_scores_and_intervals_stay_on_the_scale(trained):
    rows = np.random.default_rng(1).normal(scale=1e6, size=(200, 29))
    scores = trained.bundle.predict(rows)
    low, high = trained.bundle.intervals(scores)
    assert scores.shape == (200, 4)
    assert ((low >= 0) & (low <= scores) & (scores <= high) & (high <= 1)).all()
    wider = trained.bundle.intervals(scores, coverage=0.95)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()
    assert trained.bundle.predict(np.empty((0, 29))).shape == (0, 4)


def test_a_row_of_text_alone_gets_a_wider_interval(trained):
    text = np.ones((1, 29))
    text[:, 16:] = np.nan
    scores = np.full((1, 4), 0.5)
    low, high = trained.bundle.intervals(scores, text)
    full = trained.bundle.intervals(scores, np.ones((1, 29)))
    assert (high - low > 1.3 * (full[1] - full[0])).all()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.ones((2, 28)), r"shape \(n, 29\), not \(2, 28\)"),
        (np.ones(29), "shape"),
        (np.full((1, 29), np.inf), "infinite"),
    ],
)
def test_rows_that_are_none_are_refused(trained, rows, says):
    with pytest.raises(SchemaError, match=says):
        trained.bundle.predict(rows)


def test_a_coverage_that_was_not_calibrated_is_refused(trained):
    with pytest.raises(SchemaError, match=r"coverage must be one of 0\.8, 0\.95, not 0\.5"):
        trained.bundle.intervals(np.zeros((1, 4)), coverage=0.5)


def test_levels_are_read_off_the_cut_points(trained):
    for skill in SKILLS:
        low, high = trained.bundle.cut_points[skill]
        assert 0 < low < high < 1
        found = [trained.bundle.level(skill, score) for score in (0.0, low - 1e-9, low, high - 1e-9, high, 1.0)]
        assert found == [LEVELS[0], LEVELS[0], LEVELS[1], LEVELS[1], LEVELS[2], LEVELS[2]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 0}, "format 0; this version reads format 1: train the bundle again"),
        ({"format": 2, "novelty": 1}, "format 2; this version reads format 1: update Skillscope"),
        ({"feature_schema": "0"}, "trained on feature schema 0, this version measures schema 1"),
        ({"language_pipeline": "en_other-9"}, "trained on features of en_other-9, installed is en_"),
        ({"files": {}}, "does not list the files of its skills"),
        ({"skills": "none"}, r"is damaged \(skills"),
    ],
)
def test_a_bundle_that_does_not_fit_says_why(bundle_copy, changes, says):
    rewrite(bundle_copy, **changes)
    with pytest.raises(BundleError, match=says):
        Bundle.load(bundle_copy)


def test_a_changed_missing_or_foreign_file_is_noticed(bundle_copy):
    card = bundle_copy / "MODEL_CARD.md"
    card.write_text(card.read_text() + "\nApproved.\n")
    with pytest.raises(BundleError, match=r"MODEL_CARD\.md is not the file that bundle\.json describes"):
        Bundle.load(bundle_copy)
    card.unlink()
    with pytest.raises(BundleError, match="is missing from the bundle"):
        Bundle.load(bundle_copy)


def test_bytes_that_are_no_model_are_refused(bundle_copy):
    import hashlib

    file = bundle_copy / "empathy.ubj"
    file.write_bytes(b"nonsense")
    files = json.loads((bundle_copy / "bundle.json").read_text())["files"]
    rewrite(bundle_copy, files=files | {"empathy.ubj": hashlib.sha256(b"nonsense").hexdigest()})
    with pytest.raises(BundleError, match="is no XGBoost model"):
        Bundle.load(bundle_copy)


def test_a_folder_without_a_bundle(tmp_path):
    with pytest.raises(BundleError, match="is no model bundle"):
        Bundle.load(tmp_path)
    (tmp_path / "bundle.json").write_bytes(b"{")
    with pytest.raises(BundleError, match="is damaged"):
        Bundle.load(tmp_path)


def test_the_card_says_first_what_it_is_not(trained):
    card = (trained.bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    first = card.split("\n\n")[1]
    assert first.startswith("**What this is not.**")
    assert "Agreement on synthetic data is not validity" in first
    assert "simulated raters" in first
    assert f"{trained.metrics['empathy']['r2']:.3f}" in card
