"""Proficiency in a skill, from 1 to 7, updated after each answer in constant time.

Elo as used for adaptive practice (Pelánek 2016, "Applications of the Elo rating system in adaptive educational
systems"): the chance of a right answer is a logistic curve of ability less difficulty, with a floor for guessing on
four options; after an answer, ability moves by `K * (result - chance)`, with a step that shrinks as answers come in,
`K(n) = 1.8 / (1 + 0.05 n)`. Ability is in logits; 0 is the middle of the scale.
"""

import math
from dataclasses import dataclass

from skillscope.errors import InputError

__all__ = ["GUESSING", "SkillState", "chance_of_right", "proficiency", "update"]

GUESSING = 0.25
STEP = 1.8
DAMPING = 0.05
DIFFICULTIES = {1: -1.2, 2: 0.0, 3: 1.2}
"""Difficulty in logits of a question of level 1, 2, 3."""
BOUND = 6.0


@dataclass(frozen=True)
class SkillState:
    """What is kept for one student and one skill: ability in logits, and how many answers it rests on."""

    ability: float = 0.0
    answers: int = 0


def _difficulty(level: int) -> float:
    try:
        return DIFFICULTIES[level]
    except KeyError:
        raise InputError("difficulty must be 1, 2 or 3", field="difficulty") from None


def chance_of_right(state: SkillState, difficulty: int, *, guessing: float = GUESSING) -> float:
    """The expected chance of a right answer, between `guessing` and 1; 0 guessing for free response.

    Raises:
        InputError: the difficulty is not 1, 2 or 3.
    """
    logistic = 1 / (1 + math.exp(_difficulty(difficulty) - state.ability))
    return guessing + (1 - guessing) * logistic


def update(state: SkillState, difficulty: int, *, right: bool, guessing: float = GUESSING) -> SkillState:
    """The state after one more answer. Raises like `chance_of_right`."""
    step = STEP / (1 + DAMPING * state.answers)
    moved = state.ability + step * (float(right) - chance_of_right(state, difficulty, guessing=guessing))
    return SkillState(min(max(moved, -BOUND), BOUND), state.answers + 1)


def proficiency(state: SkillState) -> float:
    """The state on the scale of the study plans: 1 to 7, one decimal; 4 before any answer."""
    return round(1 + 6 / (1 + math.exp(-state.ability)), 1)
