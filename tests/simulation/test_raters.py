"""Simulated raters: their statistics are those of the formulas."""

import numpy as np
import pytest

from skillscope.errors import InputError
from skillscope.simulation.raters import (
    RATER_NOISE,
    noise_ceiling,
    rate_students,
    rate_students_each,
    true_score,
)
from skillscope.simulation.students import SimulatedStudent, draw_student
from skillscope.skills import GRADES, LEVELS, SKILLS

N = 6000


@pytest.fixture(scope="module")
def students() -> list[SimulatedStudent]:
    return [draw_student(4, row, SKILLS[row % 4], LEVELS[row % 3], GRADES[row % 7]) for row in range(N)]


def traits_of(students: list[SimulatedStudent]) -> np.ndarray:
    return np.array([student.traits for student in students])


def test_true_score_by_hand() -> None:
    assert true_score(np.array([0.0, 0.5, 1.0])) == pytest.approx([0.15, 0.5, 0.85])


def test_scores_are_in_range_with_four_decimals(students: list[SimulatedStudent]) -> None:
    scores = rate_students(students, 4, range(N))
    assert scores.shape == (N, 4)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert np.array_equal(scores, np.round(scores, 4))


def test_order_and_batch_change_nothing(students: list[SimulatedStudent]) -> None:
    scores = rate_students(students, 4, range(N))
    some = [4000, 7, 90]
    assert np.array_equal(rate_students([students[row] for row in some], 4, some), scores[some])


@pytest.mark.parametrize("raters", [1, 3, 5])
def test_errors_average_out_as_the_formula_says(students: list[SimulatedStudent], raters: int) -> None:
    error = rate_students(students, 4, range(N), raters=raters) - true_score(traits_of(students))
    for place, skill in enumerate(SKILLS):
        assert error[:, place].std() == pytest.approx(RATER_NOISE[skill] / raters**0.5, rel=0.05)
        assert abs(error[:, place].mean()) < 0.005


def test_nobody_beats_the_ceiling_and_omniscience_reaches_it(students: list[SimulatedStudent]) -> None:
    scores = rate_students(students, 4, range(N))
    residual = scores - true_score(traits_of(students))
    reached = 1 - residual.var(axis=0) / scores.var(axis=0)
    assert reached == pytest.approx(list(noise_ceiling().values()), abs=0.004)
    # 0.7^2 / 12 = 0.0408333; 0.05^2 / 3 = 0.00083333; 0.0408333 / 0.0416667 = 0.98
    assert noise_ceiling()["empathy"] == pytest.approx(0.98)
    assert noise_ceiling(raters=1)["empathy"] == pytest.approx(0.0408333 / 0.0433333, abs=1e-6)


def test_raters_differ_in_severity(students: list[SimulatedStudent]) -> None:
    each = rate_students_each(students, 4, range(N))
    means = each.mean(axis=1)
    assert each.shape == (3, N, 4)
    assert np.ptp(means, axis=0).max() > 0.01
    assert means.mean(axis=0) == pytest.approx([0.5] * 4, abs=0.01)


def test_levels_are_well_apart(students: list[SimulatedStudent]) -> None:
    scores = rate_students(students, 4, range(N))
    for place, skill in enumerate(SKILLS):
        means = [
            np.mean([scores[row, place] for row, s in enumerate(students) if s.skill == skill and s.level == level])
            for level in LEVELS
        ]
        assert means[1] - means[0] > 0.15
        assert means[2] - means[1] > 0.15


def test_bad_requests(students: list[SimulatedStudent]) -> None:
    with pytest.raises(InputError, match="at least 1 rater is needed, not 0"):
        rate_students(students[:1], 1, [0], raters=0)
    with pytest.raises(InputError, match="1 students need as many row numbers, not 2"):
        rate_students(students[:1], 1, [0, 1])
