"""Held-out predictions: every row scored by a model that saw neither its scenario nor its student."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.modeling.boosting import BoostingParams, Floats, fit_stopping
from skillscope.modeling.evidence import EVIDENCE, Evidence, blank, evidence_of
from skillscope.modeling.folds import group_folds

__all__ = ["HeldOut", "cross_validate"]

Folds = NDArray[np.int64]

WHOLE: Final = "whole"


@dataclass(frozen=True)
class HeldOut:
    """Held-out predictions of one skill, each (n,), NaN where there is no label.

    `whole`: each row from all the evidence that it has. `blanked`: rows that have both, from one side alone.
    `trees`: where each fold stopped.
    """

    whole: Floats
    blanked: dict[Evidence, Floats]
    trees: list[int]

    @property
    def typical_trees(self) -> int:
        """The median over folds: what a model on all rows is given."""
        return max(1, int(np.median(self.trees)))

    def by_evidence(self, features: Floats) -> dict[Evidence, Floats]:
        """Predictions (n,) for each kind of evidence, NaN for rows that cannot be seen that way."""
        kinds = evidence_of(features)
        return {kind: np.where(kinds == kind, self.whole, self.blanked.get(kind, np.nan)) for kind in EVIDENCE}


def _one_fold(
    features: Floats, scores: Floats, folds: Folds, groups: Folds, *, fold: int, params: BoostingParams, seed: int
) -> tuple[Folds, dict[str, Floats], int]:
    labelled = np.isfinite(scores)
    train = np.flatnonzero((folds != fold) & labelled)
    test = np.flatnonzero((folds == fold) & labelled)
    # The rows that decide when to stop are groups of their own, taken from the training folds, never from the test.
    inner = group_folds(groups[train].tolist(), [0] * len(train), seed=seed + fold + 1)
    model = fit_stopping(features[train], scores[train], inner == 0, params, seed=seed)
    out: dict[str, Floats] = {}
    if len(test):
        views: dict[str, Floats] = {WHOLE: features[test]}
        views |= {str(kind): blank(features[test], kind) for kind in EVIDENCE[1:]}
        out = {name: np.clip(np.asarray(model.predict(rows), dtype=np.float64), 0, 1) for name, rows in views.items()}
    return test, out, int(model.best_iteration) + 1


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

    def run(job: tuple[int, int]) -> tuple[Folds, dict[str, Floats], int]:
        skill, fold = job
        return _one_fold(features, scores[:, skill], folds, groups, fold=fold, params=params, seed=seed)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(run, jobs))
    both = evidence_of(features) == "both"
    empty = np.full(len(scores), np.nan)
    out = [HeldOut(empty.copy(), {kind: empty.copy() for kind in EVIDENCE[1:]}, []) for _ in range(scores.shape[1])]
    for (skill, _), (rows, predictions, trees) in zip(jobs, results, strict=True):
        held = out[skill]
        held.trees.append(trees)
        if not len(rows):
            continue
        held.whole[rows] = predictions[WHOLE]
        for kind in EVIDENCE[1:]:
            held.blanked[kind][rows] = np.where(both[rows], predictions[kind], np.nan)
    return out
