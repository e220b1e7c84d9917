"""The pipeline's token vectors, tags and parser inputs, computed with few and large matrix products.

A type's embedding does not depend on its neighbours, so it is computed once a type and kept. What remains are the
window convolutions, over all tokens of a block of texts, one column a token: every step between two products then
runs over long rows.

What comes out for a text does not depend on what else is in its block: texts lie apart by as many empty columns as the
layers reach, and products are as wide as a multiple of 16 columns, for which OpenBLAS gives a column the same bits
whatever stands around it (odd widths take other kernels for what is left over; a test compares texts alone and
together).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from skillscope.errors import ConfigurationError

__all__ = ["Encoded", "Encoder"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_ATTRIBUTES: Final = ("ORTH", "NORM", "PREFIX", "SUFFIX", "SHAPE")
_TYPES_KEPT: Final = 20_000
_BLOCK_TOKENS: Final = 640  # their windows and activations fit a core's cache together
_MULTIPLE: Final = 16
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is known of the tokens of some texts, one row a token.

    `forms` (n,) spaCy's ids of their texts; `vectors` (n, width); `tags` (n,) numbers of the tagger's labels; `inputs`
    (n, hidden) what the parser reads.
    """

    forms: NDArray[np.uint64]
    vectors: Floats
    tags: Ints
    inputs: Floats


class _MaxoutNorm:
    """A maxout layer and the layer norm after it. Its products are (pieces x width, in) by (in, columns)."""

    def __init__(self, maxout: Any, norm: Any) -> None:
        weights, bias = maxout.get_param("W"), maxout.get_param("b")  # (width, pieces, in), (width, pieces)
        self.width, self.pieces, self.fan_in = weights.shape
        self.weights: Floats = np.ascontiguousarray(weights.transpose(1, 0, 2).reshape(-1, self.fan_in))
        self._bias: Floats = np.ascontiguousarray(bias.T.reshape(-1, 1))
        self._scale: Floats = norm.get_param("G").reshape(-1, 1).copy()
        self._shift: Floats = norm.get_param("b").reshape(-1, 1).copy()

    def __call__(self, columns: Floats, room: Floats, out: Floats, scratch: Floats) -> Floats:
        """Write the layer's answer to `out` (width, columns); `room` (pieces x width, columns) and `scratch` (width,
        columns) are overwritten."""
        width = self.width
        np.matmul(self.weights, columns, out=room)
        room += self._bias
        np.maximum(room[:width], room[width : 2 * width], out=out)
        for piece in range(2, self.pieces):
            np.maximum(out, room[piece * width : (piece + 1) * width], out=out)
        mean: Floats = out.sum(axis=0)
        mean /= width
        out -= mean
        np.multiply(out, out, out=scratch)
        deviation: Floats = scratch.sum(axis=0)
        deviation /= width
        deviation += np.float32(1e-8)
        np.sqrt(deviation, out=deviation)
        out /= deviation
        out *= self._scale
        out += self._shift
        return out


