"""Whether intervals hold what they promise: the share of scores that lie inside, and how wide they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["CoverageRow", "coverage_of", "coverage_table"]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Coverage among some rows. `covered` is the share inside, `width` the mean width, both NaN without rows."""

    group: str
    nominal: float
    rows: int
    covered: float
    width: float

    @property
    def off(self) -> float:
        """Covered less nominal: above 0 the intervals are wider than they need be."""
        return self.covered - self.nominal


def coverage_of(scores: ArrayLike, lows: ArrayLike, highs: ArrayLike) -> tuple[float, float]:
    """The share of scores inside [low, high], ends included, and the mean width; NaN where there are none."""
    actual, low, high = (np.asarray(values, dtype=np.float64) for values in (scores, lows, highs))
    if not len(actual):
        return float("nan"), float("nan")
    return float(((low <= actual) & (actual <= high)).mean()), float((high - low).mean())


def coverage_table(
    scores: ArrayLike, lows: ArrayLike, highs: ArrayLike, groups: ArrayLike, *, nominal: float
) -> list[CoverageRow]:
    """Coverage over all rows (group ""), then in every group; rows without a score (NaN) are left out."""
    actual, low, high = (np.asarray(values, dtype=np.float64) for values in (scores, lows, highs))
    names = np.asarray(groups, dtype=str)
    known = np.isfinite(actual)
    found: list[CoverageRow] = []
    for name in ("", *np.unique(names[known])):
        rows = known if name == "" else known & (names == name)
        covered, width = coverage_of(actual[rows], low[rows], high[rows])
        if name or not found:
            found.append(CoverageRow(str(name), nominal, int(rows.sum()), covered, width))
    return found
