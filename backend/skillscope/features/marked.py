"""What is read of each gap between two tokens in texts that hold a full stop, to judge whether a sentence begins there.

The parser splits such texts well, though it reads over a full stop now and then and divides long sentences that have
none inside. A network corrects it: where the parser begins a sentence, whether a mark or an arc of the tree
stands in the way, how far the last and the next mark are, capitals, the tags on both sides, and what the network for
texts without marks says (a run-on of sixty words may have its only full stop at the end).
"""

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skillscope.language import Analysis, load_analyser

__all__ = ["INPUTS", "after_stop", "end_marks", "marked_inputs", "never_first"]

_STOPS: Final = (".", "!", "?", "!!", "??", "?!", "!!!", "???")
_ENDS: Final = (*_STOPS, "...", "…")
_CLOSERS: Final = ('"', "'", "”", "’", ")", "]")  # may stand between a stop and the next sentence
_STRAIGHT: Final = ('"', "'")
_PAUSES: Final = (",", ";", ":", "-", "--", "–", "—")
_NEVER_FIRST: Final = (",", ";", ":", ")", "]", "”")
_MOST_CLOSERS: Final = 2
_MOST_ARCS: Final = 4
_FAR: Final = 30  # tokens
_MOST_LOGIT: Final = 6

INPUTS: Final = (
    "the parser begins a sentence",
    "first word after a stop",
    "no arc crosses the gap",
    "arcs that cross the gap",
    "capital after it",
    "capitals alone after it",
    "a mark that ends a sentence before it",
    "a pause before it",
    "a closing mark before it",
    "a line ends before it",
    "tokens since the last mark or the beginning",
    "tokens until the next mark or the end",
    "tokens for each mark of the text",
    "what the network for texts without marks says",
)
"""The columns of `marked_inputs` before those of the tags."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def marked_inputs(analysis: Analysis, texts: Bools, logits: Floats) -> Floats:
    """What the network for texts with marks reads of the tokens of the chosen texts, one text after the other, each
    token standing for the gap before it: shape (tokens, inputs). `logits` is what the network for texts without marks
    says of these gaps. After `INPUTS` come the tag of the token before (one column a tag) and that of the token itself;
    the last column is 1."""
    lengths = np.diff(analysis.bounds)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    places = np.flatnonzero(texts[rows])
    first = np.zeros(len(rows), dtype=bool)
    first[analysis.bounds[:-1][lengths > 0]] = True
    ends = end_marks(analysis)
    pauses, closers = (np.isin(analysis.forms, _ids(marks)) for marks in (_PAUSES, _CLOSERS))
    capital, capitals, line = _shapes(analysis)
    arcs = _arcs_across(analysis.heads)
    since, until = _distances(ends, first)
    tags = len(load_analyser().tags)
    out = np.zeros((len(places), len(INPUTS) + 2 * tags + 1), dtype=np.float32)
    columns = (
        analysis.starts,
        after_stop(analysis),
        arcs == 0,
        np.minimum(arcs, _MOST_ARCS) / _MOST_ARCS,
        capital,
        capitals,
        _before(ends, first),
        _before(pauses, first),
        _before(closers, first),
        _before(line, first),
        np.minimum(since, _FAR) / _FAR,
        np.minimum(until, _FAR) / _FAR,
        np.minimum(lengths / np.maximum(np.bincount(rows[ends], minlength=len(lengths)), 1), 2 * _FAR)[rows] / _FAR,
    )
    for number, column in enumerate(columns):
        out[:, number] = column[places]
    out[:, len(columns)] = np.clip(logits, -_MOST_LOGIT, _MOST_LOGIT) / _MOST_LOGIT
    inner = np.flatnonzero(~first[places])
    out[inner, len(INPUTS) + analysis.tags[places[inner] - 1]] = 1
    out[np.arange(len(places)), len(INPUTS) + tags + analysis.tags[places]] = 1
    out[:, -1] = 1
    return out


def end_marks(analysis: Analysis) -> Bools:
    """Whether a token is a mark that ends a sentence; the dot of an abbreviation, which is tagged as part of a name, is
    none."""
    punctuation = load_analyser().tags.index("PUNCT")
    found: Bools = np.isin(analysis.forms, _ids(_ENDS)) & (analysis.tags == punctuation)
    return found


def after_stop(analysis: Analysis) -> Bools:
    """Whether a token is the first word after a full stop, a question mark or an exclamation mark; three dots may stand
    inside a sentence."""
    stops, closers = (np.isin(analysis.forms, _ids(marks)) for marks in (_STOPS, _CLOSERS))
    marks = [number for number, tag in enumerate(load_analyser().tags) if tag in {"PUNCT", "SYM"}]
    inside = np.ones(len(stops), dtype=bool)
    inside[analysis.bounds[:-1][np.diff(analysis.bounds) > 0]] = False
    ended = stops.copy()
    for _ in range(_MOST_CLOSERS):
        ended[1:] |= ended[:-1] & closers[1:] & inside[1:]
    after = np.zeros(len(stops), dtype=bool)
    after[1:] = ended[:-1] & inside[1:]
    found: Bools = after & ~stops & ~closers & ~np.isin(analysis.tags, marks)
    return found


def never_first(analysis: Analysis) -> Bools:
    """Whether a token is a mark that closes or goes on, with which no sentence begins. A straight quotation mark
    closes where it stands close to a stop before it: `"We ran."` but not `We ran. "Why?"`.
    """
    found: Bools = end_marks(analysis) | np.isin(analysis.forms, _ids(_NEVER_FIRST))
    stops, straight = (np.isin(analysis.forms, _ids(marks)) for marks in (_ENDS, _STRAIGHT))
    for place in (np.flatnonzero(stops[:-1] & straight[1:]) + 1).tolist():
        row = int(np.searchsorted(analysis.bounds, place, side="right")) - 1
        before = place - 1 - int(analysis.bounds[row])
        found[place] |= before >= 0 and not analysis.docs[row][before].whitespace_
    return found


@cache
def _ids(marks: tuple[str, ...]) -> NDArray[np.uint64]:
    """spaCy's ids of some forms."""
    from spacy.strings import get_string_id

    return np.array([get_string_id(mark) for mark in marks], dtype=np.uint64)


