"""More training rows by SMOTE (Chawla et al. 2002): between a row and one of its neighbours of the same stratum.

Strata are skill x level. Only training rows are given here, never those that a model is tested on or stopped by. The
label, its weight, and what is missing are carried along as columns that weigh nothing in the distance.
"""

import math
from typing import Final

import numpy as np
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray

from skillscope.features.derived import rederived
from skillscope.features.schema import FEATURES
from skillscope.modeling.boosting import Floats
from skillscope.modeling.samples import Rows

__all__ = ["NEIGHBOURS", "augment", "targets"]

NEIGHBOURS: Final = 5
_CARRIED: Final = 1e-6
"""Scale of carried columns beside standardised features: no neighbour is chosen by them, no digit is lost."""

_COUNTS: Final = np.flatnonzero([item.unit == "count" for item in FEATURES])


def targets(strata: NDArray[np.str_], to: int | None) -> dict[str, int]:
    """How many rows each stratum should have: as many as the largest, or with `to` an even share of `to` rows.

    No stratum shrinks, and one of a single row, which has no neighbour, stays as it is.
    """
    names, counts = np.unique(strata, return_counts=True)
    goal = int(counts.max()) if to is None else math.ceil(to / len(names))
    pairs = zip(names.tolist(), counts.tolist(), strict=True)
    return {name: max(count, goal) if count > 1 else count for name, count in pairs}


def _filled(features: Floats) -> tuple[Floats, Floats]:
    """Standardised features with the mean where a value is missing, and 1 where it is missing, both (n, f)."""
    missing = np.isnan(features)
    known = np.maximum((~missing).sum(axis=0), 1)
    mean = np.where(missing, 0.0, features).sum(axis=0) / known
    filled = np.where(missing, mean, features)
    spread = filled.std(axis=0)
    return (filled - mean) / np.where(spread > 0.0, spread, 1.0), missing.astype(np.float64)


def augment(rows: Rows, *, to: int | None = None, seed: int = 0) -> Rows:
    """The rows, followed by made ones until every stratum has its `targets`. The same seed gives the same rows.

    A made row lies between a row and one of its `NEIGHBOURS` nearest of the stratum, label and weight included. Where
    one of the two lacks a value, the made one lacks it if it lies nearer to that one. Counts are whole numbers, and
    the derived features are computed from the made ones, as everywhere.
    """
    wanted = targets(rows.strata, to)
    names, counts = np.unique(rows.strata, return_counts=True)
    # SMOTE takes one number of neighbours for all strata: those too small for it are dealt with on their own.
    parts = [rows]
    for neighbours in sorted({min(NEIGHBOURS, int(count) - 1) for count in counts if count > 1}):
        chosen = [
            str(name)
            for name, count in zip(names, counts, strict=True)
            if min(NEIGHBOURS, int(count) - 1) == neighbours and wanted[str(name)] > count
        ]
        if chosen:
            parts.append(_made(rows, {name: wanted[name] for name in chosen}, neighbours, seed))
    return Rows(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.strata for part in parts]),
    )


def _made(rows: Rows, wanted: dict[str, int], neighbours: int, seed: int) -> Rows:
    """Made rows of these strata alone."""
    filled, missing = _filled(rows.features)
    raw = np.where(np.isnan(rows.features), 0.0, rows.features)
    # The features themselves travel as carried columns too: a made value is between the two, to the last digit.
    carried = np.column_stack([raw, missing, rows.scores, rows.weights])
    scale = _CARRIED / np.maximum(np.abs(carried).max(axis=0), 1.0)
    table = np.column_stack([filled, carried * scale])
    # SMOTE refuses a single class; a row of a class that gets no more rows makes it two.
    table = np.vstack([table, np.zeros((1, table.shape[1]))])
    sampler = SMOTE(sampling_strategy=wanted, k_neighbors=neighbours, random_state=seed)
    made, strata = sampler.fit_resample(table, np.append(rows.strata.astype(object), "(none)"))
    made, strata = made[len(table) :], strata[len(table) :]
    back = made[:, filled.shape[1] :] / scale
    width = rows.features.shape[1]
    values, lacking = back[:, :width], back[:, width : 2 * width]
    known = 1.0 - np.clip(lacking, 0.0, 1.0)
    # Between a known value v and a missing one (carried as 0) lies share * v: divided by the share it is v again.
    values = np.where(known > 0.5, values / np.maximum(known, 0.5), np.nan)
    return Rows(_sensible(values), back[:, 2 * width], back[:, 2 * width + 1], np.asarray(strata, dtype=np.str_))


def _sensible(values: Floats) -> Floats:
    """The rows with whole counts, shares within their ranges and derived features that follow from the others."""
    out = values.copy()
    out[:, _COUNTS] = np.rint(out[:, _COUNTS])
    out = rederived(out)
    for column, item in enumerate(FEATURES):
        # Sums of rounded products may pass the ends of a range by the last digit.
        if item.low is not None:
            out[:, column] = np.clip(out[:, column], item.low, item.high)
    return out
