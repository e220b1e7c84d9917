"""Fairness figures, against numbers worked out by hand and a general least-squares solution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

from skillscope.evaluation.coverage import coverage_of, coverage_table
from skillscope.evaluation.fairness import csd, dsm, group_figures, osa, osd
from skillscope.evaluation.metrics import as_ratings, degradation, pearson_r, qwk, rating_steps

HUMAN = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
GROUPS = ["a", "a", "a", "b", "b", "b"]


def test_dsm_by_hand():
    # human mean .5, sd .3742; machine = human but .1 lower in group a and .1 higher in b: mean .5, sd^2 = .22 + ...
    machine = [-0.1, 0.1, 0.3, 0.7, 0.9, 1.1]
    deviations = [0.6, 0.4, 0.2, 0.2, 0.4, 0.6]
    spread = math.sqrt(sum(d * d for d in deviations) / 5)
    expected = (0.9 - 0.5) / spread - (0.8 - 0.5) / math.sqrt(0.7 / 5)
    assert dsm(HUMAN, machine, [False] * 3 + [True] * 3) == pytest.approx(expected)
    assert dsm(HUMAN, machine, [True] * 3 + [False] * 3) == pytest.approx(-expected)


def test_dsm_is_nothing_for_a_machine_that_only_shifts_and_stretches():
    machine = [0.1 + 0.5 * score for score in HUMAN]
    assert dsm(HUMAN, machine, [True, False] * 3) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(dsm(HUMAN, [0.5] * 6, [True, False] * 3))
    assert math.isnan(dsm(HUMAN, machine, [False] * 6))


def test_osd_by_hand():
    # errors -.1, -.1, .1 | .1, .3, .1: group means -1/30 and 1/6, grand mean 1/15
    errors = np.array([-0.1, -0.1, 0.1, 0.1, 0.3, 0.1])
    between = 3 * ((-1 / 30 - 1 / 15) ** 2 + (1 / 6 - 1 / 15) ** 2)
    total = float(np.square(errors - 1 / 15).sum())
    found = osd(HUMAN, np.array(HUMAN) + errors, GROUPS)
    assert found.r2 == pytest.approx(1 - ((total - between) / 4) / (total / 5))
    assert found.p == pytest.approx(f_oneway(errors[:3], errors[3:]).pvalue)


def test_osa_is_of_squared_errors():
    errors = np.array([0.1, -0.1, 0.1, 0.3, -0.3, 0.2])
    found = osa(HUMAN, np.array(HUMAN) + errors, GROUPS)
    assert found.p == pytest.approx(f_oneway(errors[:3] ** 2, errors[3:] ** 2).pvalue)
    assert found.r2 > 0.4


def test_csd_forgives_what_the_human_score_explains():
    # A machine that shrinks to the mean errs upwards for the low group, but not at one human score.
    random = np.random.default_rng(0)
    groups = np.repeat(["low", "high"], 500)
    human = np.concatenate([random.normal(0.3, 0.1, 500), random.normal(0.7, 0.1, 500)])
    machine = 0.5 + 0.5 * (human - 0.5) + random.normal(0, 0.05, 1000)
    assert osd(human, machine, groups).r2 > 0.5
    assert abs(csd(human, machine, groups).r2) < 0.01
    unfair = csd(human, machine + 0.1 * (groups == "low"), groups)
    assert unfair.p < 1e-9
    assert unfair.r2 > 0.01


def test_one_group_explains_nothing():
    found = osa(HUMAN, HUMAN[::-1], ["a"] * 6)
    assert math.isnan(found.r2)
    assert math.isnan(found.p)


def test_small_groups_are_flagged_and_kept():
    found = group_figures(HUMAN * 10, HUMAN * 10, ["x"] * 31 + ["y"] * 29)
    assert [(item.group, item.rows, item.few) for item in found] == [("x", 31, False), ("y", 29, True)]
    assert all(item.mae == 0.0 and item.r == pytest.approx(1.0) for item in found)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="three vectors"):
        osd(HUMAN, HUMAN, ["a"])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from("abc")), min_size=1, max_size=40))
def test_any_rows_give_figures_or_nan(rows):
    human, machine, groups = (list(column) for column in zip(*rows, strict=True))
    for figure in (osa, osd, csd):
        found = figure(human, machine, groups)
        assert math.isnan(found.p) or 0.0 <= found.p <= 1.0
    assert sum(item.rows for item in group_figures(human, machine, groups)) == len(rows)


def test_coverage_by_hand():
    assert coverage_of([0.1, 0.5, 0.9], [0.0, 0.6, 0.8], [0.2, 0.8, 0.9]) == pytest.approx((2 / 3, 0.5 / 3))
    table = coverage_table([0.1, 0.5, 0.9, math.nan], [0.0] * 4, [0.5] * 4, ["a", "a", "b", "b"], nominal=0.8)
    assert [(row.group, row.rows, row.covered) for row in table] == [
        ("", 3, pytest.approx(2 / 3)), ("a", 2, 1.0), ("b", 1, 0.0),
    ]  # fmt: skip
    assert table[1].off == pytest.approx(0.2)
    assert math.isnan(coverage_table([math.nan], [0.0], [1.0], ["a"], nominal=0.8)[0].covered)


def test_the_scale_is_read_off_the_scores():
    assert rating_steps([0.0, 0.5, 1.0, 0.5]) == 2
    assert rating_steps([0.0, 1 / 3, 2 / 3]) == 3
    assert rating_steps([0.0, 1.0]) == 1
    assert rating_steps([0.1234, 0.5]) == 10
    assert as_ratings([-0.2, 0.24, 0.26, 1.7], 2).tolist() == [0.0, 0.0, 1.0, 2.0]


def test_degradation_by_hand():
    human, second, machine = [0, 1, 2, 3], [0, 1, 2, 2], [0, 1, 1, 3]
    assert degradation(qwk, human, second, machine) == pytest.approx(qwk(human, machine) - qwk(human, second))
    assert degradation(pearson_r, human, human, human) == pytest.approx(0.0)
    assert degradation(pearson_r, human, human, [3, 2, 1, 0]) == pytest.approx(-2.0)
