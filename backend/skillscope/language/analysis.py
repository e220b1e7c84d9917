"""Texts to tags, trees and token vectors, many at once: the pipeline's answers without its objects.

`Analyser` gives what `nlp.pipe` gives (a test holds them against each other), several times faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Final

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from skillscope.language.arc_eager import ArcEager
from skillscope.language.encoder import Encoder
from skillscope.language.pipeline import load_pipeline

__all__ = ["Analyser", "Analysis", "load_analyser"]

_STRINGS_KEPT: Final = 50_000

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Tokens of all texts one after the other; `bounds[i]:bounds[i + 1]` are those of text i.

    `docs` are the texts as the tokeniser left them, without annotation. `forms` are spaCy's ids of the token texts,
    `tags` and `relations` numbers of the analyser's `tags` and `relations`, `heads` indices into the whole (a root's is
    its own), `starts` where the parser begins a sentence, `vectors` the token vectors, one row a token.
    """

    docs: list[Doc]
    bounds: Ints
    forms: NDArray[np.uint64]
    tags: Ints
    heads: Ints
    relations: Ints
    starts: NDArray[np.bool_]
    vectors: NDArray[np.float32]


class Analyser:
    """The pipeline's tokeniser, tagger and parser over many texts. `tags` are the UPOS tags, `relations` the dependency
    relations without their subtypes."""

    def __init__(self, nlp: Language) -> None:
        """Read the pipeline's weights.

        Raises:
            ConfigurationError: it is not of the shape of `pipeline.cfg`.
        """
        tokeniser: Any = nlp.tokenizer
        self._tokeniser = tokeniser
        self._rules: bytes = tokeniser.to_bytes(exclude=["vocab"])
        self._turn = Lock()
        self._encoder = Encoder(nlp)
        self._parser = ArcEager(nlp)
        self.tags = tuple(label.removeprefix("POS=") for label in nlp.pipe_labels["morphologizer"])
        self.relations = self._parser.labels

    def analyse(self, texts: Sequence[str]) -> Analysis:
        """Tag and parse. What comes out for a text does not depend on the others. Threads take turns: they share the
        table of word types."""
        with self._turn:
            return self._analyse(texts)

    def _analyse(self, texts: Sequence[str]) -> Analysis:
        if len(self._tokeniser.vocab.strings) > _STRINGS_KEPT:
            self._tokeniser = self._fresh_tokeniser()
        docs = [self._tokeniser(text) for text in texts]
        bounds = np.concatenate(([0], np.cumsum([len(doc) for doc in docs], dtype=np.int64)))
        full = [doc for doc in docs if len(doc)]
        if not full:
            nothing = np.zeros(0, dtype=np.int64)
            vectors = np.zeros((0, self._encoder.width), dtype=np.float32)
            return Analysis(
                docs, bounds, nothing.astype(np.uint64), nothing, nothing, nothing, nothing.astype(bool), vectors
            )
        encoded = self._encoder.encode(full)
        trees = self._parser.parse(encoded.inputs, np.unique(bounds))
        return Analysis(
            docs, bounds, encoded.forms, encoded.tags, trees.heads, trees.labels, trees.starts, encoded.vectors
        )

    def _fresh_tokeniser(self) -> Any:
        """The same tokeniser with an empty vocabulary. spaCy keeps every word that it has seen; texts that never end
        would fill the memory. Documents keep the vocabulary that they were made with."""
        tokeniser = Tokenizer(spacy.blank("en").vocab)
        return tokeniser.from_bytes(self._rules)


@cache
def load_analyser() -> Analyser:
    """The analyser of this process, over the pipeline that ships."""
    return Analyser(load_pipeline())
