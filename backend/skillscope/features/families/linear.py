"""A penalised linear model on TF-IDF of n-grams, kept as terms, weights and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController

from skillscope.features.families.answers import Floats
from skillscope.features.families.ngrams import VIEWS, Counts, count_terms

__all__ = ["CLASSES_AT_MOST", "LinearTextModel"]

CLASSES_AT_MOST: Final = 7
"""Ratings with more distinct values than this are taken as a continuum: ridge instead of logistic regression."""


def _bounds(terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where each view's terms begin and end; terms are in alphabetical order, so a view is one stretch."""
    first = np.array([term[0] for term in terms], dtype="U1") if terms else np.zeros(0, dtype="U1")
    return [
        (int(np.searchsorted(first, view)), int(np.searchsorted(first, view, side="right"))) for view in sorted(VIEWS)
    ]


def weigh(counts: csr_matrix, terms: Sequence[str], idf: Floats) -> csr_matrix:
    """Sublinear TF-IDF (1 + ln count) x idf, each view of a row scaled to length 1."""
    out = counts.astype(np.float64)
    out.data = 1.0 + np.log(out.data)
    out = csr_matrix(out @ diags(idf))
    parts = []
    for begin, end in _bounds(terms):
        part = csr_matrix(out[:, begin:end])
        lengths = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        parts.append(diags(np.where(lengths > 0.0, 1.0 / np.where(lengths > 0.0, lengths, 1.0), 0.0)) @ part)
    return csr_matrix(hstack(parts))


@dataclass(frozen=True, slots=True)
class LinearTextModel:
    """Weights (terms, outputs) and a base (outputs,). `classes` are the ratings, or empty for a ridge."""

    terms: list[str]
    idf: Floats
    weights: Floats
    base: Floats
    classes: Floats
    characters: int

    @classmethod
    def fit(
        cls,
        counts: Counts,
        rows: NDArray[np.int64],
        scores: Floats,
        *,
        fewest: int = 2,
        strength: float = 10.0,
        penalty: float = 5.0,
        characters: int = 6,
        continuous: bool = False,
    ) -> Self:
        """Fit on some rows of `counts`; `scores` (shape (len(rows),)) are theirs.

        Terms in fewer than `fewest` rows are left out. `strength` is the logistic regression's C, `penalty` the
        ridge's alpha.
        """
        part = csr_matrix(counts.matrix[rows])
        seen = np.bincount(part.indices, minlength=part.shape[1])
        kept = np.flatnonzero(seen >= fewest)
        terms = [counts.terms[number] for number in kept.tolist()]
        idf = np.log((1.0 + len(rows)) / (1.0 + seen[kept])) + 1.0
        table = weigh(csr_matrix(part[:, kept]), terms, idf)
        classes = np.unique(scores)
        if continuous or len(classes) > CLASSES_AT_MOST:
            weights, base = _ridge(table, scores, penalty)
            classes = np.zeros(0)
        elif len(classes) == 1 or not terms:
            shares = np.array([(scores == value).mean() for value in classes])
            weights, base = np.zeros((len(terms), len(classes))), np.log(shares)
        else:
            with _threads.limit(limits=1):  # sums in one order, and no threads that wait for one another
                weights, base = _logistic(table, scores, strength)
        return cls(terms, idf, weights, base, classes, characters)

    def values(self, texts: Sequence[str]) -> Floats:
        """Class probabilities, shape (n, classes), or the ridge's prediction, shape (n, 1)."""
        return self._values(count_terms(texts, self.terms, characters=self.characters).matrix)

    def values_of(self, counts: Counts, rows: NDArray[np.int64]) -> Floats:
        """The same for some rows of counts that hold every term of the model."""
        columns = np.searchsorted(np.array(counts.terms), np.array(self.terms)) if self.terms else rows[:0]
        return self._values(csr_matrix(csr_matrix(counts.matrix[rows])[:, columns]))

    def _values(self, counts: csr_matrix) -> Floats:
        table = weigh(counts, self.terms, self.idf)
        raw = np.asarray(table @ self.weights) + self.base
        if not len(self.classes):
            return raw
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(raw / raw.sum(axis=1, keepdims=True), dtype=np.float64)


_threads = ThreadpoolController()


def _logistic(table: csr_matrix, scores: Floats, strength: float) -> tuple[Floats, Floats]:
    # The best weights are a sum of training rows, so the fit may be done in the space that the rows span: with a few
    # hundred rows and many thousand terms that is much the faster.
    lengths, axes = np.linalg.eigh((table @ table.T).toarray())
    kept = lengths > 1e-9 * lengths[-1]
    scale, axes = np.sqrt(lengths[kept]), axes[:, kept]
    names = np.unique(scores, return_inverse=True)[1]
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-6).fit(axes * scale, names)
    weights, base = np.asarray(table.T @ (axes / scale @ model.coef_.T)), model.intercept_
    if weights.shape[1] == 1:  # two classes come as one column: the log odds of the second
        weights, base = np.hstack([np.zeros_like(weights), weights]), np.array([0.0, base[0]])
    return np.ascontiguousarray(weights), base


def _ridge(table: csr_matrix, scores: Floats, penalty: float) -> tuple[Floats, Floats]:
    mean = float(scores.mean())
    across = csr_matrix(table.T)
    kernel = LinearOperator(
        (len(scores), len(scores)), matvec=lambda v: table @ (across @ v) + penalty * v, dtype=np.float64
    )
    dual, _ = cg(kernel, scores - mean, rtol=1e-8, maxiter=1000)
    return np.asarray(across @ dual)[:, None], np.array([mean])
