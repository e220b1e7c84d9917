"""Prediction intervals with a stated coverage, from the errors on held-out scenarios (split conformal)."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVERAGES", "conformal_quantile", "coverage_of_folds"]

COVERAGES: Final = (0.8, 0.95)


def conformal_quantile(errors: NDArray[np.float64], coverage: float) -> float:
    """The half-width whose interval holds a new exchangeable score with probability `coverage` or more.

    The ceil((n + 1) coverage)-th smallest absolute error (Vovk, Gammerman & Shafer 2005; Lei et al. 2018). Too few
    errors for that rank give the whole scale: 1.
    """
    size = np.sort(np.abs(errors))
    rank = math.ceil((len(size) + 1) * coverage - 1e-9)
    return float(size[rank - 1]) if rank <= len(size) else 1.0


def coverage_of_folds(errors: NDArray[np.float64], folds: Sequence[int] | NDArray[np.int64], coverage: float) -> float:
    """The share of errors that lie within the half-width taken from all other folds: what unseen scenarios get."""
    folds = np.asarray(folds)
    inside = np.zeros(len(errors), dtype=bool)
    for fold in np.unique(folds):
        here = folds == fold
        inside[here] = np.abs(errors[here]) <= conformal_quantile(errors[~here], coverage)
    return float(inside.mean())
