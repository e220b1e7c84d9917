"""Rows that SMOTE makes, and rows pooled as a student's are."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.datasets.io import read_dataset
from skillscope.features import FEATURE_NAMES, FEATURES, LINGUISTIC, StoredRow, aggregate, derive
from skillscope.modeling.augment import augment, targets
from skillscope.modeling.pooling import POOLED_FROM, pooled_copies
from skillscope.modeling.samples import Rows

COUNTS = [number for number, item in enumerate(FEATURES) if item.unit == "count"]
WORDS = FEATURE_NAMES.index("word_count")


@pytest.fixture(scope="module")
def rows(training_set) -> Rows:
    frame = read_dataset(training_set)
    features = frame[list(FEATURE_NAMES)].to_numpy(dtype=float)
    strata = (frame["skill"] + "/" + frame["skill_level"]).to_numpy(dtype=str)
    return Rows(features, frame["empathy_score"].to_numpy(dtype=float), np.ones(len(frame)), strata)


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.none() | st.integers(1, 200))
def test_no_stratum_shrinks_and_all_reach_the_goal(names, to):
    strata = np.array(names)
    wanted = targets(strata, to)
    counts = {name: names.count(name) for name in set(names)}
    goal = max(counts.values()) if to is None else -(-to // len(counts))
    for name, count in counts.items():
        assert wanted[name] == (max(count, goal) if count > 1 else count)


def test_every_stratum_gets_its_share(rows):
    grown = augment(rows, to=1200, seed=1)
    assert np.array_equal(grown.features[: len(rows)], rows.features)
    assert dict(zip(*np.unique(grown.strata, return_counts=True), strict=True)) == dict.fromkeys(set(rows.strata), 100)
    uneven = rows.take(np.flatnonzero((rows.strata != rows.strata[0]) | (np.arange(len(rows)) < 60)))
    assert len(set(np.unique(augment(uneven, seed=1).strata, return_counts=True)[1])) == 1


def test_made_rows_are_rows_that_could_be(rows):
    made = augment(rows, to=1200, seed=1).features[len(rows) :]
    assert np.array_equal(made[:, COUNTS], np.rint(made[:, COUNTS]))
    assert np.allclose(made[:, 25:], derive(made[:, :16], made[:, 16:25]), rtol=0, atol=1e-12, equal_nan=True)
    for column, item in enumerate(FEATURES):
        values = made[np.isfinite(made[:, column]), column]
        assert item.low is None or (values >= item.low).all(), item.name
        assert item.high is None or (values <= item.high).all(), item.name
    assert (made[:, FEATURE_NAMES.index("unique_word_count")] <= made[:, WORDS]).all()


def test_a_made_label_lies_between_those_of_its_stratum(rows):
    grown = augment(rows, to=1200, seed=1)
    for name in set(rows.strata):
        own = rows.scores[rows.strata == name]
        made = grown.scores[len(rows) :][grown.strata[len(rows) :] == name]
        assert own.min() - 1e-9 <= made.min()
        assert made.max() <= own.max() + 1e-9
        assert made.std() > 0.0


def test_the_same_seed_makes_the_same_rows(rows):
    one, two, other = (augment(rows, to=600, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.features, two.features, equal_nan=True)
    assert not np.array_equal(one.features, other.features, equal_nan=True)


def test_what_is_missing_is_carried_along(rows):
    features = rows.features.copy()
    features[:, 3] = np.where(np.arange(len(rows)) % 2, 0.25, np.nan)  # known values are all alike
    features[:, 16:] = np.nan
    grown = augment(Rows(features, rows.scores, rows.weights, rows.strata), to=1200, seed=1)
    made = grown.features[len(rows) :]
    known = np.isfinite(made[:, 3])
    assert 0.2 < known.mean() < 0.8
    assert np.allclose(made[known, 3], 0.25, rtol=0, atol=1e-9)
    assert np.isnan(made[:, 16:]).all()
    assert np.isfinite(made[:, WORDS]).all()


def test_weights_are_carried_and_small_strata_are_dealt_with(rows):
    strata = np.array(["a"] * (len(rows) - 3) + ["b"] * 2 + ["c"])
    weights = np.where(strata == "b", 4.0, 0.5)
    grown = augment(Rows(rows.features, rows.scores, weights, strata), seed=1)
    names, counts = np.unique(grown.strata, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"a": len(rows) - 3, "b": len(rows) - 3, "c": 1}
    assert np.allclose(grown.weights[grown.strata == "b"], 4.0)
    alone = augment(Rows(rows.features, rows.scores, weights, np.full(len(rows), "one")), to=300, seed=1)
    assert len(alone) == 300


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_pooled_row_is_what_the_aggregator_makes_of_its_rows(seed):
    """Ten students of one label each: what is pooled is known, and must equal what serving would compute."""
    random = np.random.default_rng(seed)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    features = random.uniform(0.0, 1.0, (40, 29))
    features[:, WORDS] = random.integers(1, 60, 40)
    features[random.uniform(size=features.shape) < 0.1] = np.nan
    features[:, WORDS] = np.nan_to_num(features[:, WORDS])
    labels = np.repeat([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]], 10, axis=0)
    rows = Rows(features, labels[:, 0], np.ones(40), np.repeat(list("abcd"), 10))
    pooled = pooled_copies(rows, labels, share=1.0, seed=1)
    tens = pooled.take(np.arange(len(pooled)) >= -(-40 // len(POOLED_FROM)))
    for number in range(len(tens)):
        block = "abcd".index(tens.strata[number]) * 10
        group = features[block : block + 10]
        said = [StoredRow(at - timedelta(days=day), row[: len(LINGUISTIC)]) for day, row in enumerate(group)]
        done = [StoredRow(at - timedelta(days=day), row[len(LINGUISTIC) : 25]) for day, row in enumerate(group)]
        wanted = aggregate(said, done, at=at)
        assert np.allclose(tens.features[number], wanted, rtol=1e-12, atol=1e-12, equal_nan=True)
        assert tens.scores[number] == pytest.approx(labels[block, 0])


def test_pooling_needs_rows_with_all_labels(rows):
    labels = np.column_stack([rows.scores, np.full(len(rows), np.nan)])
    assert len(pooled_copies(rows, labels, share=0.5, seed=1)) == 0
    assert len(pooled_copies(rows, labels[:, :1], share=0.5, seed=1)) == len(rows) // 2
    assert len(pooled_copies(rows, labels[:, :1], share=0.0, seed=1)) == 0
    wide = Rows(np.hstack([rows.features, np.full((len(rows), 2), np.nan)]), rows.scores, rows.weights, rows.strata)
    assert np.isnan(pooled_copies(wide, labels[:, :1], share=0.5, seed=1).features[:, 29:]).all()
