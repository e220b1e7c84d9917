"""Simulated students: a grade, a target skill with a level, and latent traits over the four skills."""

from dataclasses import dataclass
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Final

import numpy as np

from skillscope.errors import InputError
from skillscope.simulation.seeds import row_random
from skillscope.skills import GRADES, LEVELS, SKILLS, Level, Skill

__all__ = ["TRAIT_CORRELATIONS", "SimulatedStudent", "draw_student", "draw_student_free"]

TRAIT_CORRELATIONS: Final[tuple[tuple[float, ...], ...]] = (
    (1.00, 0.30, 0.40, 0.35),
    (0.30, 1.00, 0.40, 0.40),
    (0.40, 0.40, 1.00, 0.45),
    (0.35, 0.40, 0.45, 1.00),
)
"""Of the normal variables behind the traits, in the order of `SKILLS`. Moderate and positive, as social and emotional
skills are in surveys (OECD Survey on Social and Emotional Skills, 2021: .2 to .5)."""

_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class SimulatedStudent:
    """One student; `traits` are in [0, 1] in the order of `SKILLS`, each uniform over the population."""

    skill: Skill
    level: Level
    grade: int
    traits: tuple[float, float, float, float]

    def trait(self, skill: Skill) -> float:
        """The latent trait of that skill, in [0, 1]."""
        return self.traits[SKILLS.index(skill)]


@cache
def _factor(first: int) -> tuple[tuple[int, ...], tuple[tuple[float, ...], ...]]:
    """Skill order with `first` in front, and the Cholesky factor of the correlations in that order."""
    order = (first, *(index for index in range(len(SKILLS)) if index != first))
    matrix = np.array(TRAIT_CORRELATIONS)[np.ix_(order, order)]
    return order, tuple(tuple(map(float, row)) for row in np.linalg.cholesky(matrix))


def _open_unit(random: Random) -> float:
    return (int(random.random() * 2**52) + 0.5) * 2.0**-52


def _traits(random: Random, first: int, quantile: float) -> tuple[float, float, float, float]:
    """Traits whose `first` skill stands at `quantile` of the population; the others are drawn given it."""
    order, factor = _factor(first)
    sources = [_NORMAL.inv_cdf(quantile)] + [_NORMAL.inv_cdf(_open_unit(random)) for _ in order[1:]]
    traits = [0.0] * len(SKILLS)
    traits[first] = quantile
    for place, skill in enumerate(order[1:], start=1):
        weights = factor[place]
        traits[skill] = _NORMAL.cdf(sum(w * x for w, x in zip(weights[: place + 1], sources, strict=False)))
    return (traits[0], traits[1], traits[2], traits[3])


def _check_grade(grade: int) -> None:
    if grade not in GRADES:
        raise InputError(f"grade must be one of {GRADES[0]} to {GRADES[-1]}, not {grade}", field="grade")


def draw_student(seed: int, row: int, skill: Skill, level: Level, grade: int) -> SimulatedStudent:
    """The simulated student of a row.

    Traits come from a correlated normal, each put on [0, 1] by its cumulative distribution; the level fixes the
    tertile in which the target skill's trait lies (`developing` the lowest third, and so on).

    Raises:
        InputError: skill, level or grade is not in the vocabulary.
    """
    if skill not in SKILLS:
        raise InputError(f"skill must be one of {', '.join(SKILLS)}", field="skill")
    if level not in LEVELS:
        raise InputError(f"level must be one of {', '.join(LEVELS)}", field="skill_level")
    _check_grade(grade)
    random = row_random(seed, "student", row)
    quantile = (LEVELS.index(level) + _open_unit(random)) / len(LEVELS)
    return SimulatedStudent(skill, level, grade, _traits(random, SKILLS.index(skill), quantile))


def draw_student_free(seed: int, row: int, grade: int) -> SimulatedStudent:
    """A student whose level nobody fixed, for a demo class: drawn from the whole population.

    The target skill is drawn too, and the level is read off the trait.

    Raises:
        InputError: the grade is not in the vocabulary.
    """
    _check_grade(grade)
    random = row_random(seed, "free-student", row)
    first = random.randrange(len(SKILLS))
    quantile = _open_unit(random)
    level = LEVELS[min(int(quantile * len(LEVELS)), len(LEVELS) - 1)]
    return SimulatedStudent(SKILLS[first], level, grade, _traits(random, first, quantile))
