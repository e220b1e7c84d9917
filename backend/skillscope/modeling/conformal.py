"""Prediction intervals with a stated coverage, from the errors on held-out scenarios (split conformal, by MAPIE).

Calibration is group-conditional (Mondrian; Vovk, Gammerman & Shafer 2005, section 4.5): one half-width for each kind of
evidence and band of grades, from the errors of such rows alone, so that coverage holds within each group and not only
over all. Where the grade is not known the widest band's interval is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COVERAGES",
    "GRADE_BANDS",
    "BandedIntervals",
    "band_of_grades",
    "by_band",
    "conformal_quantile",
    "coverage_of_folds",
    "fold_half_widths",
    "half_widths",
    "usual_range",
    "widest",
]

Floats = NDArray[np.float64]

COVERAGES: Final = (0.8, 0.95)
GRADE_BANDS: Final[dict[str, tuple[int, ...]]] = {"2-3": (2, 3), "4-5": (4, 5), "6-8": (6, 7, 8)}
WHOLE_SCALE: Final = 1.0
_BAND_OF: Final[dict[float | None, str]] = {grade: band for band, members in GRADE_BANDS.items() for grade in members}


class _HeldOut:
    """What MAPIE takes for a fitted regressor: it hands back the held-out predictions that it is given."""

    is_fitted = True

    def fit(self, rows: Floats, scores: Floats) -> "_HeldOut":
        del rows, scores
        return self

    def predict(self, rows: Floats) -> Floats:
        return np.asarray(rows[:, 0], dtype=np.float64)


def band_of_grades(grades: Sequence[float | None] | Floats) -> NDArray[np.str_]:
    """The band of each grade, `2-3`, `4-5` or `6-8`; "" where it is NaN, None or none of the grades."""
    return np.array([_BAND_OF.get(grade, "") for grade in grades], dtype="<U3")


def half_widths(errors: Floats, coverages: Sequence[float] = COVERAGES) -> dict[str, float]:
    """By nominal coverage (`0.8`, `0.95`), the half-width of the interval, from held-out errors (n,)."""
    return {f"{coverage:g}": round(conformal_quantile(errors, coverage), 6) for coverage in coverages}


def conformal_quantile(errors: Floats, coverage: float) -> float:
    """The half-width whose interval holds a new exchangeable score with probability `coverage` or more.

    MAPIE's split conformal regression with absolute residuals: the ceil((n + 1) coverage)-th smallest absolute error
    (Lei et al. 2018). Where there are too few errors to promise that, the whole scale: 1.
    """
    # MAPIE wants more errors than 1 / coverage and 1 / (1 - coverage).
    if len(errors) <= max(1.0 / coverage, 1.0 / (1.0 - coverage)) + 1e-9:
        return WHOLE_SCALE
    from mapie.regression import SplitConformalRegressor  # takes seconds to import, and serving needs none of it

    nothing = np.zeros((len(errors), 1))
    model: Any = SplitConformalRegressor(_HeldOut(), confidence_level=coverage, prefit=True)
    model.conformalize(nothing, np.asarray(errors, dtype=np.float64))
    _, interval = model.predict_interval(nothing[:1])
    return float(interval[0, 1, 0])


def fold_half_widths(errors: Floats, folds: Sequence[int] | NDArray[np.int64], coverage: float) -> Floats:
    """For each error (n,), the half-width taken from the errors of all other folds."""
    folds = np.asarray(folds)
    out = np.full(len(errors), WHOLE_SCALE)
    for fold in np.unique(folds):
        out[folds == fold] = conformal_quantile(errors[folds != fold], coverage)
    return out


def coverage_of_folds(errors: Floats, folds: Sequence[int] | NDArray[np.int64], coverage: float) -> float:
    """The share of errors that lie within the half-width taken from all other folds: what unseen scenarios get."""
    return float((np.abs(errors) <= fold_half_widths(errors, folds, coverage)).mean())


@dataclass(frozen=True, slots=True)
class BandedIntervals:
    """By band of grades and nominal coverage: the half-width, and the share of held-out scores inside it."""

    half_widths: dict[str, dict[str, float]]
    coverage: dict[str, dict[str, float]]


def by_band(errors: Floats, folds: NDArray[np.int64], grades: Floats) -> BandedIntervals:
    """Half-widths calibrated for each band on the errors (n,) of its own rows; measured with the other folds' errors.

    A band without rows is left out; a band whose rows lie in one fold has no measured coverage.
    """
    bands = band_of_grades(grades)
    widths, measured = {}, {}
    for band in GRADE_BANDS:
        rows = bands == band
        if not rows.any():
            continue
        widths[band] = half_widths(errors[rows])
        if len(np.unique(folds[rows])) > 1:
            measured[band] = {f"{c:g}": round(coverage_of_folds(errors[rows], folds[rows], c), 6) for c in COVERAGES}
    return BandedIntervals(widths, measured)


def usual_range(labels: Floats) -> dict[str, tuple[float, float]]:
    """By nominal coverage, the middle share of the labels (n,): what can be said of a student nothing is known of."""
    found = {}
    for coverage in COVERAGES:
        low, high = np.quantile(labels, [(1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0])
        found[f"{coverage:g}"] = (round(float(low), 6), round(float(high), 6))
    return found


def widest(by_band: Mapping[str, Mapping[str, float]], key: str) -> float:
    """The widest half-width of any band at a coverage, for a student whose grade is not known; NaN without a band."""
    return max((widths[key] for widths in by_band.values()), default=float("nan"))
