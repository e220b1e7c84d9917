"""Half-widths, bands and levels that are looked up are those that the definition picks, to the bit."""

from pathlib import Path

import numpy as np
import pytest

from skillscope.modeling.bundle import Bundle
from skillscope.modeling.conformal import GRADE_BANDS, band_of_grades
from skillscope.modeling.evidence import evidence_of
from skillscope.skills import LEVELS, SKILLS
from small_parts import HALF_WIDTHS, train_small_bundle

GRADES = [None, float("nan"), 1, 2, 3.0, np.float64(4), 5, 6, 7, 8, 9, 4.5, 2]


@pytest.fixture(scope="module")
def banded(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle with other half-widths in each band."""
    bundle = train_small_bundle(tmp_path_factory.mktemp("banded") / "skillscope")
    bands = {
        kind: {
            band: {key: width + number / 64 for key, width in widths.items()} for number, band in enumerate(GRADE_BANDS)
        }
        for kind, widths in HALF_WIDTHS.items()
    }
    skills = {
        skill: record.model_copy(update={"half_widths_by_band": bands if skill != SKILLS[1] else {}})
        for skill, record in bundle.record.skills.items()
    }
    return Bundle(Path(), bundle.record.model_copy(update={"skills": skills}), bundle.models, bundle.digest)


def rows(count: int) -> np.ndarray:
    """Rows with text, play, both or neither."""
    chance = np.random.default_rng(3)
    made = chance.uniform(0, 1, (count, 29))
    made[chance.uniform(size=count) < 0.4, :16] = np.nan
    made[chance.uniform(size=count) < 0.4, 16:25] = np.nan
    made[chance.uniform(size=count) < 0.2, 9] = 0
    return made


def test_bands_are_those_of_the_table() -> None:
    expected = ["", "", "", "2-3", "2-3", "4-5", "4-5", "6-8", "6-8", "6-8", "", "", "2-3"]
    assert band_of_grades(GRADES).tolist() == expected
    assert band_of_grades(np.array([2.0, np.nan])).tolist() == ["2-3", ""]
    assert band_of_grades([]).shape == (0,)


def test_intervals_are_those_of_each_rows_evidence_and_band(banded: Bundle) -> None:
    features = rows(len(GRADES) * 8)
    grades = GRADES * 8
    scores = np.random.default_rng(5).uniform(0, 1, (len(features), 4))
    lows, highs = banded.intervals(scores, features, grades=grades)
    for number, (kind, band) in enumerate(zip(evidence_of(features), band_of_grades(grades), strict=True)):
        for column, skill in enumerate(SKILLS):
            by_band = banded.record.skills[skill].half_widths_by_band.get(kind, {})
            plain = banded.record.skills[skill].half_widths[kind]["0.8"]
            widest = max((widths["0.8"] for widths in by_band.values()), default=plain)
            width = by_band[band]["0.8"] if band in by_band else widest
            assert lows[number, column] == max(scores[number, column] - width, 0.0)
            assert highs[number, column] == min(scores[number, column] + width, 1.0)
        alone = banded.intervals(scores[number : number + 1], features[number : number + 1], grades=[grades[number]])
        assert np.array_equal(np.vstack(alone), np.vstack([lows[number], highs[number]]))


def test_no_rows_have_no_intervals(banded: Bundle) -> None:
    lows, highs = banded.intervals(np.empty((0, 4)), np.empty((0, 29)), grades=[])
    assert lows.shape == highs.shape == (0, 4)


@pytest.mark.parametrize("score", [0.0, 0.39, 0.4, 0.41, 0.6, np.nextafter(0.6, 0), 1.0])
def test_levels_are_cut_where_the_bundle_cuts(banded: Bundle, score: float) -> None:
    cut = banded.cut_points[SKILLS[0]]
    assert banded.level(SKILLS[0], score) == LEVELS[int(np.searchsorted(cut, score, side="right"))]
