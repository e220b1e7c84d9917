"""Figures against numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillscope.evaluation.metrics import bootstrap_interval, mae, pearson_r, prmse, qwk, r_squared, rmse, smd

HUMAN, MACHINE = [1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 6.0]


def test_errors_by_hand():
    # errors 0, 1, -1, 2: absolute 4 / 4, squared 6 / 4
    assert mae(HUMAN, MACHINE) == 1.0
    assert rmse(HUMAN, MACHINE) == pytest.approx(math.sqrt(1.5))


def test_r_squared_by_hand():
    # squared error 6, squared deviation from 2.5: 2.25 + 0.25 + 0.25 + 2.25 = 5
    assert r_squared(HUMAN, MACHINE) == pytest.approx(1 - 6 / 5)
    assert r_squared(HUMAN, [2.5] * 4) == 0.0


def test_correlation_by_hand():
    # deviations (-1.5, -.5, .5, 1.5) and (-2, 0, -1, 3): products 3 + 0 - .5 + 4.5 = 7; squares 5 and 14
    assert pearson_r(HUMAN, MACHINE) == pytest.approx(7 / math.sqrt(70))


def test_kappa_by_hand():
    # ratings 0 1 2 2 against 0 2 2 1: observed 2 / 4; variances 11/16 each, means equal
    assert qwk([0, 1, 2, 2], [0, 2, 2, 1]) == pytest.approx(1 - 0.5 / (2 * 11 / 16))
    assert qwk([0, 1, 2], [0, 1, 2]) == 1.0
    assert qwk([0, 2], [2, 0]) == -1.0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_kappa_equals_the_weighted_table(pairs):
    human, machine = (np.array(side) for side in zip(*pairs, strict=True))
    weights = np.square(np.subtract.outer(np.arange(4), np.arange(4)))
    observed = np.zeros((4, 4))
    np.add.at(observed, (human, machine), 1)
    expected = np.outer(observed.sum(1), observed.sum(0)) / len(human)
    if not (weights * expected).sum():
        assert math.isnan(qwk(human, machine))
    else:
        assert qwk(human, machine) == pytest.approx(1 - (weights * observed).sum() / (weights * expected).sum())


def test_standardised_difference_by_hand():
    # means 2.5 and 3; human standard deviation sqrt(5 / 3)
    assert smd(HUMAN, MACHINE) == pytest.approx(0.5 / math.sqrt(5 / 3))


def test_prmse_cross_check():
    # variance (n - 1) 7/3, squared error 2/3: 1 - (2/3 - 1/2) / (7/3 - 1/2) = 1 - 1/11
    assert prmse([2, 3, 5], [1, 2, 5], 0.5) == pytest.approx(0.90909, abs=5e-6)


def test_what_is_undefined_is_nan():
    flat = [2.0, 2.0]
    for figure in (r_squared, pearson_r, smd, qwk):
        assert math.isnan(figure(flat, flat))
    assert math.isnan(prmse([2.0, 3.0], [2.0, 3.0], 0.5))


@pytest.mark.parametrize("figure", [mae, rmse, r_squared, pearson_r, qwk, smd])
def test_vectors_that_do_not_fit_are_refused(figure):
    with pytest.raises(ValueError, match="one length"):
        figure([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="at least one"):
        figure([], [])


def test_kappa_refuses_scores_and_prmse_a_negative_variance():
    with pytest.raises(ValueError, match="whole numbers"):
        qwk([0.5], [1.0])
    with pytest.raises(ValueError, match="negative"):
        prmse([1.0, 2.0], [1.0, 2.0], -1.0)


def test_bootstrap_is_repeatable_and_holds_the_value():
    random = np.random.default_rng(1)
    human = random.normal(size=200)
    machine = human + random.normal(size=200)
    first = bootstrap_interval(pearson_r, human, machine, resamples=300)
    assert first == bootstrap_interval(pearson_r, human, machine, resamples=300)
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(1 / math.sqrt(2), abs=0.1)


def test_bootstrap_over_groups_is_wider_when_rows_repeat():
    """Ten children with fifty equal rows each hold no more than ten rows' worth of evidence."""
    random = np.random.default_rng(2)
    human = random.normal(size=10)
    machine = human + random.normal(size=10)
    many = np.repeat(human, 50), np.repeat(machine, 50)
    by_row = bootstrap_interval(mae, *many, resamples=300)
    by_child = bootstrap_interval(mae, *many, groups=np.repeat(np.arange(10), 50), resamples=300)
    assert by_child.high - by_child.low > 4 * (by_row.high - by_row.low)
