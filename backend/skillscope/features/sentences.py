"""Where sentences begin: the parser's word where a text has full stops, a small linear model beside it where it has
none.

The parser splits punctuated text well and unpunctuated speech badly, too seldom above all. In a text without any mark
that ends a sentence, hashed features of the words and tags around each gap between two tokens are looked up in a
table of weights and summed; the parser's own boundary adds `PARSER_BONUS`, and a sentence begins where the total is
above `THRESHOLD`. The weights are trained by `skillscope features train-sentences` on the train parts of EWT and
ESLSpok in lower case and without punctuation; bonus and threshold were chosen on their dev parts: a bonus of 2 and a
threshold of -1 take sentence F from .41 to .57 on ESLSpok and leave it on EWT.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray
from spacy import symbols

from skillscope.language import Analysis, load_analyser

__all__ = ["ATTRIBUTES", "BUCKETS", "gap_features", "sentence_starts"]

BUCKETS: Final = 1 << 15
"""Size of the weight table."""

PARSER_BONUS: Final = 2.0
THRESHOLD: Final = -1.0

ATTRIBUTES: Final[tuple[str, ...]] = ("LOWER", "POS", "SENT_START")
"""The columns of `Doc.to_array` that are read, in this order."""

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

# each feature joins words ("w") and tags ("t") at distances from the token after the gap
_TEMPLATES: Final = tuple(
    tuple((part[0], int(part[1:])) for part in template.split())
    for template in [
        "w-2",
        "w-1",
        "w0",
        "w1",
        "w2",
        "w-1 w0",
        "w0 w1",
        "w-2 w-1",
        "w-1 w1",
        "t-1 t0",
        "t-2 t-1 t0",
        "t-1 t0 t1",
        "t0 t1 t2",
        "t-2 t-1 t0 t1",
        "t-1 t0 t1 t2",
        "t-3 t-2 t-1 t0",
        "t-1 w0",
        "w-1 t0",
        "w0 t1",
        "t-2 w-1",
        "w-1 t0 t1",
        "t-2 t-1 w0",
        "w0 w1 t2",
        "t-1 w0 t1",
        "w-1 w0 t1",
        "t-2 t-1 t0 t1 t2",
        "t-1 w0 w1",
        "w-2 w-1 t0",
    ]
)
_ENDS: Final = (".", "!", "?", "...", "…", "!!", "??", "?!", "!!!", "???")
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - BUCKETS.bit_length() + 1)
_BEYOND: Final = {-1: np.uint64(3), 1: np.uint64(7)}  # what stands before and after a text


def gap_features(columns: Hashes, bounds: Ints) -> Ints:
    """The weight-table places of every token's gap (the one before it), shape (tokens, features).

    `columns` holds `ATTRIBUTES` of the tokens of several texts one after the other, `bounds[i]:bounds[i + 1]` being
    those of text i. Features never look beyond a text.
    """
    count = len(columns)
    text = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    views: dict[tuple[str, int], Hashes] = {}
    for kind, distance in sorted({part for template in _TEMPLATES for part in template}):
        values = columns[:, 0 if kind == "w" else 1]
        moved = values
        if distance:
            moved = np.full(count, _BEYOND[1 if distance > 0 else -1])
            inside = slice(max(0, -distance), max(0, count - max(0, distance)))
            source = slice(max(0, distance), max(0, count + min(0, distance)))
            moved[inside] = np.where(text[inside] == text[source], values[source], moved[inside])
        views[kind, distance] = moved
    out = np.empty((count, len(_TEMPLATES)), dtype=np.int64)
    for number, template in enumerate(_TEMPLATES):
        value = np.full(count, number + 1, dtype=np.uint64)
        for part in template:
            value = (value ^ views[part]) * _MIX
            value ^= value >> np.uint64(29)
        out[:, number] = (value * _MIX >> _SHIFT).astype(np.int64)
    return out


@cache
def _weights() -> NDArray[np.float64]:
    body = json.loads(files(__package__).joinpath("sentences.json").read_text(encoding="utf-8"))
    return np.array(body["weights"], dtype=np.float64)


@cache
def _end_marks() -> Hashes:
    from spacy.strings import get_string_id

    return np.array([get_string_id(mark) for mark in _ENDS], dtype=np.uint64)


def columns_of(analysis: Analysis) -> Hashes:
    """The columns that `gap_features` reads."""
    lower = [doc.to_array(["LOWER"]) for doc in analysis.docs if len(doc)]
    tags = np.array([getattr(symbols, tag) for tag in load_analyser().tags], dtype=np.uint64)
    return np.stack([np.concatenate([*lower, np.zeros(0, dtype=np.uint64)]), tags[analysis.tags]], axis=1)


def sentence_starts(analysis: Analysis) -> NDArray[np.bool_]:
    """Whether each token begins a sentence; the first of a text always does."""
    columns, bounds, starts = columns_of(analysis), analysis.bounds, analysis.starts.copy()
    lengths = np.diff(bounds)
    ends = np.isin(columns[:, 0], _end_marks())
    rows = np.repeat(np.arange(len(lengths)), lengths)
    bare = np.bincount(rows[ends], minlength=len(lengths)) == 0
    spoken = bare[rows]
    if spoken.any():
        inner = np.concatenate(([0], np.cumsum(lengths[bare])))
        scores = _weights()[gap_features(columns[spoken], inner)].sum(axis=1)
        starts[spoken] = scores + PARSER_BONUS * starts[spoken] > THRESHOLD
    starts[bounds[:-1][lengths > 0]] = True
    return starts
