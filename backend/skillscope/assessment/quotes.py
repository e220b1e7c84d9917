"""Which words of a student moved a score: each part of each response is taken out, and the student scored again.

The features of a response without each of its parts are measured when it comes in (`features.segments`), so this reads
numbers, pools them as the aggregator does, and asks the models once for all parts together. What a quote says is thus
what happens when its words are taken away, not an apportioning of the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.features import LINGUISTIC
from skillscope.features.derived import rederived
from skillscope.features.segments import Segment
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SKILLS, Skill

__all__ = ["LEAST_EFFECT", "MOST_PARTS", "MOST_QUOTES", "Quote", "Said", "find_quotes", "without_segments"]

Floats = NDArray[np.float64]

MOST_QUOTES: Final = 3
"""Quotes given for a score."""

LEAST_EFFECT: Final = 0.002
"""Points of the score below which a part is not quoted: a model made of steps says little about smaller ones."""

MOST_PARTS: Final = 120
"""Parts tried for one student: of those who said more, the ones with most list words, then the longest."""

LEAST_WORDS_LEFT: Final = 5
"""Words that must be left without a part; of a student with fewer nothing is said at all."""

_TEXT: Final = len(LINGUISTIC)
_WORDS: Final = next(number for number, item in enumerate(LINGUISTIC) if item.name == "word_count")
_BY_WORDS: Final = np.array([item.pooled == "by_words" for item in LINGUISTIC])


@dataclass(frozen=True, slots=True)
class Said:
    """One counted response: its id and key, its 16 features, and its parts."""

    response_id: str
    key: int
    values: Sequence[float]
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Quote:
    """A part of a response, and how far the score falls (above 0) or rises (below 0) without it."""

    said: Said
    segment: Segment
    effect: float


def without_segments(said: Sequence[Said], features: Floats) -> tuple[list[tuple[Said, Segment]], Floats]:
    """Every part, and the student's features without it, shape (parts, columns of `features`).

    `features` are the student's own, of which the first 29 are the schema's; columns after those stay as they are.
    Parts without which fewer than `LEAST_WORDS_LEFT` words are left are not among them.
    """
    table = np.array([row.values for row in said], dtype=np.float64).reshape(len(said), _TEXT)
    weight, value = _weighed(table)
    sums, weights = value.sum(axis=0), weight.sum(axis=0)
    every = [(response, segment) for response in said for segment in response.segments]
    owner = np.repeat(np.arange(len(said)), [len(response.segments) for response in said])
    other = np.array([segment.without for _, segment in every], dtype=np.float64).reshape(len(every), _TEXT)
    enough = table[:, _WORDS].sum() - table[owner, _WORDS] + other[:, _WORDS] >= LEAST_WORDS_LEFT
    parts = [part for part, left in zip(every, enough.tolist(), strict=True) if left]
    owner, other = owner[enough], other[enough]
    text = other
    if len(said) > 1:
        new_weight, new_value = _weighed(other)
        total = weights - weight[owner] + new_weight
        with np.errstate(invalid="ignore"):
            text = np.where(total > 1e-9, (sums - value[owner] + new_value) / total, np.nan)
    whole = np.repeat(features[None, :], len(text), axis=0)
    whole[:, :_TEXT] = text
    return parts, rederived(whole)


def find_quotes(bundle: Bundle, said: Sequence[Said], features: Floats) -> dict[Skill, list[Quote]]:
    """By skill, the parts that moved the score most, strongest first: at most `MOST_QUOTES`, none of less than
    `LEAST_EFFECT`. What raised the score holds list words."""
    parts, without = without_segments(said, features)
    if len(parts) > MOST_PARTS:
        sizes = [(-len(segment.marks), segment.start - segment.end) for _, segment in parts]
        tried = sorted(sorted(range(len(parts)), key=sizes.__getitem__)[:MOST_PARTS])
        parts, without = [parts[row] for row in tried], without[tried]
    if not parts:
        return {skill: [] for skill in bundle.models}
    scores = bundle.predict(np.vstack([features[None, :], without]))
    effects = scores[0] - scores[1:]
    marked = np.array([bool(segment.marks) for _, segment in parts])
    found: dict[Skill, list[Quote]] = {}
    for column, skill in enumerate(SKILLS):
        if skill not in bundle.models:
            continue
        moved = effects[:, column]
        # What raises a score must hold a word that counts; what lowers it may do so by holding none.
        worthy = (np.abs(moved) >= LEAST_EFFECT) & (marked | (moved < 0))
        strongest = [row for row in np.argsort(-np.abs(moved), kind="stable").tolist() if worthy[row]][:MOST_QUOTES]
        found[skill] = [Quote(parts[row][0], parts[row][1], float(moved[row])) for row in strongest]
    return found


def _weighed(table: Floats) -> tuple[Floats, Floats]:
    """Weight of each value in its pooled mean (0 where undefined), and weight times value."""
    weight = np.where(_BY_WORDS, np.nan_to_num(table[:, [_WORDS]]), 1.0) * np.isfinite(table)
    return weight, weight * np.nan_to_num(table)
