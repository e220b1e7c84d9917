"""`word_vectors.v1`: what a response speaks of, by the word vectors of the language pipeline, and how that was rated.

Words that no rated response held count too, where words like them were there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy.linalg import solve
from scipy.spatial.distance import cdist

from skillscope.errors import BundleError, SchemaError
from skillscope.features.families.answers import Answers, Floats, Need
from skillscope.features.families.base import FeatureFamily, FittedFamily
from skillscope.features.families.storage import read_arrays, write_arrays
from skillscope.features.families.wording import plain, tokens
from skillscope.language import word_vectors

__all__ = ["FittedWordVectors", "WordVectors", "mean_vectors"]

COLUMNS: Final = ("word_vectors_general",)
FREQUENT: Final = 1e-3
"""A word that is this share of all words counts half (Arora et al. 2017, "A Simple but Tough-to-Beat Baseline for
Sentence Embeddings")."""
FIRST_RANKS: Final = 10.0
"""Added to a word's rank in Zipf's law, which makes too much of the first few."""
ZIPF_SUM: Final = 8.3
"""What 1 / (rank + `FIRST_RANKS`) sums to over 40,000 words."""
LANDMARKS: Final = 500
"""Rated responses that others are compared with, taken evenly where there are more."""
FITTED_AT_MOST: Final = 20_000
"""Rated responses that are learnt from, taken evenly where there are more."""
NEAR: Final = 0.5
PENALTY: Final = 3.0


def mean_vectors(texts: Sequence[str]) -> Floats:
    """The plain mean of the vectors of each text's words, and the mean in which frequent words count less, side by
    side: shape (n, 2 x dimensions); 0 where no word is known. How frequent a word is follows from its rank."""
    split = [[word for word in tokens(plain(text)) if word not in "?!"] for text in texts]
    forms = sorted({word for words in split for word in words})
    place = {form: number for number, form in enumerate(forms)}
    table, ranks = word_vectors(forms)
    share = 1.0 / (np.maximum(ranks, 0) + FIRST_RANKS) / ZIPF_SUM
    weights = FREQUENT / (FREQUENT + share)
    out = np.zeros((len(texts), 2 * table.shape[1]))
    for row, words in enumerate(split):
        found = np.array([place[word] for word in words if ranks[place[word]] >= 0], dtype=np.int64)
        if len(found):
            rare = weights[found] @ table[found] / weights[found].sum()
            out[row] = np.concatenate([table[found].mean(axis=0), rare])
    return out


@dataclass(frozen=True, slots=True)
class FittedWordVectors(FittedFamily):
    """A kernel regression: `centre` and `spread` of the mean vectors, `landmarks` (m, 2 x dimensions) in units of them,
    and a weight for each landmark."""

    centre: Floats
    spread: Floats
    landmarks: Floats
    weights: Floats

    def transform(self, answers: Answers) -> Floats:
        """See `WordVectors`."""
        return self.values(mean_vectors(answers.texts))[:, None]

    def values(self, vectors: Floats) -> Floats:
        """How far above its prompt's mean each response stands, from its mean vectors; NaN where no word is known."""
        near = _likeness((vectors - self.centre) / self.spread, self.landmarks)
        found = np.einsum("ij,j->i", near, self.weights)  # a product through BLAS would depend on the other rows
        return np.where(vectors.any(axis=1), found, np.nan)

    def save(self, folder: Path) -> None:
        """One npz file."""
        names = ("centre", "spread", "landmarks", "weights")
        write_arrays(folder / "vectors.npz", {name: getattr(self, name) for name in names})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        arrays = read_arrays(folder / "vectors.npz")
        try:
            fitted = cls(*(arrays[name] for name in ("centre", "spread", "landmarks", "weights")))
        except KeyError as error:
            raise BundleError(f"{folder} is no folder of {WordVectors().key}; train the bundle again") from error
        width = 2 * word_vectors([])[0].shape[1]
        if fitted.centre.shape != (width,) or fitted.landmarks.shape != (len(fitted.weights), width):
            raise BundleError(f"{folder} was fitted on other word vectors than these; train the bundle again")
        return fitted


def _likeness(rows: Floats, landmarks: Floats) -> Floats:
    """The Gaussian kernel; its width grows with the number of dimensions."""
    found: Floats = np.exp(-NEAR / landmarks.shape[1] * cdist(rows, landmarks, "sqeuclidean"))
    return found


def _evenly(count: int, most: int) -> slice | np.ndarray:
    return slice(None) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


class WordVectors(FeatureFamily):
    """Column `word_vectors_general`: how far above its prompt's mean a kernel ridge regression over all prompts puts
    the response, from the mean vectors of its words; NaN where no word is known. It works for prompts never rated.
    """

    name: ClassVar[str] = "word_vectors"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SCORES})
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    fitted: ClassVar[type[FittedFamily]] = FittedWordVectors

    def fit(self, answers: Answers) -> FittedWordVectors:
        """Fit on the rated rows: the regressors are the likenesses to the landmarks (Smola and Schoelkopf 2000)."""
        rated = answers.take(answers.rated())
        if rated.scores is None or len(rated) < 2:
            raise SchemaError(f"{self.key} needs at least 2 rated responses to be fitted", field="scores")
        aims = rated.scores - rated.scores.mean()
        means = rated.prompt_means()
        for prompt, rows in rated.by_prompt().items():
            aims[rows] = rated.scores[rows] - means[prompt]
        chosen = _evenly(len(rated), FITTED_AT_MOST)
        vectors, aims = mean_vectors(rated.texts)[chosen], aims[chosen]
        centre, spread = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-9)
        rows = (vectors - centre) / spread
        landmarks = rows[_evenly(len(rows), LANDMARKS)]
        near = _likeness(rows, landmarks)
        table = near.T @ near + PENALTY * _likeness(landmarks, landmarks) + 1e-6 * np.eye(len(landmarks))
        return FittedWordVectors(centre, spread, landmarks, solve(table, near.T @ aims, assume_a="pos"))
