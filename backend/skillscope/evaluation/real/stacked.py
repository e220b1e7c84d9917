"""Predictors of two storeys: trees and text models side by side, and a small model of what each is worth."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from skillscope.evaluation.real.consensus import expected_levels
from skillscope.evaluation.real.data import RealData
from skillscope.evaluation.real.predictors import (
    RATINGS_AT_MOST,
    Predicted,
    Predictor,
    best_cuts,
    classes_of,
    fit_trees,
    people_folds,
    the_29,
)
from skillscope.features.families import FamilySet, find_family
from skillscope.features.families.prompt_text import PromptText

__all__ = ["blended", "never_seen"]

Floats = NDArray[np.float64]
TEXT: Final = "prompt_text.v1"
VECTORS: Final = "word_vectors.v1"
POOL: Final = "prompt_pool.v1"


def blended(keys: Sequence[str] = (), *, others: bool = False) -> Predictor:
    """Trees on the 29 and these families (which read no ratings) beside the columns of `prompt_text.v1` and
    `word_vectors.v1`.

    They are summed with weights of 0 or more, found by least squares on out-of-fold values of the training rows.
    `others` adds the means of the same columns over the same person's other texts; ratings of theirs are not read.
    """
    families = FamilySet.of(keys)

    def predict(train: RealData, test: RealData) -> Predicted:
        folds = people_folds(train, count=10)
        text, vectors = find_family(TEXT), find_family(VECTORS)
        fitted, fitted_families = text.fit(train.answers), families.fit(train.answers)
        fitted_vectors = vectors.fit(train.answers)
        centre = float(train.scores.mean())
        rows = np.hstack([the_29(train), fitted_families.transform(train.answers)])
        asked = np.hstack([the_29(test), fitted_families.transform(test.answers)])
        held = np.zeros(len(train))
        for fold in np.unique(folds).tolist():
            here = folds == fold
            held[here] = _trees(rows[~here], train.scores[~here], rows[here])
        spoken = vectors.out_of_fold(train.answers, folds, fitted_vectors)
        own = _deviations(held, text.out_of_fold(train.answers, folds, fitted), spoken, centre)
        spoken = fitted_vectors.transform(test.answers)
        new = _deviations(_trees(rows, train.scores, asked), fitted.transform(test.answers), spoken, centre)
        if others:
            own, new = (
                np.hstack([own, _of_others(own, train.people)]),
                np.hstack([new, _of_others(new, test.people)]),
            )
        weights = nnls(own, train.scores - centre)[0]
        found = centre + new @ weights
        ratings = np.unique(train.scores)
        cuts = best_cuts(centre + own @ weights, train.scores, ratings) if len(ratings) <= RATINGS_AT_MOST else None
        return Predicted(found, classes_of(found, ratings, cuts))

    return predict


def _trees(rows: Floats, scores: Floats, asked: Floats) -> Floats:
    runs = [fit_trees(rows, scores, seed=seed).predict(asked) for seed in range(3)]
    return np.asarray(np.mean(runs, axis=0), dtype=np.float64)


def _of_others(columns: Floats, people: Sequence[str]) -> Floats:
    """The mean of each column over the other rows of the same person; 0 where there are none."""
    number = np.unique(np.asarray(people), return_inverse=True)[1]
    sums = np.zeros((int(number.max()) + 1, columns.shape[1]))
    np.add.at(sums, number, columns)
    counts = np.bincount(number)[number][:, None] - 1
    return np.asarray((sums[number] - columns) / np.maximum(counts, 1) * (counts > 0), dtype=np.float64)


def _deviations(trees: Floats, text: Floats, vectors: Floats, centre: float) -> Floats:
    """Trees, prompt's own model and prompt's mean as deviations from the centre, and the general columns of both
    families; what is not known says nothing.
    """
    return np.nan_to_num(
        np.column_stack([trees - centre, text[:, 0] - centre, text[:, 3] - centre, text[:, 4], vectors])
    )


def never_seen(train: RealData, test: RealData) -> Predicted:
    """For a prompt that nobody rated: how an answer stands among the unrated answers of other people to that prompt.

    Three models of deviations from the prompt's mean, fitted on the rated prompts: trees and a ridge regression on
    `prompt_pool.v1`, and the general column of `prompt_text.v1`, summed 1 : 0.5 : 0.5 in units of their spread over
    the training rows. The pool of an answer never holds the answer itself, nor any of the same person. How hard the
    prompt is follows from how alike its answers are.
    """
    own = find_family(POOL).fit(train.answers.unrated()).transform(train.answers)
    new = np.full((len(test), own.shape[1]), np.nan)
    halves = people_folds(test, count=2)
    for half in (0, 1):
        here = np.flatnonzero(halves == half)
        pool = find_family(POOL).fit(test.answers.take(np.flatnonzero(halves != half)).unrated())
        new[here] = pool.transform(test.answers.take(here))
    rows, asked = np.hstack([the_29(train), own]), np.hstack([the_29(test), new])
    ratings = np.unique(train.scores)
    # The mean of the other prompts is no guess at that of the new one: it is the higher, the lower the mean of the one
    # that was left out.
    centre = float(ratings[0] + ratings[-1]) / 2.0
    aims = train.scores.copy()
    for here in train.answers.by_prompt().values():
        aims[here] -= aims[here].mean()
    trees = [fit_trees(rows, aims, seed=seed, leaf=40.0) for seed in range(3)]
    by_trees = np.asarray(np.mean([model.predict(asked) for model in trees], axis=0), dtype=np.float64)
    weights = _ridge_weights(own, aims, penalty=300.0)
    text = PromptText().fit_general(train.answers)
    general = [text.transform(part.answers)[:, 4] for part in (train, test)]
    centred = general[1].copy()
    # What the general model says of all answers to a new prompt is about the prompt's words, not about the answers.
    for half in (0, 1):
        centred[halves == half] -= general[1][halves != half].mean()
    spread = _spread(np.mean([model.predict(rows) for model in trees], axis=0))
    deviation = 0.5 * (
        by_trees
        + 0.5 * spread * _clean(new) @ weights / _spread(_clean(own) @ weights)
        + 0.5 * spread * centred / _spread(general[0])
    )
    found = centre + expected_levels(train, test) + deviation
    return Predicted(found, classes_of(found, ratings))


def _spread(values: Floats) -> float:
    """The standard deviation; 1 where nothing varies, so that it can be divided by."""
    return float(np.std(values)) or 1.0


def _clean(columns: Floats) -> Floats:
    return np.clip(np.nan_to_num(columns), -4.0, 4.0)


def _ridge_weights(columns: Floats, aims: Floats, *, penalty: float) -> Floats:
    table = _clean(columns)
    return np.asarray(np.linalg.solve(table.T @ table + penalty * np.eye(table.shape[1]), table.T @ aims))
