"""Whether scores are as right for one group of students as for another: small pure functions.

Figures of Loukina, Madnani & Zechner (2019), "The many dimensions of algorithmic fairness in educational applications",
and of Williamson, Xi & Breyer (2012). Each `groups` names the group of every row.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as f_distribution

from skillscope.evaluation.metrics import UNDEFINED, mae, pearson_r, smd

__all__ = [
    "GROUP_AT_LEAST",
    "GroupFigures",
    "GroupModel",
    "csd",
    "dsm",
    "group_figures",
    "osa",
    "osd",
]

Vector = NDArray[np.float64]

GROUP_AT_LEAST: Final = 30
"""Rows of a group below which its figures are flagged as resting on too little."""


def _rows(human: ArrayLike, machine: ArrayLike, groups: ArrayLike) -> tuple[Vector, Vector, NDArray[np.str_]]:
    first, second = np.asarray(human, dtype=np.float64), np.asarray(machine, dtype=np.float64)
    names = np.asarray(groups, dtype=str)
    if first.ndim != 1 or not first.shape == second.shape == names.shape:
        raise ValueError(f"three vectors of one length are needed, not {first.shape}, {second.shape}, {names.shape}")
    return first, second, names


def dsm(human: ArrayLike, machine: ArrayLike, members: ArrayLike) -> float:
    """Difference of standardised means of a group: mean machine z-score - mean human z-score of its members.

    Both z-scores are taken over all rows (n - 1). Positive: the machine puts the group higher than people do.
    Williamson, Xi & Breyer (2012) want it below 0.10 in size. NaN where either side does not vary, or without members.
    """
    first, second = np.asarray(human, dtype=np.float64), np.asarray(machine, dtype=np.float64)
    inside = np.asarray(members, dtype=bool)
    if len(first) < 2 or not inside.any():
        return UNDEFINED
    spreads = first.std(ddof=1), second.std(ddof=1)
    if min(spreads) <= 1e-15:
        return UNDEFINED
    machine_z = (second[inside].mean() - second.mean()) / spreads[1]
    return float(machine_z - (first[inside].mean() - first.mean()) / spreads[0])


@dataclass(frozen=True, slots=True)
class GroupModel:
    """How much of an error a grouping explains: share of variance (adjusted R2), and the F test's p value."""

    r2: float
    p: float


def _residual_squares(design: Vector, wanted: Vector) -> tuple[float, int]:
    solution, _, rank, _ = np.linalg.lstsq(design, wanted, rcond=None)
    return float(np.square(wanted - design @ solution).sum()), int(rank)


def _dummies(names: NDArray[np.str_]) -> Vector:
    kinds = np.unique(names)
    return np.asarray(names[:, None] == kinds[None, 1:], dtype=np.float64)


def _explained(wanted: Vector, base: Vector, more: Vector) -> GroupModel:
    """Adjusted R2 of base + more, less that of base alone; p of the F test between the two."""
    count = len(wanted)
    total = float(np.square(wanted - wanted.mean()).sum())
    null, null_rank = _residual_squares(base, wanted)
    full, full_rank = _residual_squares(np.hstack([base, more]), wanted)
    added, left = full_rank - null_rank, count - full_rank
    if total <= 1e-15 or left <= 0 or added <= 0:
        return GroupModel(UNDEFINED, UNDEFINED)
    per_row = total / (count - 1)
    adjusted = (null / (count - null_rank) - full / left) / per_row
    if full <= 1e-15 * total:
        return GroupModel(adjusted, 0.0)
    return GroupModel(adjusted, float(f_distribution.sf((null - full) / added / (full / left), added, left)))


def osa(human: ArrayLike, machine: ArrayLike, groups: ArrayLike) -> GroupModel:
    """Overall score accuracy: how far the squared error depends on the group. 0 where scores are as exact for each."""
    first, second, names = _rows(human, machine, groups)
    return _explained(np.square(second - first), np.ones((len(first), 1)), _dummies(names))


def osd(human: ArrayLike, machine: ArrayLike, groups: ArrayLike) -> GroupModel:
    """Overall score difference: how far the signed error (machine - human) depends on the group."""
    first, second, names = _rows(human, machine, groups)
    return _explained(second - first, np.ones((len(first), 1)), _dummies(names))


def csd(human: ArrayLike, machine: ArrayLike, groups: ArrayLike) -> GroupModel:
    """Conditional score difference: the same among students with one human score.

    The human score enters as a linear term first, and the share of variance is what the group adds to it.
    """
    first, second, names = _rows(human, machine, groups)
    return _explained(second - first, np.column_stack([np.ones(len(first)), first]), _dummies(names))


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group's figures. `few`: fewer than `GROUP_AT_LEAST` rows, so that they are shown and not judged."""

    group: str
    rows: int
    few: bool
    human_mean: float
    machine_mean: float
    r: float
    mae: float
    smd: float
    dsm: float


def group_figures(
    human: ArrayLike, machine: ArrayLike, groups: ArrayLike, *, at_least: int = GROUP_AT_LEAST
) -> list[GroupFigures]:
    """Every group's figures, in the order of their names; small groups are flagged, none is left out."""
    first, second, names = _rows(human, machine, groups)
    found = []
    for name in np.unique(names):
        inside = names == name
        own, scored = first[inside], second[inside]
        found.append(
            GroupFigures(
                group=str(name),
                rows=int(inside.sum()),
                few=int(inside.sum()) < at_least,
                human_mean=float(own.mean()),
                machine_mean=float(scored.mean()),
                r=pearson_r(own, scored),
                mae=mae(own, scored),
                smd=smd(own, scored),
                dsm=dsm(first, second, inside),
            )
        )
    return found
