"""Agreement between raters, against published worked examples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skillscope.errors import InputError
from skillscope.labeling.agreement import agreement_between, krippendorff_alpha
from skillscope.skills import SKILLS

_ = math.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, example C: four observers, twelve units
FOUR = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
# the same paper: A, two observers of binary data; B, two observers of five names
BINARY = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
NAMES = [[1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1], [2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4]]
# the worked example of the encyclopaedia article: three coders, fifteen units, most of them missing
THREE = [
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
]


@pytest.mark.parametrize(
    ("table", "metric", "published"),
    [
        (FOUR, "nominal", 0.743),
        (FOUR, "ordinal", 0.815),
        (FOUR, "interval", 0.849),
        (FOUR, "ratio", 0.797),
        (BINARY, "nominal", 0.095),
        (NAMES, "nominal", 0.692),
        (THREE, "nominal", 0.691),
        (THREE, "interval", 0.811),
    ],
)
def test_alpha_is_the_published_one(table: list[list[float]], metric: str, published: float) -> None:
    assert krippendorff_alpha(table, metric) == pytest.approx(published, abs=5e-4)  # type: ignore[arg-type]  # a parameter


def test_alpha_is_one_in_agreement_and_undefined_without_spread_or_pairs() -> None:
    assert krippendorff_alpha([[0.1, 0.5, 0.9], [0.1, 0.5, 0.9]]) == pytest.approx(1.0)
    assert math.isnan(krippendorff_alpha([[0.5, 0.5], [0.5, 0.5]]))
    assert math.isnan(krippendorff_alpha([[0.1, _], [_, 0.9]]))
    with pytest.raises(InputError, match="table"):
        krippendorff_alpha([0.1, 0.2])


@given(arrays(np.float64, (3, 6), elements=st.sampled_from([0.1, 0.4, 0.7, 1.0, math.nan])))
def test_alpha_knows_no_order_of_raters_or_units(table: np.ndarray) -> None:
    alpha = krippendorff_alpha(table)
    turned = krippendorff_alpha(table[::-1, ::-1])
    assert (math.isnan(alpha) and math.isnan(turned)) or alpha == pytest.approx(turned)


def test_agreement_of_two_raters_worked_out_by_hand() -> None:
    scores = np.zeros((4, 2, 4))
    scores[:, 0, :] = np.array([0.2, 0.4, 0.6, 0.8])[:, None]
    scores[:, 1, :] = np.array([0.2, 0.4, 0.6, 0.6])[:, None]
    empathy = agreement_between(scores, resamples=200)[0]
    assert empathy.skill == SKILLS[0]
    # deviations of rater 1: -.3 -.1 .1 .3; of rater 2: -.25 -.05 .15 .15 -> r = .14 / sqrt(.20 * .11)
    assert empathy.r.value == pytest.approx(0.14 / math.sqrt(0.20 * 0.11))
    # observed (.2^2)/4 = .01; expected .05 + .0275 + .05^2 = .08
    assert empathy.qwk.value == pytest.approx(1 - 0.01 / 0.08)
    # alpha: mean squared difference .01 within pairs, against 2 x the variance (n - 1) of all eight, .3150/7
    values = np.array([0.2, 0.4, 0.6, 0.8, 0.2, 0.4, 0.6, 0.6])
    assert empathy.alpha.value == pytest.approx(1 - 0.01 / (2 * values.var(ddof=1)))
    assert empathy.alpha.low <= empathy.alpha.value <= empathy.alpha.high
    assert agreement_between(scores, resamples=200)[0] == empathy


def test_agreement_needs_two_raters_and_four_skills() -> None:
    with pytest.raises(InputError, match="two raters"):
        agreement_between(np.zeros((5, 1, 4)))
    with pytest.raises(InputError, match="two raters"):
        agreement_between(np.zeros((5, 2, 3)))
