"""Simulated raters: they know the student's trait, are severe or mild, and err."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import InputError
from skillscope.simulation.seeds import normals, row_key, row_keys
from skillscope.simulation.students import SimulatedStudent
from skillscope.skills import SKILLS, Skill

__all__ = ["RATER_NOISE", "RATER_SEVERITY", "noise_ceiling", "rate_students", "rate_students_each", "true_score"]

LOWEST: Final = 0.15
"""The score of the weakest student there is; the strongest has `1 - LOWEST`. Raters seldom use the ends of a scale."""

RATER_SEVERITY: Final = 0.02
"""Standard deviation between raters of how mild they are; severities of a panel are centred, so they cancel."""

RATER_NOISE: Final[dict[Skill, float]] = {
    "empathy": 0.05,
    "problem_solving": 0.045,
    "self_regulation": 0.05,
    "resilience": 0.055,
}
"""Standard deviation of one rater's error, by skill. Three raters: standard error 0.026 to 0.032."""

_UNIFORM_VARIANCE: Final = 1.0 / 12.0


def _check_raters(raters: int) -> None:
    if raters < 1:
        raise InputError(f"at least 1 rater is needed, not {raters}", field="raters")


def true_score(traits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score that a rater without error would give: `LOWEST + (1 - 2 LOWEST) trait`."""
    return LOWEST + (1.0 - 2.0 * LOWEST) * traits


def _severities(seed: int, raters: int) -> NDArray[np.float64]:
    """How much each rater adds for each skill, shape (raters, 4), centred over raters."""
    keys = np.array([row_key(seed, "rater", rater) for rater in range(raters)], dtype=np.uint64)
    severities = RATER_SEVERITY * normals(keys, 0, len(SKILLS))
    return np.asarray(severities - severities.mean(axis=0))


def rate_students_each(
    students: Sequence[SimulatedStudent], seed: int, rows: Sequence[int], *, raters: int = 3
) -> NDArray[np.float64]:
    """Every rater's scores, shape (raters, n, 4), in [0, 1]: true score + severity + noise, clipped.

    Raises:
        InputError: no rater, or as many rows as students are not given.
    """
    _check_raters(raters)
    if len(students) != len(rows):
        raise InputError(f"{len(students)} students need as many row numbers, not {len(rows)}", field="rows")
    traits = np.array([student.traits for student in students], dtype=np.float64).reshape(-1, len(SKILLS))
    errors = normals(row_keys(seed, "rating", rows), 0, raters * len(SKILLS)).reshape(-1, raters, len(SKILLS))
    errors *= np.array([RATER_NOISE[skill] for skill in SKILLS])
    scores = true_score(traits)[None, :, :] + _severities(seed, raters)[:, None, :] + errors.transpose(1, 0, 2)
    return np.asarray(np.clip(scores, 0.0, 1.0))


def rate_students(
    students: Sequence[SimulatedStudent], seed: int, rows: Sequence[int], *, raters: int = 3
) -> NDArray[np.float64]:
    """The mean over raters, shape (n, 4) in the order of `SKILLS`, in [0, 1], rounded to 4 decimals.

    Raises:
        InputError: no rater, or as many rows as students are not given.
    """
    return np.asarray(np.round(rate_students_each(students, seed, rows, raters=raters).mean(axis=0), 4))


def noise_ceiling(*, raters: int = 3) -> dict[Skill, float]:
    """The best R2 that any model can reach on averaged labels, by skill.

    A model that knew every trait would still miss the raters' error, so R2 <= V / (V + E / k): V the variance of the
    true score over the population ((1 - 2 LOWEST)^2 / 12, traits being uniform), E a rater's error variance, k raters.
    Centred severities add nothing; clipping at 0 and 1 and rounding change less than 0.001.

    Raises:
        InputError: no rater.
    """
    _check_raters(raters)
    signal = (1.0 - 2.0 * LOWEST) ** 2 * _UNIFORM_VARIANCE
    return {skill: signal / (signal + RATER_NOISE[skill] ** 2 / raters) for skill in SKILLS}
