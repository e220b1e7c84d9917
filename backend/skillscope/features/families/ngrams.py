"""Texts as counts of n-grams: of words, of sounds, and of characters within words. No state, no fitting."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from skillscope.features.families.wording import plain, sounds, tokens

__all__ = ["CHARACTERS", "SOUNDS", "VIEWS", "WORDS", "Counts", "count_ngrams", "count_terms"]

WORDS: Final = "w"
SOUNDS: Final = "s"
CHARACTERS: Final = "c"
VIEWS: Final = (WORDS, SOUNDS, CHARACTERS)
"""One prefix a view; a term is its prefix, a colon, and the n-gram."""


def _runs(items: Sequence[str], prefix: str, longest: int) -> list[str]:
    return [
        f"{prefix}:{' '.join(items[start : start + size])}"
        for size in range(1, longest + 1)
        for start in range(len(items) - size + 1)
    ]


@lru_cache(maxsize=50_000)
def _characters(word: str, longest: int) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(
        f"{CHARACTERS}:{padded[start : start + size]}"
        for size in range(1, longest + 1)
        for start in range(len(padded) - size + 1)
    )


def count_ngrams(text: str, *, words: int = 3, characters: int = 6) -> Counter[str]:
    """How often each term stands in a text: words and sounds up to `words` long, characters up to `characters`."""
    clean = plain(text)
    parts = tokens(clean)
    counted = Counter(_runs(parts, WORDS, words))
    counted.update(_runs(sounds(clean), SOUNDS, words))
    for word in parts:
        counted.update(_characters(word, characters))
    return counted


class Counts:
    """Term counts of some texts: `matrix` (n, terms) with `terms` in alphabetical order."""

    def __init__(self, matrix: csr_matrix, terms: list[str]) -> None:
        self.matrix = matrix
        self.terms = terms


def count_terms(texts: Sequence[str], terms: Sequence[str] | None = None, *, characters: int = 6) -> Counts:
    """Counts of all terms of these texts, or of the given ones only."""
    index = {term: number for number, term in enumerate(terms)} if terms is not None else {}
    grow = terms is None
    columns: list[int] = []
    values: list[int] = []
    ends = [0]
    for text in texts:
        for term, count in count_ngrams(text, characters=characters).items():
            number = index.setdefault(term, len(index)) if grow else index.get(term, -1)
            if number >= 0:
                columns.append(number)
                values.append(count)
        ends.append(len(columns))
    matrix = csr_matrix(
        (np.array(values, dtype=np.float64), np.array(columns, dtype=np.int64), np.array(ends, dtype=np.int64)),
        shape=(len(texts), len(index)),
    )
    names = list(index)
    if grow:
        order = sorted(range(len(names)), key=names.__getitem__)
        matrix = matrix[:, order]
        names = [names[number] for number in order]
    matrix.sort_indices()
    return Counts(matrix, names)
