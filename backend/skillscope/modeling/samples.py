"""What regressors learn from: rows with features, labels, groups that no split cuts, and weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skillscope.features.families import Answers

__all__ = ["Adversaries", "Floats", "Rows", "Samples"]

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Adversaries:
    """Copies of training rows with a text that games: the row each is of (m,), its features (m, 29), its weight (m,)
    beside that of its row."""

    rows: Numbers
    features: Floats
    weights: Floats


@dataclass(frozen=True)
class Samples:
    """A training set of n rows.

    `features` (n, 29) and `scores` (n, k) are NaN where nothing is known; `groups` (n,) may not be cut and `folds` (n,)
    says where a row is tested. `strata` (n,) are what oversampling evens out, `weights` (n,) how much a label counts.
    `answers` are the responses, for feature families; `adversaries` are learnt beside the rows that they are copies of.
    """

    features: Floats
    scores: Floats
    groups: Numbers
    folds: Numbers
    strata: NDArray[np.str_]
    weights: Floats
    answers: Answers | None = None
    adversaries: Adversaries | None = None

    @classmethod
    def plain(cls, features: Floats, scores: Floats, folds: Numbers, groups: Numbers) -> "Samples":
        """Samples of one stratum, of one weight, without texts."""
        count = len(features)
        return cls(features, scores, groups, folds, np.full(count, ""), np.ones(count))

    @property
    def fold_count(self) -> int:
        """How many folds there are."""
        return int(self.folds.max()) + 1

    def labelled(self, column: int) -> NDArray[np.bool_]:
        """Which rows have this label, shape (n,)."""
        return np.isfinite(self.scores[:, column])

    def copies(self, column: int, rows: Numbers, width: int) -> "Rows":
        """The adversarial copies of these rows, with the labels of their rows; columns of families are unknown."""
        if self.adversaries is None:
            none = np.empty(0, dtype=np.int64)
            return Rows(np.empty((0, width)), self.scores[none, column], self.weights[none], self.strata[none])
        inside = np.isin(self.adversaries.rows, rows)
        features, of = self.adversaries.features[inside], self.adversaries.rows[inside]
        unknown = np.full((len(of), width - features.shape[1]), np.nan)
        wide = np.hstack([features, unknown])
        weights = self.weights[of] * self.adversaries.weights[inside]
        return Rows(wide, self.scores[of, column], weights, self.strata[of])


@dataclass(frozen=True)
class Rows:
    """Labelled rows of one skill as a regressor is fitted on them: features (m, f), scores, weights, strata (m,)."""

    features: Floats
    scores: Floats
    weights: Floats
    strata: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: Numbers | NDArray[np.bool_]) -> "Rows":
        """Some of them, in this order."""
        return Rows(self.features[rows], self.scores[rows], self.weights[rows], self.strata[rows])

    def and_also(self, more: "Rows") -> "Rows":
        """These rows, and then the others."""
        return Rows(
            np.concatenate([self.features, more.features]),
            np.concatenate([self.scores, more.scores]),
            np.concatenate([self.weights, more.weights]),
            np.concatenate([self.strata, more.strata]),
        )
