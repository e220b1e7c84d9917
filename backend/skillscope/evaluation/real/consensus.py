"""How alike the answers to a question are, which tells something of how many of them are right, without one rating.

Who knows the answer says what others say who know it; who does not is wrong in a way of their own (Romney, Weller &
Batchelder 1986, "Culture as consensus"). The more alike the answers, the more of them are right.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr
from sklearn.feature_extraction.text import TfidfVectorizer

from skillscope.evaluation.real.data import RealData
from skillscope.evaluation.real.predictors import Predicted, classes_of
from skillscope.features.families.prompt_pool import POOL_AT_LEAST

__all__ = ["consensus", "consensus_alone", "consensus_and_mean", "consensus_sentence", "expected_levels"]

Floats = NDArray[np.float64]
DOUBT: Final = 1.0
"""The line is drawn as if so many more prompts lay at the mean of both: few prompts say little."""


def consensus(texts: Sequence[str]) -> float:
    """Mean cosine of two of these texts, over all pairs: TF-IDF of their words, 0 to 1. NaN where fewer than
    `POOL_AT_LEAST` texts, or no words, leave it unknown.
    """
    if len(texts) < POOL_AT_LEAST:
        return float("nan")
    try:
        table = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    except ValueError:  # it knows no other way to say that there are no words
        return float("nan")
    total = np.asarray(table.sum(axis=0)).ravel()
    return float((total @ total - table.multiply(table).sum()) / (len(texts) * (len(texts) - 1)))


def consensus_and_mean(data: RealData) -> tuple[Floats, Floats]:
    """By prompt, for those whose consensus is known: it, and the mean rating."""
    texts, scores = data.answers.texts, data.scores
    pairs = [
        (consensus([texts[row] for row in rows.tolist()]), float(scores[rows].mean()))
        for rows in data.answers.by_prompt().values()
    ]
    known = np.array([pair for pair in pairs if np.isfinite(pair[0])], dtype=np.float64).reshape(-1, 2)
    return known[:, 0], known[:, 1]


def expected_levels(train: RealData, test: RealData) -> Floats:
    """How far the mean rating of each row's prompt (m,) is expected from the middle of the rated prompts, by a line on
    their consensus. 0 where consensus is unknown. Of the prompts asked about, texts alone are read.
    """
    alike, mean = consensus_and_mean(train)
    out = np.zeros(len(test))
    if len(alike) < 2 or not np.ptp(alike):
        return out
    centred = alike - alike.mean()
    slope = float(centred @ mean) / (float(centred @ centred) * (1.0 + DOUBT / len(alike)))
    for rows in test.answers.by_prompt().values():
        found = consensus([test.answers.texts[row] for row in rows.tolist()])
        out[rows] = 0.0 if np.isnan(found) else slope * (found - alike.mean())
    return out


def consensus_alone(train: RealData, test: RealData) -> Predicted:
    """Every answer to a prompt that nobody rated gets what the consensus of its answers lets expect."""
    ratings = np.unique(train.scores)
    found = float(ratings[0] + ratings[-1]) / 2.0 + expected_levels(train, test)
    return Predicted(found, classes_of(found, ratings))


def consensus_sentence(data: RealData) -> str:
    """What consensus says of the mean rating, over the prompts of other data."""
    alike, mean = consensus_and_mean(data)
    found = pearsonr(alike, mean)
    low, high = found.confidence_interval(0.95)
    return (
        f"Questions whose answers are more alike have more right ones: r {found.statistic:.2f} [{low:.2f}, {high:.2f}] "
        f"between the mean cosine of two answers and the share of right ones, over {len(alike)} questions."
    )
