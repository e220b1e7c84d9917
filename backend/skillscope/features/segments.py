"""The parts of a text that can be quoted, and what the text would measure without each of them.

A segment is a sentence, or a clause of one where it falls into several that stand for themselves. Without a segment a
text is measured from the same parse, its tokens left out; nothing is parsed again. This is close to what a new parse of
the shortened text gives, and costs a fraction of it, so it is done when a response comes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.features.annotate import Annotation
from skillscope.features.lexicon import LEXICONS
from skillscope.features.readability import flesch_kincaid
from skillscope.features.schema import LINGUISTIC
from skillscope.features.sentiment import load_vader

__all__ = ["MAX_SEGMENTS", "Segment", "measure_without", "segments_of"]

MAX_SEGMENTS: Final = 16
"""Segments kept of one text: those with the most list words, then the longest."""

_CONNECTIVES: Final = frozenset(
    {"and", "but", "so", "because", "then", "when", "if", "until", "since", "while", "before", "after", "or"}
)
_LEAST_WORDS: Final = 4
_COLUMN: Final = {item.name: number for number, item in enumerate(LINGUISTIC)}
_TAGS: Final = {"noun": ("NOUN", "PROPN"), "verb": ("VERB",), "adj": ("ADJ",), "adv": ("ADV",)}
_MARKERS: Final = tuple(item.name for item in LINGUISTIC[:5])


@dataclass(frozen=True, slots=True)
class Segment:
    """`text[start:end]`; `marks` are the places of list words that count, (start, end, lexicon); `without` are the 16
    features of the text that is left when the segment is taken out."""

    start: int
    end: int
    marks: tuple[tuple[int, int, str], ...]
    without: tuple[float, ...]


def measure_without(annotation: Annotation, start: int = 0, stop: int = 0) -> NDArray[np.float64]:
    """The 16 features of a parsed text with the tokens `start` to `stop` left out, shape (16,).

    With none left out they are those of `extract_linguistic`, bit for bit.
    """
    tokens = annotation.tokens
    kept = [index for index in range(len(tokens)) if not start <= index < stop]
    words = [index for index in kept if tokens[index].kind.is_word]
    out = np.full(len(LINGUISTIC), np.nan)
    out[_COLUMN["word_count"]] = len(words)
    out[_COLUMN["unique_word_count"]] = len({tokens[index].lemma for index in words})
    for name, tags in _TAGS.items():
        out[_COLUMN[f"{name}_count"]] = sum(tokens[index].tag in tags for index in words)
    if not words:
        return out
    depths = [_deepest(annotation, split, words, start, stop) for split in annotation.splits]
    count = sum(len(found) for found in depths) / len(depths)
    depth = sum(sum(found) for found in depths) / len(depths)
    vader = load_vader()
    out[_COLUMN["positive_sentiment"]], out[_COLUMN["negative_sentiment"]] = vader.shares(
        _rest(annotation, start, stop)
    )
    out[_COLUMN["avg_sentence_length"]] = len(words) / count
    out[_COLUMN["syntactic_complexity"]] = depth / count
    out[_COLUMN["readability_score"]] = flesch_kincaid(len(words), count, _syllables(annotation, kept))
    for name, lexicon in zip(_MARKERS, LEXICONS, strict=False):
        hits = (hit for hit in annotation.hits if hit.lexicon == lexicon and hit.status == "counted")
        covered = {index for hit in hits if not _touched(hit.tokens, start, stop) for index in hit.tokens}
        out[_COLUMN[name]] = len(covered) / len(words)
    return out


def segments_of(annotation: Annotation) -> list[Segment]:
    """The segments of a text in their order, at most `MAX_SEGMENTS`; a text of one segment alone has it too."""
    found = []
    for start, stop in _bounds(annotation):
        begin, end = annotation.tokens[start].start, annotation.tokens[stop - 1].end
        marks = tuple(
            (low, high, hit.lexicon)
            for hit in annotation.hits
            if hit.status == "counted" and hit.tokens[0] >= start and hit.tokens[-1] < stop
            for low, high in annotation.spans(hit)
        )
        found.append((start, stop, begin, end, marks))
    if len(found) > MAX_SEGMENTS:
        ranked = sorted(found, key=lambda part: (-len(part[4]), part[0] - part[1], part[0]))
        found = sorted(ranked[:MAX_SEGMENTS])
    return [
        Segment(begin, end, marks, tuple(measure_without(annotation, start, stop).tolist()))
        for start, stop, begin, end, marks in found
    ]


def _deepest(annotation: Annotation, split: Sequence[int], words: Sequence[int], start: int, stop: int) -> list[int]:
    """The depth of each sentence of a split that holds one of these words."""
    numbers = [0] * len(annotation.tokens)
    for number, (begin, end) in enumerate(pairwise((*split, len(numbers)))):
        numbers[begin:end] = [number] * (end - begin)
    depths: dict[int, int] = {}
    for index in words:
        depth = _depth(annotation, numbers, index, start, stop)
        depths[numbers[index]] = max(depths.get(numbers[index], 0), depth)
    return list(depths.values())


def _depth(annotation: Annotation, sentence: Sequence[int], index: int, start: int, stop: int) -> int:
    """Edges up to the root over tokens that are left; no arc leaves its sentence."""
    depth, current = 0, index
    while (head := annotation.tokens[current].head) != current and sentence[head] == sentence[current]:
        depth += not start <= head < stop
        current = head
    return depth


def _rest(annotation: Annotation, start: int, stop: int) -> str:
    if start == stop:
        return annotation.text
    begin, end = annotation.tokens[start].start, annotation.tokens[stop - 1].end
    return f"{annotation.text[:begin]} {annotation.text[end:]}"


def _syllables(annotation: Annotation, kept: Sequence[int]) -> int:
    """ "don't" has one syllable, although "did" + "n't" has two: the "n't" after "do" counts none."""
    total = 0
    for index in kept:
        kind = annotation.tokens[index].kind
        clitic = index > 0 and kind.keys[0] in {"n't", "nt"} and annotation.tokens[index - 1].kind.keys[0] == "do"
        total += 0 if clitic else kind.syllables
    return total


def _touched(tokens: Sequence[int], start: int, stop: int) -> bool:
    return any(start <= index < stop for index in tokens)


def _bounds(annotation: Annotation) -> list[tuple[int, int]]:
    """Where segments begin and end, in tokens. Blank tokens at the edges belong to none."""
    bounds = []
    for begin, end in pairwise((*annotation.sentences, len(annotation.tokens))):
        cuts = [begin]
        for index in range(begin + 1, end):
            if (
                _may_begin(annotation, index)
                and _stands(annotation, cuts[-1], index)
                and _stands(annotation, index, end)
            ):
                cuts.append(index)
        bounds += [_trimmed(annotation, low, high) for low, high in pairwise((*cuts, end))]
    return [(low, high) for low, high in bounds if any(token.kind.is_word for token in annotation.tokens[low:high])]


def _may_begin(annotation: Annotation, index: int) -> bool:
    before, token = annotation.tokens[index - 1], annotation.tokens[index]
    if before.kind.form.lower() in _CONNECTIVES:
        return False
    return token.kind.form.lower() in _CONNECTIVES or before.text in {",", ";", ":", "-", "–"}


def _stands(annotation: Annotation, begin: int, end: int) -> bool:
    part = annotation.tokens[begin:end]
    enough = sum(token.kind.is_word for token in part) >= _LEAST_WORDS
    return enough and any(token.tag in {"VERB", "AUX"} for token in part)


def _trimmed(annotation: Annotation, low: int, high: int) -> tuple[int, int]:
    while low < high and annotation.tokens[low].text.isspace():
        low += 1
    while high > low and annotation.tokens[high - 1].text.isspace():
        high -= 1
    return low, high
