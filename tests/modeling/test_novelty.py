"""How far rows lie from the training rows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.modeling.novelty import BEYOND, EXTRAPOLATING, Novelty, NoveltyRecord, fit_novelty

WORDS = FEATURE_NAMES.index("word_count")
TEXT = len(LINGUISTIC)


def made_rows(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    common = np.repeat(random.normal(size=(count, 2)), [TEXT, len(FEATURE_NAMES) - TEXT], axis=1)
    rows = np.exp(0.3 * (0.7 * common + 0.7 * random.normal(size=(count, len(FEATURE_NAMES)))))
    rows[:, :7] *= 0.05
    rows[:, WORDS] *= 40.0
    return rows


@pytest.fixture(scope="module")
def detector() -> Novelty:
    record = fit_novelty(made_rows(1000, 0), np.arange(1000) % 5)
    assert record is not None
    return Novelty(NoveltyRecord.model_validate_json(record.model_dump_json()))


@pytest.mark.parametrize("kept", ["both", "text", "play"])
def test_fresh_rows_are_spread_evenly(detector, kept):
    rows = made_rows(4000, 1)
    if kept == "text":
        rows[:, TEXT:] = math.nan
    elif kept == "play":
        rows[:, :TEXT] = math.nan
    novelty, beyond = detector.measure(rows)
    for share in (0.5, 0.8, EXTRAPOLATING):
        assert (novelty > share).mean() == pytest.approx(1 - share, abs=0.035)
    assert beyond.mean() == pytest.approx(1 - BEYOND, abs=0.004)


def test_what_is_far_is_novel_at_either_end_and_in_combination(detector):
    middle = np.median(made_rows(1000, 0), axis=0)
    rows = np.tile(middle, (4, 1))
    rows[1, WORDS] = 2.0
    rows[2, WORDS] = 300.0
    rows[3, 8], rows[3, 7] = 1.9, 0.55  # each is usual, but the two rise together
    novelty, _ = detector.measure(rows)
    assert novelty[0] < 0.2
    assert (novelty[1:3] == 1.0).all()
    assert novelty[3] > novelty[0] + 0.3


def test_the_furthest_are_beyond(detector):
    rows = np.tile(np.median(made_rows(1000, 0), axis=0), (3, 1))
    rows[1, WORDS] = 95.0
    rows[2, :TEXT] *= 20.0
    novelty, beyond = detector.measure(rows)
    assert beyond.tolist() == [False, False, True]
    assert novelty[1] > novelty[0]


def test_nothing_known_is_as_novel_as_can_be(detector):
    novelty, beyond = detector.measure(np.full((1, len(FEATURE_NAMES)), math.nan))
    assert (novelty.tolist(), beyond.tolist()) == ([1.0], [True])
    assert detector.measure(np.empty((0, len(FEATURE_NAMES))))[0].shape == (0,)


def test_it_says_which_part_is_strange(detector):
    row = np.median(made_rows(1000, 0), axis=0)[None, :].copy()
    row[0, TEXT] = 400.0
    parts = detector.by_part(row)
    assert parts["play"][0] > EXTRAPOLATING > parts["text"][0]


@given(st.lists(st.integers(0, 28), max_size=29), st.integers(0, 1000))
def test_any_set_of_unknown_values_gives_a_figure(blanks, row):
    record = _small()
    features = made_rows(1, row)
    features[:, blanks] = math.nan
    novelty, _ = record.measure(features)
    assert 0.0 <= novelty[0] <= 1.0


_KEPT: list[Novelty] = []


def _small() -> Novelty:
    if not _KEPT:
        record = fit_novelty(made_rows(200, 2), np.arange(200) % 4)
        assert record is not None
        _KEPT.append(Novelty(record))
    return _KEPT[0]


def test_one_row_alone_is_judged_as_among_others(detector):
    rows = made_rows(20, 5)
    rows[::3, 4] = math.nan
    together = detector.measure(rows)[0]
    assert [detector.measure(row[None, :])[0][0] for row in rows] == pytest.approx(together.tolist())


def test_text_alone_can_be_learnt_and_too_little_cannot():
    rows = made_rows(200, 3)
    rows[:, TEXT:] = math.nan
    record = fit_novelty(rows, np.arange(200) % 5)
    assert record is not None
    assert list(record.parts) == ["text"]
    assert fit_novelty(rows[:30], np.arange(30) % 5) is None
