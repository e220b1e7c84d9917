"""Where sentences begin, and how sure that is.

Two networks of one hidden layer say how probable a boundary is at each gap between two tokens. The first, for texts
without any mark that ends a sentence, reads the token vectors around the gap and whether the parser begins a sentence
there; the second, for texts with marks, reads what the first says, the marks, the tags and the tree (`marked.py`). A
word after a full stop always begins a sentence. One cut through the probabilities gives the sentences that are shown
(`Sentences.starts`). Features count sentences and their depths at several cuts and average (`Sentences.levels`): the
average of the counts is, up to rounding, the expected number of sentences. A run-on that may be one sentence or two
counts as one and a half, which is nearer to the truth over many texts than either. Where no boundary is in doubt, all
cuts agree and counts are whole.

The weights are trained by `skillscope features train-sentences`; see `train_sentences.py`.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skillscope.errors import BundleError
from skillscope.features.marked import after_stop, end_marks, marked_inputs, never_first
from skillscope.language import Analysis, pipeline_version

__all__ = ["LEVELS", "SHOWN", "Network", "Sentences", "boundary_inputs", "split_sentences", "unmarked"]

LEVELS: Final = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
"""Cuts through the probabilities over which counts are averaged."""

SHOWN: Final = 0.4
"""The cut of the sentences that are shown in texts without marks; the best F on the dev parts lies at .3 to .4."""

SHOWN_MARKED: Final = 0.5
"""The cut of the sentences that are shown in texts with marks."""

SETTLED: Final = 0.85
"""In texts with marks a boundary more probable than this is one: most sentences are then whole."""

_WINDOW: Final = (-2, -1, 0, 1)  # tokens that the network reads, from the one after the gap
_ROWS: Final = 16  # products have whole multiples of these rows, so that company changes no bit (language/encoder.py)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Network:
    """A hidden layer with its bias as the last row, and the weights of its units with the bias as the last one."""

    hidden: Floats
    output: Floats

    def logits(self, inputs: Floats) -> Floats:
        """One number a row of inputs, whose last column is 1: the logit of the probability of a boundary."""
        rows = -(-len(inputs) // _ROWS) * _ROWS
        padded = np.zeros((rows, inputs.shape[1]), dtype=np.float32)
        padded[: len(inputs)] = inputs
        hidden = padded @ self.hidden
        np.maximum(hidden, 0, out=hidden)
        found: Floats = np.einsum("ij,j->i", hidden, self.output[:-1])[: len(inputs)] + self.output[-1]
        return found


@dataclass(frozen=True, slots=True)
class _Networks:
    unmarked: Network
    marked: Network


def unmarked(analysis: Analysis) -> Bools:
    """Whether each text holds no mark that ends a sentence; False for a text without tokens."""
    lengths = np.diff(analysis.bounds)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    found: Bools = (np.bincount(rows[end_marks(analysis)], minlength=len(lengths)) == 0) & (lengths > 0)
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
    """`starts` (tokens,): whether a token begins a sentence that is shown. `texts`: which texts have a boundary in
    doubt; `levels` (number of `LEVELS`, tokens of these texts): the same at each cut."""

    starts: Bools
    texts: Bools
    levels: Bools


def split_sentences(analysis: Analysis) -> Sentences:
    """Where sentences begin; the first token of a text always does."""
    lengths = np.diff(analysis.bounds)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    networks = _networks()
    filled = lengths > 0
    bare = unmarked(analysis)
    logits = networks.unmarked.logits(boundary_inputs(analysis, filled)) if len(rows) else np.zeros(0, dtype=np.float32)
    marked = (filled & ~bare)[rows]
    if marked.any():
        logits[marked] = networks.marked.logits(marked_inputs(analysis, filled & ~bare, logits[marked]))
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    probabilities[marked & (probabilities > SETTLED)] = 1
    probabilities[never_first(analysis)] = 0
    probabilities[after_stop(analysis)] = 1
    probabilities[analysis.bounds[:-1][filled]] = 1
    doubtful = (probabilities > LEVELS[0]) & (probabilities <= LEVELS[-1])
    texts = np.bincount(rows[doubtful], minlength=len(lengths)) > 0
    starts = probabilities > np.where(bare, SHOWN, SHOWN_MARKED)[rows]
    return Sentences(starts, texts, probabilities[texts[rows]] > np.array(LEVELS)[:, None])


@cache
def _networks() -> _Networks:
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
    return _Networks(_read(body["unmarked"]), _read(body["marked"]))


def _read(body: dict[str, Any]) -> Network:
    return Network(np.array(body["hidden"], dtype=np.float32), np.array(body["output"], dtype=np.float32))