class Encoder:
    """Token vectors of a pipeline of the shape of `pipeline.cfg`, whose weights are read once."""

    def __init__(self, nlp: Language) -> None:
        """Read the weights.

        Raises:
            ConfigurationError: the pipeline is of another shape.
        """
        model: Any = nlp.get_pipe("tok2vec")
        tagger: Any = nlp.get_pipe("morphologizer")
        parser: Any = nlp.get_pipe("parser")
        nodes = list(model.model.walk())
        columns = [node.attrs["columns"] for node in nodes if node.name == "extract_features"]
        maxouts = [node for node in nodes if node.name == "maxout"]
        norms = [node for node in nodes if node.name == "layernorm"]
        known = [node for node in nodes if node.name == "static_vectors"]
        if columns != [[*_ATTRIBUTES[1:]]] or len(known) != 1 or not all(layer.has_param("W") for layer in maxouts):
            raise ConfigurationError("the token vectors of the language pipeline are not made as pipeline.cfg says")
        layers = [_MaxoutNorm(*pair) for pair in zip(maxouts, norms, strict=True)]
        self._embed, self._layers = layers[0], layers[1:]
        self.width = self._embed.width
        if any(layer.fan_in != 3 * self.width for layer in self._layers):
            raise ConfigurationError("a window of the language pipeline is not of three tokens, as pipeline.cfg says")
        self._tables = [node for node in nodes if node.name == "hashembed"]
        self._known: Any = nlp.vocab.vectors
        self._projection: Floats = np.ascontiguousarray(known[0].get_param("W"))  # (width, dimensions)
        softmax = tagger.model.get_ref("softmax")
        linear = parser.model.get_ref("tok2vec").layers[-1]
        self._hidden: int = linear.get_dim("nO")
        self._heads = np.vstack([linear.get_param("W"), softmax.get_param("W")])
        self._head_bias = np.concatenate([linear.get_param("b"), softmax.get_param("b")])
        self._rows: dict[int, int] = {}
        self._embedded = np.zeros((_TYPES_KEPT, self.width), dtype=np.float32)

    def encode(self, docs: Sequence[Doc]) -> Encoded:
        """Vectors, tags and parser inputs of the tokens of these texts, one text after the other; none is empty."""
        parts = [self._encode(block) for block in _blocks(docs)]
        return Encoded(
            np.concatenate([part.forms for part in parts]),
            np.concatenate([part.vectors for part in parts]),
            np.concatenate([part.tags for part in parts]),
            np.concatenate([part.inputs for part in parts]),
        )

    def _encode(self, docs: Sequence[Doc]) -> Encoded:
        lengths = np.array([len(doc) for doc in docs])
        attributes = np.concatenate([doc.to_array([*_ATTRIBUTES]) for doc in docs])
        types = self._types(attributes)
        gap, width = len(self._layers), self.width
        places = np.arange(len(types)) + np.repeat(np.arange(1, len(docs) + 1) * gap, lengths)
        count = -(-(len(types) + gap * (len(docs) + 1)) // _MULTIPLE) * _MULTIPLE
        rows = np.zeros((count, width), dtype=np.float32)
        rows[places] = self._embedded[types]
        states = np.ascontiguousarray(rows.T)
        window = np.zeros((3 * width, count), dtype=np.float32)
        room = np.empty((len(self._layers[0].weights), count), dtype=np.float32)
        added, scratch = np.empty_like(states), np.empty_like(states)
        for layer in self._layers:
            window[:width, 1:] = states[:, :-1]
            window[width : 2 * width] = states
            window[2 * width :, :-1] = states[:, 1:]
            states += layer(window, room, added, scratch)
        heads = np.ascontiguousarray((self._heads @ states).T)[places]
        heads += self._head_bias
        vectors = np.ascontiguousarray(states.T)[places]
        return Encoded(attributes[:, 0], vectors, heads[:, self._hidden :].argmax(axis=1), heads[:, : self._hidden])

    def _types(self, attributes: NDArray[np.uint64]) -> Ints:
        """The row of each token's type in the table of embeddings, adding those not met yet."""
        keys = attributes[:, 0] ^ (attributes[:, 1] * _MIX)  # the other attributes follow from the form
        distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        if len(self._rows) + len(distinct) > len(self._embedded):
            self._rows.clear()
            if len(distinct) > len(self._embedded):
                self._embedded = np.zeros((len(distinct), self.width), dtype=np.float32)
        known = self._rows
        rows = np.array([known.get(key, -1) for key in distinct.tolist()], dtype=np.int64)
        new = np.flatnonzero(rows < 0)
        if len(new):
            rows[new] = np.arange(len(known), len(known) + len(new))
            self._embedded[rows[new]] = self._embed_types(attributes[first[new], 1:])
            known.update(zip(distinct[new].tolist(), rows[new].tolist(), strict=True))
        return rows[inverse]

    def _embed_types(self, attributes: NDArray[np.uint64]) -> Floats:
        count = -(-len(attributes) // _MULTIPLE) * _MULTIPLE
        padded = np.zeros((count, attributes.shape[1]), dtype=np.uint64)
        padded[: len(attributes)] = attributes
        rows = self._known.find(keys=padded[:, 0])
        vectors = np.where((rows < 0)[:, None], np.float32(0), self._known.data[rows])
        known = (self._projection @ np.ascontiguousarray(vectors.T)).T
        summed = np.hstack([*(table.predict(padded[:, number]) for number, table in enumerate(self._tables)), known])
        out, scratch = np.empty((self.width, count), dtype=np.float32), np.empty((self.width, count), dtype=np.float32)
        room = np.empty((len(self._embed.weights), count), dtype=np.float32)
        return self._embed(np.ascontiguousarray(summed.T), room, out, scratch).T[: len(attributes)]


def _blocks(docs: Sequence[Doc]) -> list[list[Doc]]:
    """Runs of texts of about `_BLOCK_TOKENS` tokens together."""
    blocks: list[list[Doc]] = [[]]
    size = 0
    for doc in docs:
        if blocks[-1] and size + len(doc) > _BLOCK_TOKENS:
            blocks.append([])
            size = 0
        blocks[-1].append(doc)
        size += len(doc)
    return blocks
