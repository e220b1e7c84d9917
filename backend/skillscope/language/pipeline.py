"""Load the trained language pipeline that ships under `models/language/`."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.strings import get_string_id
from thinc.api import set_current_ops

from skillscope.errors import ConfigurationError
from skillscope.language.lemmas import DictionaryLemmatizer, LemmaRules
from skillscope.language.ops import OpenBlasOps
from skillscope.language.vectors import open_pipeline
from skillscope.settings import get_settings

__all__ = ["lemma_rules", "load_pipeline", "pipeline_version", "word_vectors"]


@cache
def load_pipeline() -> Language:
    """The pipeline of this process, loaded once: tokeniser, tok2vec, UPOS, dependency parser, lemmas.

    Raises:
        ConfigurationError: the model folder is missing or unusable.
    """
    path = get_settings().language_model
    set_current_ops(OpenBlasOps())
    try:
        return open_pipeline(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the language pipeline cannot be loaded from {path}: {error}. "
            "It ships with the project; SKILLSCOPE_MODELS_DIR says where the models folder is."
        ) from error


def pipeline_version() -> str:
    """Name and version of the loaded pipeline, stored with everything measured by it."""
    meta = load_pipeline().meta
    return f"{meta['lang']}_{meta['name']}-{meta['version']}"


def word_vectors(words: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The vectors of words in lower case, shape (n, dimensions), 0 where one is not known; and the rank of each word by
    frequency, 0 the first, -1 for one that is not known."""
    vectors: Any = load_pipeline().vocab.vectors
    ranks = vectors.find(keys=np.array([get_string_id(word) for word in words], dtype=np.uint64)).astype(np.int64)
    return np.where((ranks < 0)[:, None], np.float32(0), vectors.data[ranks]), ranks


def lemma_rules() -> LemmaRules:
    """The lemma dictionary of the loaded pipeline, for callers that look lemmas up without the component."""
    component = load_pipeline().get_pipe("lemmatizer")
    if not isinstance(component, DictionaryLemmatizer):
        raise ConfigurationError("the language pipeline holds no dictionary lemmatizer")
    return component.rules
