"""Predictors for real data. Each is fitted on training rows and gives a score for every held-out row, and a class."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from xgboost import XGBRegressor

from skillscope.evaluation.metrics import qwk
from skillscope.evaluation.real.data import RealData
from skillscope.features.families import FamilySet, find_family
from skillscope.features.schema import FEATURE_NAMES, LINGUISTIC
from skillscope.modeling.folds import group_folds

__all__ = [
    "Predicted",
    "Predictor",
    "age_line",
    "best_cuts",
    "boosted",
    "classes_of",
    "fit_trees",
    "length_line",
    "mean_score",
    "own_model",
    "people_folds",
    "tfidf",
    "the_29",
]

Floats = NDArray[np.float64]
INNER_FOLDS: Final = 5
RATINGS_AT_MOST: Final = 7
"""A scale with more distinct ratings is a continuum: scores go to the nearest rating, without cut points."""
WORD_COUNT: Final = [item.name for item in LINGUISTIC].index("word_count")


@dataclass(frozen=True, slots=True)
class Predicted:
    """Scores and classes of held-out rows, each of shape (n,)."""

    scores: Floats
    classes: Floats


Predictor = Callable[[RealData, RealData], Predicted]


def classes_of(scores: Floats, ratings: Floats, cuts: Floats | None = None) -> Floats:
    """The rating that each score stands for: by cut points (one between each two ratings), or the nearest one."""
    if cuts is None:
        cuts = (ratings[1:] + ratings[:-1]) / 2.0
    return ratings[np.searchsorted(cuts, scores, side="right")]


def best_cuts(scores: Floats, truth: Floats, ratings: Floats) -> Floats:
    """Cut points that give the training scores the highest QWK plus accuracy, found one at a time, twice over.

    Candidates are 60 quantiles of the scores around the middle between two ratings.
    """
    cuts = (ratings[1:] + ratings[:-1]) / 2.0
    candidates = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 120)))

    def worth(chosen: Floats) -> float:
        found = classes_of(scores, ratings, chosen)
        return float(np.nan_to_num(qwk(truth, found))) + float((truth == found).mean())

    for _ in range(2):
        for place in range(len(cuts)):
            low = cuts[place - 1] if place else -np.inf
            high = cuts[place + 1] if place + 1 < len(cuts) else np.inf
            best, most = cuts[place], worth(cuts)
            for candidate in candidates[(candidates > low) & (candidates < high)].tolist():
                tried = cuts.copy()
                tried[place] = candidate
                value = worth(tried)
                if value > most + 1e-12:
                    best, most = candidate, value
            cuts[place] = best
    return cuts


def fit_trees(
    rows: Floats, scores: Floats, *, seed: int = 0, leaf: float = 8.0, weights: Floats | None = None
) -> XGBRegressor:
    """Small gradient-boosted trees: a few thousand rows and noisy ratings bear no large ones."""
    model = XGBRegressor(
        n_estimators=220,
        learning_rate=0.04,
        max_depth=3,
        min_child_weight=leaf,
        subsample=0.8,
        colsample_bytree=0.6,
        reg_lambda=4.0,
        tree_method="hist",
        n_jobs=1,  # one thread: sums come in one order
        random_state=seed,
        verbosity=0,
    )
    model.fit(rows, scores, sample_weight=weights, verbose=False)
    return model


def _nearest(scores: Floats, train: RealData) -> Predicted:
    return Predicted(scores, classes_of(scores, np.unique(train.scores)))


def mean_score(train: RealData, test: RealData) -> Predicted:
    """The mean training score for everybody."""
    return _nearest(np.full(len(test), train.scores.mean()), train)


def _line(known: Floats, scores: Floats, wanted: Floats) -> Floats:
    usable = np.isfinite(known)
    slope, base = np.polyfit(known[usable], scores[usable], 1)
    return np.asarray(np.where(np.isfinite(wanted), slope * wanted + base, scores.mean()), dtype=np.float64)


def length_line(train: RealData, test: RealData) -> Predicted:
    """A straight line through the logarithm of the word count."""
    lengths = [np.log1p(part.linguistic[:, WORD_COUNT]) for part in (train, test)]
    return _nearest(_line(lengths[0], train.scores, lengths[1]), train)


def age_line(train: RealData, test: RealData) -> Predicted:
    """A straight line through age."""
    return _nearest(_line(train.age, train.scores, test.age), train)


def tfidf(train: RealData, test: RealData) -> Predicted:
    """Ridge regression on TF-IDF of words and pairs of words, prompts not told apart."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    known, asked = words.fit_transform(train.answers.texts), words.transform(test.answers.texts)
    return _nearest(Ridge(alpha=1.0, solver="sparse_cg", tol=1e-5).fit(known, train.scores).predict(asked), train)


def the_29(data: RealData) -> Floats:
    """The 29 features, shape (n, 29): these data have no play, so only the 16 linguistic ones are known."""
    out = np.full((len(data), len(FEATURE_NAMES)), np.nan)
    out[:, : len(LINGUISTIC)] = data.linguistic
    return out


def people_folds(data: RealData, *, count: int = INNER_FOLDS) -> NDArray[np.int64]:
    """Folds that keep a person whole; an answer of nobody known is its own person. Balanced over prompts where they
    have many answers.
    """
    people = [name or f"row {row}" for row, name in enumerate(data.people)]
    prompts = data.prompts
    few = len(set(prompts)) <= len(prompts) // 20
    return group_folds(people, prompts if few else [""] * len(prompts), folds=count)


def own_model(train: RealData, test: RealData) -> Predicted:
    """`prompt_text.v1` alone: the expected rating by the prompt's own text model, cut points found out of fold."""
    family = find_family("prompt_text.v1")
    fitted = family.fit(train.answers)
    held = family.out_of_fold(train.answers, people_folds(train), fitted)[:, 0]
    found = fitted.transform(test.answers)[:, 0]
    ratings = np.unique(train.scores)
    return Predicted(found, classes_of(found, ratings, best_cuts(held, train.scores, ratings)))


def boosted(keys: Sequence[str] = ()) -> Predictor:
    """Gradient-boosted trees on the 29 features and these families, fitted on the training rows.

    Columns of families that read ratings are out of fold for the training rows, and the cut points of the classes come
    from out-of-fold predictions too.
    """
    families = FamilySet.of(keys)

    def predict(train: RealData, test: RealData) -> Predicted:
        folds = people_folds(train)
        fitted, own = families.fit_transform(train.answers, folds)
        rows = np.hstack([the_29(train), own])
        asked = np.hstack([the_29(test), fitted.transform(test.answers)])
        scores, ratings = train.scores, np.unique(train.scores)
        found = np.asarray(fit_trees(rows, scores).predict(asked), dtype=np.float64)
        if len(ratings) > RATINGS_AT_MOST:
            return Predicted(found, classes_of(found, ratings))
        held = np.full(len(train), np.nan)
        for fold in np.unique(folds).tolist():
            here = folds == fold
            held[here] = fit_trees(rows[~here], scores[~here]).predict(rows[here])
        return Predicted(found, classes_of(found, ratings, best_cuts(held, scores, ratings)))

    return predict
