"""Texts with every word's tag and lemma and every hit's place: what evidence and explanations are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from skillscope.features.batches import arrays
from skillscope.features.hits import Hit, find_hits
from skillscope.features.linguistic import word_table
from skillscope.features.texts import clean_text
from skillscope.features.words import WordType
from skillscope.language import load_analyser

__all__ = ["Annotation", "Token", "annotate"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its place: `text[start:end]`. `head` is the index of its head within the text (its own for a
    root)."""

    text: str
    start: int
    end: int
    tag: str
    lemma: str
    relation: str
    head: int
    kind: WordType


@dataclass(frozen=True, slots=True)
class Annotation:
    """One text with its tokens and hits; `sentences` holds the index of each sentence's first token, `splits` the same
    for each of the ways to split the text over which its features are averaged (`sentences.py`)."""

    text: str
    tokens: tuple[Token, ...]
    sentences: tuple[int, ...]
    splits: tuple[tuple[int, ...], ...]
    hits: tuple[Hit, ...]

    def spans(self, hit: Hit) -> list[tuple[int, int]]:
        """Where a hit stands in the text: (start, end) of each run of its tokens, in characters."""
        runs: list[tuple[int, int]] = []
        for index in hit.tokens:
            token = self.tokens[index]
            if runs and not self.text[runs[-1][1] : token.start].strip():
                runs[-1] = (runs[-1][0], token.end)
            else:
                runs.append((token.start, token.end))
        return runs


def annotate(texts: Sequence[str]) -> list[Annotation]:
    """Parse texts and find every entry of the six lists in them.

    Raises:
        TextError: a text is no string or too long.
    """
    cleaned = [clean_text(text, number) for number, text in enumerate(texts)]
    analysis = load_analyser().analyse(cleaned)
    batch = arrays(analysis, word_table())
    annotations = []
    for row, doc in enumerate(analysis.docs):
        types = batch.types_of(row)
        heads, relations = batch.tree(row)
        tokens = tuple(
            Token(token.text, token.idx, token.idx + len(token), kind.tag, kind.lemma, relation, head, kind)
            for token, kind, head, relation in zip(doc, types, heads, relations, strict=True)
        )
        begin, end = int(batch.bounds[row]), int(batch.bounds[row + 1])
        starts = tuple(np.flatnonzero(batch.split.starts[begin:end]).tolist())
        hits = tuple(find_hits(types, partial(batch.tree, row)))
        annotations.append(Annotation(cleaned[row], tokens, starts, batch.splits(row), hits))
    return annotations
