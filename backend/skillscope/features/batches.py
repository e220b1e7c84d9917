"""A batch of texts parsed at once, as arrays over all of its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skillscope.features.sentences import Sentences, split_sentences
from skillscope.features.words import WordTable, WordType
from skillscope.language import Analysis, load_analyser

__all__ = ["ParsedBatch", "arrays", "parse_batch"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """Tokens of all texts one after the other. `bounds[i]:bounds[i + 1]` are those of text i; `heads` are indices
    into the whole.

    `words`, `unique_lemmas`, `syllables`, `sentences` (those that hold a word) and `depths` (summed over these) are one
    number a text. In a text with a boundary in doubt the last two are averages over several ways to split it
    (`sentences.py`), no whole numbers.
    """

    bounds: Ints
    kinds: Ints
    types: list[WordType]
    heads: Ints
    relations: Ints
    split: Sentences
    rows: Ints
    words: Ints
    unique_lemmas: Ints
    syllables: Ints
    sentences: Floats
    depths: Floats

    def tag_counts(self, tags: tuple[str, ...]) -> Ints:
        """Words of each text with one of these tags."""
        chosen = np.array([kind.is_word and kind.tag in tags for kind in self.types], dtype=bool)
        return np.bincount(self.rows[chosen[self.kinds]], minlength=len(self.words)).astype(np.int64)

    def types_of(self, row: int) -> list[WordType]:
        """The types of one text's tokens."""
        types = self.types
        return [types[kind] for kind in self.kinds[self.bounds[row] : self.bounds[row + 1]].tolist()]

    def tree(self, row: int) -> tuple[list[int], list[str]]:
        """The heads (indices within the text) and relations of one text's tokens."""
        begin, end = int(self.bounds[row]), int(self.bounds[row + 1])
        names = load_analyser().relations
        heads: list[int] = (self.heads[begin:end] - begin).tolist()
        return heads, [names[relation] for relation in self.relations[begin:end].tolist()]

    def splits(self, row: int) -> tuple[tuple[int, ...], ...]:
        """The ways to split a text over which sentences and depths are averaged, each as the indices of the first
        tokens of its sentences: one way, or as many as there are levels where a boundary is in doubt."""
        begin, end = int(self.bounds[row]), int(self.bounds[row + 1])
        if not self.split.texts[row]:
            return (tuple(np.flatnonzero(self.split.starts[begin:end]).tolist()),)
        before = int(np.diff(self.bounds)[:row][self.split.texts[:row]].sum())
        part = self.split.levels[:, before : before + end - begin]
        return tuple(tuple(np.flatnonzero(level).tolist()) for level in part)


def parse_batch(texts: Sequence[str], table: WordTable) -> ParsedBatch:
    """Parse the texts and measure what needs no list: words, sentences, lemmas, syllables and depths."""
    return arrays(load_analyser().analyse(texts), table)


def arrays(analysis: Analysis, table: WordTable) -> ParsedBatch:
    """The batch of texts that are already analysed."""
    bounds, heads = analysis.bounds, analysis.heads
    count = len(bounds) - 1
    rows = np.repeat(np.arange(count), np.diff(bounds))
    kinds, types = _types(analysis, table)
    is_word = np.array([kind.is_word for kind in types], dtype=bool)[kinds]
    syllables = _mend_dont(np.array([kind.syllables for kind in types], dtype=np.int64)[kinds], kinds, types)
    words = _per_row(rows[is_word], count)
    split = split_sentences(analysis)
    sentences, depths = (found.astype(np.float64) for found in _split(split.starts, heads, rows, is_word, count))
    if split.texts.any():
        sentences[split.texts], depths[split.texts] = _split_levels(split, heads, rows, is_word)
    lemmas: dict[str, int] = {}
    numbers = np.array([lemmas.setdefault(kind.lemma, len(lemmas)) for kind in types], dtype=np.int64)
    pairs = np.unique((rows * max(len(lemmas), 1) + numbers[kinds])[is_word])
    return ParsedBatch(
        bounds=bounds,
        kinds=kinds,
        types=types,
        heads=heads,
        relations=analysis.relations,
        split=split,
        rows=rows,
        words=words,
        unique_lemmas=_per_row(pairs // max(len(lemmas), 1), count),
        syllables=_per_row(rows, count, syllables),
        sentences=sentences,
        depths=depths,
    )


def _split(starts: Bools, heads: Ints, rows: Ints, is_word: Bools, count: int) -> tuple[Ints, Ints]:
    """Of each text, the sentences that hold a word and the sum of their depths; an arc that leaves its sentence is
    cut."""
    sentence = np.cumsum(starts) - 1
    sentence_rows = rows[starts]
    deepest = np.full(len(sentence_rows), -1, dtype=np.int64)
    inner = np.where(sentence[heads] == sentence, heads, np.arange(len(heads)))
    np.maximum.at(deepest, sentence[is_word], _depths(inner)[is_word])
    spoken = deepest >= 0
    sentences = _per_row(sentence_rows[spoken], count)
    return sentences, _per_row(sentence_rows[spoken], count, deepest[spoken])


def _split_levels(split: Sentences, heads: Ints, rows: Ints, is_word: Bools) -> tuple[Floats, Floats]:
    """Of each text with a boundary in doubt, sentences and the sum of their depths, averaged over the levels."""
    levels, texts = len(split.levels), int(split.texts.sum())
    places = np.flatnonzero(split.texts[rows])
    moved = heads[places] - (places - np.arange(len(places)))
    numbers = (np.cumsum(split.texts) - 1)[rows[places]]
    level = np.repeat(np.arange(levels), len(places))
    found = _split(
        split.levels.reshape(-1),
        np.tile(moved, levels) + level * len(places),
        np.tile(numbers, levels) + level * texts,
        np.tile(is_word[places], levels),
        levels * texts,
    )
    sentences, depths = (table.reshape(levels, texts).sum(axis=0) for table in found)
    return sentences / levels, depths / levels


def _per_row(rows: Ints, count: int, weights: Ints | None = None) -> Ints:
    return np.bincount(rows, weights=weights, minlength=count).astype(np.int64)


def _types(analysis: Analysis, table: WordTable) -> tuple[Ints, list[WordType]]:
    """The number of each token's type, and the types."""
    names = load_analyser().tags
    if not len(analysis.forms):
        return np.zeros(0, dtype=np.int64), []
    strings = analysis.docs[0].vocab.strings
    forms, form_of = np.unique(analysis.forms, return_inverse=True)
    pairs, kinds = np.unique(form_of * len(names) + analysis.tags, return_inverse=True)
    texts = [strings[form] for form in forms.tolist()]
    types = [table.find(texts[pair // len(names)], names[pair % len(names)]) for pair in pairs.tolist()]
    return kinds, types


def _mend_dont(syllables: Ints, kinds: Ints, types: list[WordType]) -> Ints:
    """ "don't" has one syllable although "did" + "n't" has two: the "n't" after "do" counts none."""
    clitic = np.array([kind.keys[0] in {"n't", "nt"} for kind in types], dtype=bool)
    do = np.array([kind.keys[0] == "do" for kind in types], dtype=bool)
    if not clitic.any() or not do.any():
        return syllables
    mended = syllables.copy()
    mended[1:][clitic[kinds[1:]] & do[kinds[:-1]]] = 0
    return mended


def _depths(heads: Ints) -> Ints:
    """Edges from each token up to its root."""
    depths = np.zeros(len(heads), dtype=np.int64)
    above = heads
    current = np.arange(len(heads))
    while True:
        moved = above != current
        if not moved.any():
            return depths
        depths += moved
        current, above = above, heads[above]
