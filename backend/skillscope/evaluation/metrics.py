"""Agreement between a machine's scores and human ones: small pure functions over one-dimensional arrays.

Undefined figures (one value only, no spread) are NaN, never a made-up number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "UNDEFINED",
    "Interval",
    "as_ratings",
    "bootstrap_interval",
    "degradation",
    "mae",
    "pearson_r",
    "prmse",
    "qwk",
    "r_squared",
    "rating_steps",
    "rmse",
    "smd",
]

Vector = NDArray[np.float64]
Figure = Callable[[Vector, Vector], float]

UNDEFINED: Final = float("nan")


def _pair(human: ArrayLike, machine: ArrayLike) -> tuple[Vector, Vector]:
    first, second = np.asarray(human, dtype=np.float64), np.asarray(machine, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"two vectors of one length are needed, not shapes {first.shape} and {second.shape}")
    if not len(first):
        raise ValueError("at least one pair is needed")
    return first, second


def mae(human: ArrayLike, machine: ArrayLike) -> float:
    """Mean absolute error, in score units."""
    first, second = _pair(human, machine)
    return float(np.abs(first - second).mean())


def rmse(human: ArrayLike, machine: ArrayLike) -> float:
    """Root of the mean squared error, in score units."""
    first, second = _pair(human, machine)
    return float(np.sqrt(np.square(first - second).mean()))


def r_squared(human: ArrayLike, machine: ArrayLike) -> float:
    """1 - squared error / squared deviation of the human scores from their mean; NaN where those do not vary."""
    first, second = _pair(human, machine)
    spread = float(np.square(first - first.mean()).sum())
    return 1.0 - float(np.square(first - second).sum()) / spread if spread > 0.0 else UNDEFINED


def pearson_r(human: ArrayLike, machine: ArrayLike) -> float:
    """Pearson's correlation; NaN where one side does not vary."""
    first, second = _pair(human, machine)
    x, y = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-15 else UNDEFINED


def qwk(human: ArrayLike, machine: ArrayLike) -> float:
    """Quadratically weighted kappa of whole-number ratings (Cohen 1968): 1 - observed / expected squared distance.

    NaN where both raters give one and the same rating throughout.
    """
    first, second = _pair(human, machine)
    if not (np.equal(first, np.rint(first)).all() and np.equal(second, np.rint(second)).all()):
        raise ValueError("ratings must be whole numbers; round the scores to the rating scale first")
    observed = float(np.square(first - second).mean())
    # The mean squared distance of all pairings of the two raters' ratings, without making the table of them.
    expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    return 1.0 - observed / expected if expected > 0.0 else UNDEFINED


def rating_steps(scores: ArrayLike, *, at_most: int = 10) -> int:
    """How many steps the scale from 0 to 1 has, as its scores show: the fewest of 1 to `at_most` that hold them all.

    Ratings 0, 1, 2 put on [0, 1] give 2. Scores on no such grid (means of raters, say) give `at_most`, tenths.
    """
    values = np.asarray(scores, dtype=np.float64)
    for steps in range(1, at_most):
        if np.abs(values * steps - np.rint(values * steps)).max(initial=0.0) < 1e-6:
            return steps
    return at_most


def as_ratings(scores: ArrayLike, steps: int) -> Vector:
    """Scores in [0, 1] as whole ratings from 0 to `steps`, rounded to the nearest."""
    return np.asarray(np.rint(np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0) * steps))


def degradation(figure: Figure, human: ArrayLike, second: ArrayLike, machine: ArrayLike) -> float:
    """How much worse machine and human agree than two humans do: figure(human, machine) - figure(human, second).

    Williamson, Xi & Breyer (2012) want it above -0.10. NaN where either is undefined.
    """
    first, other = _pair(human, second)
    return figure(first, np.asarray(machine, dtype=np.float64)) - figure(first, other)


def smd(human: ArrayLike, machine: ArrayLike) -> float:
    """Standardised mean difference: (machine mean - human mean) / human standard deviation (n - 1).

    Williamson, Xi & Breyer (2012) want it below 0.15 in size. NaN where human scores do not vary.
    """
    first, second = _pair(human, machine)
    spread = float(first.std(ddof=1)) if len(first) > 1 else 0.0
    return float(second.mean() - first.mean()) / spread if spread > 0.0 else UNDEFINED


def prmse(human: ArrayLike, machine: ArrayLike, error_variance: float) -> float:
    """Proportional reduction in mean squared error against the true score (Loukina et al. 2020; Haberman 2008).

    `human` holds one rating each, with the variance of a rating's error known (from double-rated rows). The true
    score's variance is var(human, n - 1) - error variance; the machine's squared error against it is
    sum((human - machine)^2) / n - error variance:

        PRMSE = 1 - (mse - error variance) / (variance - error variance)

    NaN where the ratings vary no more than their error.
    """
    first, second = _pair(human, machine)
    if error_variance < 0.0:
        raise ValueError(f"an error variance cannot be negative: {error_variance}")
    true_variance = (float(first.var(ddof=1)) if len(first) > 1 else 0.0) - error_variance
    error = float(np.square(first - second).mean()) - error_variance
    return 1.0 - error / true_variance if true_variance > 0.0 else UNDEFINED


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its bootstrap interval."""

    value: float
    low: float
    high: float
    coverage: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_interval(
    figure: Figure,
    human: ArrayLike,
    machine: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    coverage: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of a figure over rows, or over whole `groups` (children, scenarios) where given.

    Resamples in which the figure is undefined are left out. The same seed gives the same interval.
    """
    first, second = _pair(human, machine)
    keys = np.arange(len(first)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    order = np.argsort(keys, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(keys))[:-1])
    random = np.random.default_rng(seed)
    figures = []
    for _ in range(resamples):
        drawn = random.integers(0, len(members), len(members))
        rows = drawn if groups is None else np.concatenate([members[group] for group in drawn])
        figures.append(figure(first[rows], second[rows]))
    known = [value for value in figures if not np.isnan(value)]
    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail]) if known else (UNDEFINED, UNDEFINED)
    return Interval(figure(first, second), float(low), float(high), coverage)
