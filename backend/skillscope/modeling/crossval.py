"""Held-out predictions: every row scored by a model that saw neither its scenario nor its student."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skillscope.modeling.boosting import BoostingParams, Floats, fit_stopping
from skillscope.modeling.folds import group_folds

__all__ = ["HeldOut", "cross_validate"]

Folds = NDArray[np.int64]


@dataclass(frozen=True)
class HeldOut:
    """Held-out predictions (n,) of one skill, NaN where there is no label, and the trees each fold stopped at."""

    predictions: Floats
    trees: list[int]

    @property
    def typical_trees(self) -> int:
        """The median over folds: what a model on all rows is given."""
        return max(1, int(np.median(self.trees)))


def _one_fold(
    features: Floats, scores: Floats, folds: Folds, groups: Folds, *, fold: int, params: BoostingParams, seed: int
) -> tuple[NDArray[np.int64], Floats, int]:
    labelled = np.isfinite(scores)
    train = np.flatnonzero((folds != fold) & labelled)
    test = np.flatnonzero((folds == fold) & labelled)
    # The rows that decide when to stop are groups of their own, taken from the training folds, never from the test.
    inner = group_folds(groups[train].tolist(), [0] * len(train), seed=seed + fold + 1)
    model = fit_stopping(features[train], scores[train], inner == 0, params, seed=seed)
    trees = int(model.best_iteration) + 1
    predictions = np.asarray(model.predict(features[test]), dtype=np.float64) if len(test) else np.empty(0)
    return test, np.clip(predictions, 0.0, 1.0), trees


def cross_validate(
    features: Floats,
    scores: Floats,
    folds: Folds,
    groups: Folds,
    *,
    params: BoostingParams,
    seed: int,
    threads: int = 1,
) -> list[HeldOut]:
    """Held-out predictions for every skill; `features` (n, 29), `scores` (n, k) with NaN for no label.

    `folds` says which fold a row is tested in and `groups` what may not be cut, both (n,). Threads work on different
    folds and skills, each fit has one, so their number changes no result.
    """
    jobs = [(skill, fold) for skill in range(scores.shape[1]) for fold in range(int(folds.max()) + 1)]

    def run(job: tuple[int, int]) -> tuple[NDArray[np.int64], Floats, int]:
        skill, fold = job
        return _one_fold(features, scores[:, skill], folds, groups, fold=fold, params=params, seed=seed)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(run, jobs))
    out = [HeldOut(np.full(len(scores), np.nan), []) for _ in range(scores.shape[1])]
    for (skill, _), (rows, predictions, trees) in zip(jobs, results, strict=True):
        out[skill].predictions[rows] = predictions
        out[skill].trees.append(trees)
    return out
