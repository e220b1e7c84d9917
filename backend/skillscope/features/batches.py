"""A batch of texts parsed at once, as arrays over all of its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from skillscope.features.sentences import ATTRIBUTES, sentence_starts
from skillscope.features.words import WordTable, WordType
from skillscope.language import load_pipeline

__all__ = ["ParsedBatch", "parse_batch", "parse_docs"]

Ints = NDArray[np.int64]

_COLUMNS: Final[list[int | str]] = [*ATTRIBUTES, "ORTH", "HEAD", "DEP"]
_PARSED_AT_ONCE: Final = 32  # texts whose arrays fit the cache; a tenth faster than 128
_SKIPPED: Final = frozenset({"lemmatizer"})  # lemmas are looked up once a word type instead


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """Tokens of all texts one after the other. `bounds[i]:bounds[i + 1]` are those of text i; `heads` are indices
    into the whole.

    `words`, `sentences` (those that hold a word), `unique_lemmas`, `syllables` and `depths` (summed over sentences)
    are one number a text.
    """

    bounds: Ints
    kinds: Ints
    types: list[WordType]
    heads: Ints
    deps: NDArray[np.uint64]
    starts: NDArray[np.bool_]
    rows: Ints
    words: Ints
    sentences: Ints
    unique_lemmas: Ints
    syllables: Ints
    depths: Ints

    def tag_counts(self, tags: tuple[str, ...]) -> Ints:
        """Words of each text with one of these tags."""
        chosen = np.array([kind.is_word and kind.tag in tags for kind in self.types], dtype=bool)
        return np.bincount(self.rows[chosen[self.kinds]], minlength=len(self.words)).astype(np.int64)

    def tree(self, row: int) -> tuple[list[WordType], list[int], list[str]]:
        """The types, heads (indices within the text) and relations of one text's tokens."""
        begin, end = int(self.bounds[row]), int(self.bounds[row + 1])
        strings = load_pipeline().vocab.strings
        types = [self.types[kind] for kind in self.kinds[begin:end].tolist()]
        heads = (self.heads[begin:end] - begin).tolist()
        return types, heads, [strings[dep] for dep in self.deps[begin:end].tolist()]


def parse_docs(texts: Sequence[str]) -> list[Doc]:
    """Tagged and parsed documents, without lemmas. Empty texts stay unparsed."""
    nlp = load_pipeline()
    docs = [nlp.make_doc(text) for text in texts]
    full = [doc for doc in docs if len(doc)]
    for start in range(0, len(full), _PARSED_AT_ONCE):
        run = full[start : start + _PARSED_AT_ONCE]
        for name, component in nlp.pipeline:
            if name not in _SKIPPED:
                component.set_annotations(run, component.predict(run))  # type: ignore[attr-defined]  # trainable pipes
    return docs


def parse_batch(texts: Sequence[str], table: WordTable) -> ParsedBatch:
    """Parse the texts and measure what needs no list: words, sentences, lemmas, syllables and depths."""
    return arrays(parse_docs(texts), table)


def arrays(docs: Sequence[Doc], table: WordTable) -> ParsedBatch:
    """The arrays of parsed documents."""
    lengths = np.array([len(doc) for doc in docs], dtype=np.int64)
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    full = [doc.to_array(_COLUMNS) for doc in docs if len(doc)]
    joined = np.concatenate(full) if full else np.empty((0, len(_COLUMNS)), dtype=np.uint64)
    column = {name: joined[:, number] for number, name in enumerate(_COLUMNS)}
    count = len(docs)
    rows = np.repeat(np.arange(count), lengths)
    kinds, types = _types(column["ORTH"], column["POS"], docs, table)
    heads = column["HEAD"].astype(np.int64) + np.arange(len(joined))
    is_word = np.array([kind.is_word for kind in types], dtype=bool)[kinds] if len(types) else np.zeros(0, dtype=bool)
    syllables = np.array([kind.syllables for kind in types], dtype=np.int64)[kinds] if len(types) else kinds
    syllables = _mend_dont(syllables, kinds, types)
    starts = sentence_starts(joined, bounds)
    sentence = np.cumsum(starts) - 1
    sentence_rows = rows[starts]
    deepest = np.full(len(sentence_rows), -1, dtype=np.int64)
    inner = np.where(sentence[heads] == sentence, heads, np.arange(len(heads)))  # no arc leaves its sentence
    np.maximum.at(deepest, sentence[is_word], _depths(inner)[is_word])
    spoken = deepest >= 0
    lemmas: dict[str, int] = {}
    numbers = np.array([lemmas.setdefault(kind.lemma, len(lemmas)) for kind in types], dtype=np.int64)
    pairs = np.unique((rows * max(len(lemmas), 1) + (numbers[kinds] if len(types) else kinds))[is_word])
    return ParsedBatch(
        bounds=bounds,
        kinds=kinds,
        types=types,
        heads=heads,
        deps=column["DEP"],
        starts=starts,
        rows=rows,
        words=_per_row(rows[is_word], count),
        sentences=_per_row(sentence_rows[spoken], count),
        unique_lemmas=_per_row(pairs // max(len(lemmas), 1), count),
        syllables=_per_row(rows, count, syllables),
        depths=_per_row(sentence_rows[spoken], count, deepest[spoken]),
    )


def _per_row(rows: Ints, count: int, weights: Ints | None = None) -> Ints:
    return np.bincount(rows, weights=weights, minlength=count).astype(np.int64)


def _types(
    orths: NDArray[np.uint64], tags: NDArray[np.uint64], docs: Sequence[Doc], table: WordTable
) -> tuple[Ints, list[WordType]]:
    """The number of each token's type, and the types."""
    if not len(orths):
        return np.empty(0, dtype=np.int64), []
    strings = docs[0].vocab.strings
    forms, form_of = np.unique(orths, return_inverse=True)
    pairs, kinds = np.unique(form_of.astype(np.int64) * 256 + tags.astype(np.int64), return_inverse=True)
    names = {tag: strings[tag] if tag else "X" for tag in np.unique(tags).tolist()}
    types = [table.find(strings[int(forms[pair // 256])], names[pair % 256]) for pair in pairs.tolist()]
    return kinds.astype(np.int64), types


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
