"""The project's own English pipeline: loading it, its lemmas, and the recipe that trains it."""

from skillscope.language.analysis import Analyser, Analysis, load_analyser
from skillscope.language.lemmas import LemmaRules
from skillscope.language.pipeline import lemma_rules, load_pipeline, pipeline_version, word_vectors

__all__ = [
    "Analyser",
    "Analysis",
    "LemmaRules",
    "lemma_rules",
    "load_analyser",
    "load_pipeline",
    "pipeline_version",
    "word_vectors",
]
