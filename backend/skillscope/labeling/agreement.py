"""Agreement between raters: Krippendorff's alpha, correlation, quadratically weighted kappa, with intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skillscope.errors import InputError
from skillscope.skills import SKILLS, Skill

__all__ = ["Agreement", "Figure", "Metric", "agreement_between", "krippendorff_alpha"]

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Matrix = NDArray[np.float64]
_NAN: Final = float("nan")


def _distances(values: Matrix, counts: Matrix, metric: Metric) -> Matrix:
    """Squared difference of every pair of values (Krippendorff 2019, section 12.3.3)."""
    row, column = values[:, None], values[None, :]
    if metric == "nominal":
        made = (row != column).astype(np.float64)
    elif metric == "interval":
        made = np.square(row - column)
    elif metric == "ratio":
        total = row + column
        made = np.square(np.divide(row - column, total, out=np.zeros_like(total), where=total != 0))
    else:  # ordinal: the values ranked between the two, each end counted by half
        upto = np.cumsum(counts)
        between = np.abs(upto[:, None] - upto[None, :]) + np.where(row < column, counts[:, None], counts[None, :])
        made = np.where(row == column, 0.0, np.square(between - (counts[:, None] + counts[None, :]) / 2.0))
    return np.asarray(made, dtype=np.float64)


def krippendorff_alpha(ratings: ArrayLike, metric: Metric = "interval") -> float:
    """Krippendorff's alpha of a (raters, units) table, NaN where a rater gave none.

    1 - observed / expected disagreement over the coincidences of values within units that two or more rated
    (Krippendorff 2019, Content Analysis, section 12.3). NaN where fewer than two values can be paired, or all are one.

    Raises:
        InputError: the table is not two-dimensional.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise InputError(f"ratings must be a table of raters by units, not of shape {table.shape}")
    table = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    values, codes = np.unique(table[~np.isnan(table)], return_inverse=True)
    if len(values) < 2:
        return _NAN
    # how often each value was given to each unit
    given = np.zeros((table.shape[1], len(values)))
    np.add.at(given, (np.nonzero(~np.isnan(table))[1], codes), 1.0)
    pairable = given.sum(axis=1)
    coincidences = (given / (pairable - 1.0)[:, None]).T @ given
    coincidences[np.diag_indices_from(coincidences)] -= (given / (pairable - 1.0)[:, None]).sum(axis=0)
    counts = coincidences.sum(axis=1)
    distances = _distances(values, counts, metric)
    observed = float((coincidences * distances).sum())
    expected = float((np.outer(counts, counts) * distances).sum()) / (counts.sum() - 1.0)
    return 1.0 - observed / expected if expected > 0.0 else _NAN


def _pairs(table: Matrix) -> list[tuple[Matrix, Matrix]]:
    both = []
    for first, second in combinations(table, 2):
        known = ~np.isnan(first) & ~np.isnan(second)
        if known.sum() >= 2:
            both.append((first[known], second[known]))
    return both


def _mean_r(table: Matrix) -> float:
    """Mean of Pearson's r over the pairs of raters."""
    found = []
    for first, second in _pairs(table):
        x, y = first - first.mean(), second - second.mean()
        scale = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
        if scale > 1e-15:
            found.append(float((x * y).sum()) / scale)
    return float(np.mean(found)) if found else _NAN


def _mean_qwk(table: Matrix) -> float:
    """Mean over the pairs of raters of quadratically weighted kappa (Cohen 1968) of scores rounded to tenths."""
    found = []
    for first, second in _pairs(np.rint(table * 10.0)):
        expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
        if expected > 0.0:
            found.append(1.0 - float(np.square(first - second).mean()) / expected)
    return float(np.mean(found)) if found else _NAN


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its percentile bootstrap interval over units."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree on one skill."""

    skill: Skill
    raters: int
    units: int
    alpha: Figure
    r: Figure
    qwk: Figure


def _figure(figure: Callable[[Matrix], float], table: Matrix, draws: NDArray[np.intp], coverage: float) -> Figure:
    tail = (1.0 - coverage) / 2.0
    found = np.asarray([figure(table[:, draw]) for draw in draws])
    known = found[~np.isnan(found)]
    low, high = np.quantile(known, [tail, 1.0 - tail]) if len(known) else (_NAN, _NAN)
    return Figure(figure(table), float(low), float(high))


def agreement_between(
    scores: ArrayLike, *, resamples: int = 500, coverage: float = 0.95, seed: int = 0
) -> list[Agreement]:
    """Agreement on each skill, from (texts, raters, 4) scores in SKILLS order, NaN where a rater gave none.

    `r` and `qwk` are means over the pairs of raters. The same seed gives the same intervals.

    Raises:
        InputError: the scores have another shape, or fewer than two raters.
    """
    cube = np.asarray(scores, dtype=np.float64)
    if cube.ndim != 3 or cube.shape[2] != len(SKILLS) or cube.shape[1] < 2:
        raise InputError(f"agreement needs scores of (texts, two raters or more, {len(SKILLS)}), not {cube.shape}")
    draws = np.random.default_rng(seed).integers(0, len(cube), (resamples, len(cube)))
    made = []
    for index, skill in enumerate(SKILLS):
        table = cube[:, :, index].T
        made.append(
            Agreement(
                skill=skill,
                raters=table.shape[0],
                units=int((~np.isnan(table)).any(axis=0).sum()),
                alpha=_figure(krippendorff_alpha, table, draws, coverage),
                r=_figure(_mean_r, table, draws, coverage),
                qwk=_figure(_mean_qwk, table, draws, coverage),
            )
        )
    return made