def _arcs_across(heads: Ints) -> Ints:
    """The number of arcs over the gap before each token."""
    here = np.arange(len(heads))
    low, high = np.minimum(here, heads), np.maximum(here, heads)
    change = np.bincount(low + 1, minlength=len(heads) + 2) - np.bincount(high + 1, minlength=len(heads) + 2)
    found: Ints = np.cumsum(change)[: len(heads)]
    return found


def _distances(ends: Bools, first: Bools) -> tuple[Ints, Ints]:
    """Of the gap before each token, the tokens back to the last mark or the text's beginning, and on to the next mark
    (itself counted) or the text's end."""
    count = len(ends)
    here = np.arange(count)
    opened = first.copy()
    opened[1:] |= ends[:-1]
    since = here - np.maximum.accumulate(np.where(opened, here, 0))
    closed = ends.copy()
    closed[:-1] |= first[1:]
    closed[-1:] = True
    next_closed = np.minimum.accumulate(np.where(closed, here, count)[::-1])[::-1]
    return since, next_closed - here + 1


def _before(flags: Bools, first: Bools) -> Bools:
    out = np.zeros(len(flags), dtype=bool)
    out[1:] = flags[:-1]
    return out & ~first


def _shapes(analysis: Analysis) -> tuple[Bools, Bools, Bools]:
    """Of each token: begins with a capital, is of two capitals or more, breaks a line."""
    strings: Any = analysis.docs[0].vocab.strings if analysis.docs else None
    forms, form_of = np.unique(analysis.forms, return_inverse=True)
    words = [strings[form] for form in forms.tolist()]
    shapes = ([w[:1].isupper() for w in words], [len(w) > 1 and w.isupper() for w in words], ["\n" in w for w in words])
    capital, capitals, line = (np.array(shape, dtype=bool)[form_of] for shape in shapes)
    return capital, capitals, line
