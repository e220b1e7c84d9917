"""What a model must beat: predictors that know next to nothing, on the same held-out rows."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from skillscope.modeling.boosting import Floats

__all__ = ["BASELINES", "held_out_baselines", "tfidf_ridge"]

BASELINES: Final = ("mean", "length", "level", "tfidf")
TEXTS_AT_MOST: Final = 20_000
"""Training texts of the TF-IDF baseline; more make it slow and hardly better."""


def tfidf_ridge(train: Sequence[str], scores: Floats, test: Sequence[str], *, seed: int = 0) -> Floats:
    """Predictions of ridge regressions on TF-IDF of words and pairs of words, shape (len(test), k).

    `scores` has shape (len(train), k); a column is fitted on the rows where it is not NaN, and left NaN without any.
    """
    rows = np.arange(len(train))
    if len(rows) > TEXTS_AT_MOST:
        rows = np.sort(np.random.default_rng(seed).choice(rows, TEXTS_AT_MOST, replace=False))
    texts = [train[int(row)] for row in rows]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, tokenizer=str.split, token_pattern=None)
    known, asked = words.fit_transform(texts), words.transform(list(test))
    out = np.full((len(test), scores.shape[1]), np.nan)
    for column in range(scores.shape[1]):
        wanted = scores[rows, column]
        labelled = np.isfinite(wanted)
        if labelled.any():
            model = Ridge(alpha=1.0, solver="sparse_cg", tol=1e-4).fit(known[labelled], wanted[labelled])
            out[:, column] = model.predict(asked)
    return out


def _length_line(train: Floats, scores: Floats, test: Floats) -> Floats:
    known = np.isfinite(train)
    if known.sum() < 2 or np.ptp(train[known]) == 0.0:
        return np.full(len(test), scores.mean())
    slope, base = np.polyfit(train[known], scores[known], 1)
    return np.asarray(np.where(np.isfinite(test), slope * test + base, scores.mean()))


def _level_means(train: pd.DataFrame, scores: Floats, test: pd.DataFrame) -> Floats:
    keys = ["skill", "skill_level"]
    means = train[keys].assign(score=scores).groupby(keys)["score"].mean()
    found = means.reindex(pd.MultiIndex.from_frame(test[keys])).to_numpy(dtype=np.float64)
    return np.asarray(np.where(np.isnan(found), scores.mean(), found))


def held_out_baselines(
    frame: pd.DataFrame, scores: Floats, folds: NDArray[np.int64], *, seed: int = 0
) -> dict[str, Floats]:
    """By name, the predictions (n, k) for every row by a baseline fitted on the other folds.

    `frame` needs response, skill, skill_level and word_count; `scores` has shape (n, k), NaN where there is no label.
    The level baseline reads the level tag, which no model may: it shows what the tag alone is worth.
    """
    out = {name: np.full(scores.shape, np.nan) for name in BASELINES}
    lengths = frame["word_count"].to_numpy(dtype=np.float64)
    texts = frame["response"].to_numpy(dtype=object)
    for fold in np.unique(folds):
        test, train = folds == fold, folds != fold
        out["tfidf"][test] = tfidf_ridge(texts[train], scores[train], texts[test], seed=seed)
        for column in range(scores.shape[1]):
            rows = train & np.isfinite(scores[:, column])
            if not rows.any():
                continue
            wanted = scores[rows, column]
            out["mean"][test, column] = wanted.mean()
            out["length"][test, column] = _length_line(lengths[rows], wanted, lengths[test])
            out["level"][test, column] = _level_means(frame[rows], wanted, frame[test])
    return out
