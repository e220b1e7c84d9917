"""The pipeline's transition-based parser, run over many texts in step.

The trees are those of spaCy's parser (a test compares them). spaCy advances one state after the other and calls the
BLAS for each token that a state reads; here one NumPy operation advances every text.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from skillscope.errors import ConfigurationError
from skillscope.language.parser_states import FEATURES, MOVES, ParserStates

__all__ = ["ArcEager", "Trees"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_TEXTS_AT_ONCE: Final = 512
_LEAST_ROWS: Final = 16  # fewer take other kernels, whose last bits differ; see encoder.py
_DELIMITER: Final = "||"


@dataclass(frozen=True, slots=True)
class Trees:
    """`heads`: index of each token's head among all tokens (its own for a root); `labels`: numbers of
    `ArcEager.labels`; `starts`: whether a sentence begins with the token."""

    heads: Ints
    labels: Ints
    starts: NDArray[np.bool_]


class ArcEager:
    """Greedy arc-eager parsing with a pipeline's weights. `labels` are the relations, `ROOT` first."""

    def __init__(self, nlp: Language) -> None:
        """Read the weights.

        Raises:
            ConfigurationError: the parser is of another shape.
        """
        parser: Any = nlp.get_pipe("parser")
        lower, upper = parser.model.get_ref("lower"), parser.model.get_ref("upper")
        weights = lower.get_param("W")  # (features, units, pieces, in)
        if weights.shape[0] != FEATURES or parser.model.attrs["unseen_classes"]:
            raise ConfigurationError("the parser of the language pipeline is not made as pipeline.cfg says")
        _, self._units, self._pieces, fan_in = weights.shape
        wide = self._units * self._pieces
        # Rows: for each of the eight places what the token there gives, what no token there gives, and a bias that the
        # first place brings. Columns: piece by piece.
        joined = np.zeros((FEATURES, fan_in + 2, wide), dtype=np.float32)
        joined[:, :fan_in] = weights.transpose(0, 3, 2, 1).reshape(FEATURES, fan_in, wide)
        joined[:, fan_in] = lower.get_param("pad")[0].transpose(0, 2, 1).reshape(FEATURES, wide)
        joined[0, fan_in + 1] = lower.get_param("b").T.reshape(-1)
        self._lower = joined.reshape(-1, wide)
        names = parser.move_names
        self._upper = np.zeros((self._units, -(-len(names) // _LEAST_ROWS) * _LEAST_ROWS), dtype=np.float32)
        self._upper[:, : len(names)] = upper.get_param("W").T
        relations = [name[2:] for name in names]
        plain = {part for relation in relations for part in relation.split(_DELIMITER) if part}
        self.labels: tuple[str, ...] = ("ROOT", *sorted(plain - {"ROOT"}))
        self._all_labels = (*self.labels, *sorted({name for name in relations if _DELIMITER in name}))
        number = {label: index for index, label in enumerate(self._all_labels)}
        self._moves = np.array([MOVES.index(name[0]) for name in names])
        self._relations = np.array([number.get(relation, 0) for relation in relations])
        self._bias = self._biases(upper.get_param("b"))

    def _biases(self, bias: Floats) -> Floats:
        """Row c: the output bias of the moves that `ParserStates.allowed` code c allows, minus infinity elsewhere."""
        table = np.full((16, self._upper.shape[1]), -np.inf, dtype=np.float32)
        for code in range(16):
            held, arcs, shift, split = (bool(code & bit) for bit in (8, 4, 2, 1))
            chosen = np.array([shift or not held, held, held and arcs, held and arcs, split])[self._moves]
            table[code, : len(bias)][chosen] = bias[chosen]
        return table

    def parse(self, inputs: Floats, bounds: Ints) -> Trees:
        """Parse texts: `inputs` (tokens, hidden) one text after the other, `bounds[i]:bounds[i + 1]` being those of
        text i. No text is empty. What comes out for a text does not depend on the others."""
        heads, labels = np.empty(len(inputs), dtype=np.int64), np.empty(len(inputs), dtype=np.int64)
        order = np.argsort(np.diff(bounds), kind="stable")  # texts that end together advance together
        for start in range(0, len(order), _TEXTS_AT_ONCE):
            run = order[start : start + _TEXTS_AT_ONCE].tolist()
            places = np.concatenate([np.arange(bounds[text], bounds[text + 1]) for text in run])
            ends = np.cumsum(np.diff(bounds)[run])
            found, relations = self._advance(inputs[places], ends - np.diff(bounds)[run], ends)
            heads[places] = np.where(found < 0, places, places[found])
            labels[places] = np.where(found < 0, 0, relations)
        starts = _sentence_starts(heads)
        self._undecorate(heads, labels, bounds)
        return Trees(heads, labels, starts)

    def _advance(self, inputs: Floats, begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Heads (-1 for none) and relations of some texts."""
        read = np.zeros((len(inputs) + 1, inputs.shape[1] + 2), dtype=np.float32)
        read[:-1, :-2] = inputs
        read[-1, -2] = 1
        read[:, -1] = 1
        states = ParserStates(begins, ends)
        most = max(len(states), _LEAST_ROWS)
        tokens = np.zeros((most, FEATURES), dtype=np.int64)
        gathered = np.empty((most, FEATURES, read.shape[1]), dtype=np.float32)
        while len(states):
            count = len(states)
            states.read(tokens[:count])
            rows = max(count, _LEAST_ROWS)
            scores = self._scores(read, tokens[:rows], gathered[:rows])[:count]
            scores += self._bias[states.allowed()]
            chosen = scores.argmax(axis=1)
            states.apply(self._moves[chosen], self._relations[chosen])
        return states.heads[:-1], states.relations[:-1]

    def _scores(self, read: Floats, tokens: Ints, gathered: Floats) -> Floats:
        """Scores of all moves without their bias; rows beyond those in use hold anything."""
        np.take(read, tokens, axis=0, out=gathered, mode="wrap")
        hidden = gathered.reshape(len(tokens), -1) @ self._lower
        best = hidden[:, : self._units]
        for piece in range(1, self._pieces):
            best = np.maximum(best, hidden[:, piece * self._units : (piece + 1) * self._units])
        scores: Floats = best @ self._upper
        return scores

    def _undecorate(self, heads: Ints, labels: Ints, bounds: Ints) -> None:
        """Give arcs of crossing trees their heads back: to an arc labelled X||Y, the first Y below its head, breadth
        first (Nivre & Nilsson 2005)."""
        for token in np.flatnonzero(labels >= len(self.labels)).tolist():
            text = int(np.searchsorted(bounds, token, side="right")) - 1
            begin, end = int(bounds[text]), int(bounds[text + 1])
            own, wanted = self._all_labels[labels[token]].split(_DELIMITER)
            number = self._all_labels.index(wanted)
            heads[token] = begin + _first_below(heads[begin:end] - begin, labels[begin:end], token - begin, number)
            labels[token] = self.labels.index(own)


def _first_below(heads: Ints, labels: Ints, token: int, wanted: int) -> int:
    above = int(heads[token])
    level = [above]
    while level:
        following: list[int] = []
        for node in level:
            for child in np.flatnonzero(heads == node).tolist():
                if child in {token, node}:
                    continue
                if labels[child] == wanted:
                    return int(child)
                following.append(child)
        level = following
    return above


def _sentence_starts(heads: Ints) -> NDArray[np.bool_]:
    """The first token of each root's tree; trees do not cross here."""
    roots = heads
    while True:
        above = roots[roots]
        if np.array_equal(above, roots):
            break
        roots = above
    starts = np.zeros(len(heads), dtype=bool)
    starts[np.unique(roots, return_index=True)[1]] = True
    return starts
