"""Students: tertile bands, correlated traits, the same for the same row."""

import numpy as np
import pytest

from skillscope.errors import InputError
from skillscope.simulation.students import TRAIT_CORRELATIONS, draw_student, draw_student_free
from skillscope.skills import GRADES, LEVELS, SKILLS


def test_the_level_fixes_the_third_of_the_target_skill() -> None:
    for row in range(600):
        skill, level = SKILLS[row % 4], LEVELS[row % 3]
        student = draw_student(9, row, skill, level, GRADES[row % 7])
        assert LEVELS.index(level) / 3 < student.trait(skill) < (LEVELS.index(level) + 1) / 3
        assert all(0 < trait < 1 for trait in student.traits)


def test_traits_are_uniform_and_correlate_as_stated() -> None:
    students = [draw_student(1, row, SKILLS[row % 4], LEVELS[row % 3], 5) for row in range(12_000)]
    traits = np.array([student.traits for student in students])
    for column in traits.T:
        assert np.histogram(column, bins=4, range=(0, 1))[0] == pytest.approx([3000] * 4, rel=0.06)
    # Spearman's rho of a bivariate normal: 6 / pi * asin(r / 2). Traits are uniform, so their r is that rho.
    expected = 6 / np.pi * np.arcsin(np.array(TRAIT_CORRELATIONS) / 2)
    assert np.corrcoef(traits.T) == pytest.approx(expected, abs=0.03)


def test_a_row_belongs_to_one_student() -> None:
    one = draw_student(1, 17, "empathy", "high", 4)
    for row in range(5):
        draw_student(1, row, "resilience", "medium", 2)
    assert draw_student(1, 17, "empathy", "high", 4) == one
    assert draw_student(2, 17, "empathy", "high", 4) != one
    assert draw_student(1, 18, "empathy", "high", 4) != one


def test_free_students_come_from_everywhere() -> None:
    students = [draw_student_free(1, row, 6) for row in range(600)]
    assert {(s.skill, s.level) for s in students} == {(skill, level) for skill in SKILLS for level in LEVELS}
    for student in students:
        assert LEVELS[int(student.trait(student.skill) * 3)] == student.level


def test_words_outside_the_vocabulary() -> None:
    with pytest.raises(InputError, match="skill must be one of empathy"):
        draw_student(1, 0, "charm", "high", 4)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InputError, match="level must be one of developing"):
        draw_student(1, 0, "empathy", "low", 4)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InputError, match="grade must be one of 2 to 8, not 9"):
        draw_student_free(1, 0, 9)
