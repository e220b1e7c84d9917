"""Load the trained language pipeline that ships under `models/language/`."""

from functools import cache

import spacy
from spacy.language import Language
from thinc.api import set_current_ops

from skillscope.errors import ConfigurationError
from skillscope.language.lemmas import DictionaryLemmatizer, LemmaRules
from skillscope.language.ops import OpenBlasOps
from skillscope.settings import get_settings

__all__ = ["lemma_rules", "load_pipeline", "pipeline_version"]


@cache
def load_pipeline() -> Language:
    """The pipeline of this process, loaded once: tokeniser, tok2vec, UPOS, dependency parser, lemmas.

    Raises:
        ConfigurationError: the model folder is missing or unusable.
    """
    path = get_settings().language_model
    set_current_ops(OpenBlasOps())
    try:
        return spacy.load(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the language pipeline cannot be loaded from {path}: {error}. "
            "It ships with the project; SKILLSCOPE_MODELS_DIR says where the models folder is."
        ) from error


def pipeline_version() -> str:
    """Name and version of the loaded pipeline, stored with everything measured by it."""
    meta = load_pipeline().meta
    return f"{meta['lang']}_{meta['name']}-{meta['version']}"


def lemma_rules() -> LemmaRules:
    """The lemma dictionary of the loaded pipeline, for callers that look lemmas up without the component."""
    component = load_pipeline().get_pipe("lemmatizer")
    if not isinstance(component, DictionaryLemmatizer):
        raise ConfigurationError("the language pipeline holds no dictionary lemmatizer")
    return component.rules
