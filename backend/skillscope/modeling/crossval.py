"""Held-out predictions: every row scored by a model that saw neither its scenario nor its student."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from xgboost import Booster

from skillscope.features.families import FittedFamilies
from skillscope.modeling.adversarial import among_taught
from skillscope.modeling.boosting import BoostingParams, Floats, fit_regressor, fit_stopping
from skillscope.modeling.columns import split_families
from skillscope.modeling.distilling import taught
from skillscope.modeling.evidence import EVIDENCE, Evidence, blank, evidence_of
from skillscope.modeling.folds import group_folds
from skillscope.modeling.pooling import pooled_copies
from skillscope.modeling.recipe import Recipe
from skillscope.modeling.samples import Rows, Samples
from skillscope.modeling.threads import fitting_threads
from skillscope.modeling.tuning import tune

__all__ = ["FittedSkill", "HeldOut", "cross_validate", "fit_skill", "learnt_rows", "shared_columns"]

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


@dataclass(frozen=True)
class FittedSkill:
    """One skill's regressor on all labelled rows, the rows as it saw them, and its own families where it has any."""

    model: Booster
    rows: Rows
    families: FittedFamilies | None
    params: BoostingParams
    trees: int
    tuned: dict[str, float]


def shared_columns(samples: Samples, recipe: Recipe, fold: int) -> Floats:
    """The columns of families that read no ratings, (n, k), fitted on the rows that lie in other folds."""
    families = split_families(recipe.families)[0]
    if not families.families or samples.answers is None:
        return np.empty((len(samples.features), 0))
    fitted = families.fit(samples.answers.take(np.flatnonzero(samples.folds != fold)).unrated())
    return fitted.transform(samples.answers)


def _rated_columns(
    samples: Samples, recipe: Recipe, column: int, rows: Folds, folds: Folds
) -> tuple[FittedFamilies | None, Floats]:
    """Families that read ratings, fitted on these rows, and the rows' own columns out of fold."""
    families = split_families(recipe.families)[1]
    if not families.families or samples.answers is None:
        return None, np.empty((len(rows), 0))
    answers = replace(samples.answers.take(rows), scores=samples.scores[rows, column])
    return families.fit_transform(answers, folds)


def _rows(samples: Samples, column: int, rows: Folds, *more: Floats) -> Rows:
    features = np.hstack([samples.features[rows], *more])
    return Rows(features, samples.scores[rows, column], samples.weights[rows], samples.strata[rows])


def learnt_rows(samples: Samples, recipe: Recipe, column: int, rows: Rows, numbers: Folds, *, of: int) -> Rows:
    """What a regressor learns from for training rows, which stand at these row numbers: the rows, those that SMOTE
    makes of them, their adversarial copies, their pooled ones, and those that a teacher labels. Nothing of it comes
    from other rows. `of` is how many labelled rows there are in all.
    """
    copies = samples.copies(column, numbers, rows.features.shape[1])
    pooled = pooled_copies(rows, samples.scores[numbers], share=recipe.pooled, seed=recipe.seed)
    grown = recipe.grown(rows, of=of)
    between = grown.take(np.arange(len(rows), len(grown)))
    made = taught(rows, between, share=recipe.taught, seed=recipe.seed)
    if len(made) > len(between):
        copies = among_taught(copies)
    return rows.and_also(made).and_also(copies).and_also(pooled)


def _one_fold(
    samples: Samples, recipe: Recipe, column: int, fold: int, shared: Floats
) -> tuple[Folds, dict[str, Floats], int]:
    labelled = samples.labelled(column)
    train = np.flatnonzero((samples.folds != fold) & labelled)
    test = np.flatnonzero((samples.folds == fold) & labelled)
    # The rows that decide when to stop are groups of their own, taken from the training folds, never from the test.
    inner = group_folds(samples.groups[train].tolist(), [0] * len(train), seed=recipe.seed + fold + 1)
    fitted, own = _rated_columns(samples, recipe, column, train, inner)
    rows = _rows(samples, column, train, shared[train], own)
    of = int(labelled.sum())

    def learnt(kept: NDArray[np.bool_]) -> Rows:
        return learnt_rows(samples, recipe, column, rows.take(kept), train[kept], of=of)

    params = tune(rows, inner, recipe, learnt, seed=recipe.seed).params if recipe.trials else recipe.params
    model = fit_stopping(learnt(inner != 0), rows.take(inner == 0), params, seed=recipe.seed)
    out: dict[str, Floats] = {}
    if len(test):
        asked = np.empty((len(test), 0))
        if fitted is not None and samples.answers is not None:
            asked = fitted.transform(samples.answers.take(test))
        features = np.hstack([samples.features[test], shared[test], asked])
        views: dict[str, Floats] = {WHOLE: features}
        views |= {str(kind): blank(features, kind) for kind in EVIDENCE[1:]}
        out = {name: np.clip(np.asarray(model.predict(rows), dtype=np.float64), 0, 1) for name, rows in views.items()}
    return test, out, int(model.best_iteration) + 1


def cross_validate(samples: Samples, recipe: Recipe, *, threads: int = 1) -> list[HeldOut]:
    """Held-out predictions for every column of labels.

    Whatever learns from rows learns from those of the training folds alone: families, SMOTE, the choice of parameters
    and when to stop. Threads work on different folds and skills, each fit has one, so their number changes no result.
    """
    count = samples.scores.shape[1]
    jobs = [(column, fold) for column in range(count) for fold in range(samples.fold_count)]

    with fitting_threads(threads) as pool:
        shared = list(pool.map(lambda fold: shared_columns(samples, recipe, fold), range(samples.fold_count)))
        results = list(pool.map(lambda job: _one_fold(samples, recipe, job[0], job[1], shared[job[1]]), jobs))
    both = evidence_of(samples.features) == "both"
    empty = np.full(len(samples.scores), np.nan)
    out = [HeldOut(empty.copy(), {kind: empty.copy() for kind in EVIDENCE[1:]}, []) for _ in range(count)]
    for (column, _), (rows, predictions, trees) in zip(jobs, results, strict=True):
        held = out[column]
        held.trees.append(trees)
        if not len(rows):
            continue
        held.whole[rows] = predictions[WHOLE]
        for kind in EVIDENCE[1:]:
            held.blanked[kind][rows] = np.where(both[rows], predictions[kind], np.nan)
    return out


def fit_skill(samples: Samples, recipe: Recipe, column: int, *, shared: Floats, trees: int) -> FittedSkill:
    """The regressor of one skill on all of its labelled rows; `shared` (n, k) are the shared families' columns.

    `trees` is what cross-validation found; with tuning the search on all rows says it, for other parameters.
    """
    rows = np.flatnonzero(samples.labelled(column))
    folds = samples.folds[rows]
    fitted, own = _rated_columns(samples, recipe, column, rows, folds)
    seen = _rows(samples, column, rows, shared[rows], own)

    def learnt(kept: NDArray[np.bool_]) -> Rows:
        return learnt_rows(samples, recipe, column, seen.take(kept), rows[kept], of=len(rows))

    params, tuned = recipe.params, dict[str, float]()
    if recipe.trials:
        found = tune(seen, folds, recipe, learnt, seed=recipe.seed)
        params, trees, tuned = found.params, found.trees, found.chosen
    model = fit_regressor(learnt(np.ones(len(rows), dtype=np.bool_)), params, trees=trees, seed=recipe.seed)
    return FittedSkill(model.get_booster(), seen, fitted, params, trees, tuned)
