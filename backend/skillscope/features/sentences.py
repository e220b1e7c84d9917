"""Where sentences begin: by the parser and the marks where a text has full stops, by a small network where it has none.

The parser splits punctuated text well, though it now and then reads over a full stop; a word after one (not after three
dots) always begins a sentence here. Unpunctuated speech it splits badly. In a text without any mark that ends a
sentence, a network of one hidden layer reads the token vectors around each gap between two tokens, and whether the
parser begins a sentence there, and says how probable a boundary is. One cut through these probabilities gives the
sentences that are shown (`Sentences.starts`). Features count sentences and their depths at several cuts and average
(`Sentences.levels`): the average of the counts is, up to rounding, the expected number of sentences. A run-on that may
be one sentence or two counts as one and a half, which is nearer to the truth over many texts than either.

The weights are trained by `skillscope features train-sentences`; see `train_sentences.py`.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import BundleError
from skillscope.language import Analysis, load_analyser, pipeline_version

__all__ = ["LEVELS", "SHOWN", "Sentences", "boundary_inputs", "split_sentences", "unmarked"]

LEVELS: Final = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
"""Cuts through the probabilities over which counts are averaged."""

SHOWN: Final = 0.4
"""The cut of the sentences that are shown; the best F on the dev parts lies at .3 to .4."""

_WINDOW: Final = (-2, -1, 0, 1)  # tokens that the network reads, from the one after the gap
_STOPS: Final = (".", "!", "?", "!!", "??", "?!", "!!!", "???")
_ENDS: Final = (*_STOPS, "...", "…")
_CLOSERS: Final = ('"', "'", "”", "’", ")", "]")  # may stand between a stop and the next sentence
_MOST_CLOSERS: Final = 2
_ROWS: Final = 16  # products have whole multiples of these rows, so that company changes no bit (language/encoder.py)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Network:
    """Hidden layer with its bias as the last row, and the weights of its units with the bias as the last one."""

    hidden: Floats
    output: Floats


def unmarked(analysis: Analysis) -> Bools:
    """Whether each text holds no mark that ends a sentence; False for a text without tokens."""
    lengths = np.diff(analysis.bounds)
    ends = np.isin(analysis.forms, _ids(_ENDS))
    rows = np.repeat(np.arange(len(lengths)), lengths)
    found: Bools = (np.bincount(rows[ends], minlength=len(lengths)) == 0) & (lengths > 0)
    return found


def boundary_inputs(analysis: Analysis, texts: Bools) -> Floats:
    """What the network reads of the tokens of the chosen texts, one text after the other: shape (tokens, inputs).
    Vectors beyond a text are 0; the last column but one is the parser's boundary, the last is 1."""
    lengths = np.diff(analysis.bounds)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    places = np.flatnonzero(texts[rows])
    vectors = analysis.vectors
    width = vectors.shape[1]
    out = np.zeros((len(places), len(_WINDOW) * width + 2), dtype=np.float32)
    for number, distance in enumerate(_WINDOW):
        near = np.clip(places + distance, 0, max(len(vectors) - 1, 0))
        inside = (rows[near] == rows[places]) & (near == places + distance)
        out[inside, number * width : (number + 1) * width] = vectors[near[inside]]
    out[:, -2] = analysis.starts[places]
    out[:, -1] = 1
    return out


@dataclass(frozen=True, slots=True)
class Sentences:
    """`starts` (tokens,): whether a token begins a sentence that is shown. `texts`: which texts hold no mark that ends
    a sentence; `levels` (number of `LEVELS`, tokens of these texts): the same at each cut."""

    starts: Bools
    texts: Bools
    levels: Bools


def split_sentences(analysis: Analysis) -> Sentences:
    """Where sentences begin; the first token of a text always does."""
    lengths = np.diff(analysis.bounds)
    starts = analysis.starts | _after_stop(analysis)
    starts[analysis.bounds[:-1][lengths > 0]] = True
    texts = unmarked(analysis)
    if not texts.any():
        return Sentences(starts, texts, np.zeros((len(LEVELS), 0), dtype=bool))
    probabilities = _probabilities(boundary_inputs(analysis, texts))
    probabilities[np.cumsum(lengths[texts]) - lengths[texts]] = 1
    starts[np.repeat(texts, lengths)] = probabilities > SHOWN
    return Sentences(starts, texts, probabilities > np.array(LEVELS)[:, None])


def _probabilities(inputs: Floats) -> NDArray[np.float64]:
    network = _network()
    rows = -(-len(inputs) // _ROWS) * _ROWS
    padded = np.zeros((rows, inputs.shape[1]), dtype=np.float32)
    padded[: len(inputs)] = inputs
    hidden = padded @ network.hidden
    np.maximum(hidden, 0, out=hidden)
    logits = np.einsum("ij,j->i", hidden, network.output[:-1])[: len(inputs)] + network.output[-1]
    found: NDArray[np.float64] = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return found


@cache
def _network() -> _Network:
    """The weights that ship.

    Raises:
        BundleError: they were trained on the vectors of another language pipeline.
    """
    body = json.loads(files(__package__).joinpath("sentences.json").read_text(encoding="utf-8"))
    if body["language_pipeline"] != pipeline_version():
        raise BundleError(
            f"the sentence model was trained on {body['language_pipeline']}, the language pipeline is "
            f"{pipeline_version()}; train it again with `skillscope features train-sentences`"
        )
    return _Network(np.array(body["hidden"], dtype=np.float32), np.array(body["output"], dtype=np.float32))


def _after_stop(analysis: Analysis) -> Bools:
    """Whether a token is the first word after a mark that ends a sentence."""
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


@cache
def _ids(marks: tuple[str, ...]) -> NDArray[np.uint64]:
    from spacy.strings import get_string_id

    return np.array([get_string_id(mark) for mark in marks], dtype=np.uint64)
