"""The 29 features: each one's name, unit, range, formula and source, stated once. Everything else reads them here."""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "BEHAVIORAL",
    "DERIVED",
    "FEATURES",
    "FEATURE_NAMES",
    "LINGUISTIC",
    "SCHEMA_VERSION",
    "TELEMETRY",
    "Feature",
    "feature",
]

SCHEMA_VERSION: Final = "1"

Family = Literal["linguistic", "telemetry", "derived"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a sample. `low` and `high` bound it (None: unbounded); undefined is NaN where `nullable`.

    `pooled` says how the aggregator joins several responses or sessions: `by_words` weights by word count,
    `mean` weights every response or session alike.
    """

    name: str
    family: Family
    unit: str
    low: float | None
    high: float | None
    nullable: bool
    pooled: Literal["by_words", "mean", "computed"]
    formula: str
    source: str


def _share(name: str, lexicon: str, source: str) -> Feature:
    formula = f"words inside a hit of the {lexicon} lexicon / words; negated hits left out"
    return Feature(name, "linguistic", "share", 0.0, 1.0, True, "by_words", formula, source)


def _count(name: str, formula: str, source: str = "Universal POS tags") -> Feature:
    return Feature(name, "linguistic", "count", 0.0, None, False, "mean", formula, source)


LINGUISTIC: Final[tuple[Feature, ...]] = (
    _share("empathy_markers", "empathy", "own lexicon"),
    _share("problem_solving_language", "problem-solving", "own lexicon"),
    _share("perseverance_indicators", "perseverance", "own lexicon, multi-word entries included"),
    _share("social_processes", "social", "own lexicon, after the LIWC category of that name"),
    _share("cognitive_processes", "cognition", "own lexicon, after the LIWC category of that name"),
    Feature(
        "positive_sentiment",
        "linguistic",
        "share",
        0.0,
        1.0,
        True,
        "by_words",
        "VADER `pos`",
        "NLTK VADER (Hutto & Gilbert 2014)",
    ),
    Feature(
        "negative_sentiment",
        "linguistic",
        "share",
        0.0,
        1.0,
        True,
        "by_words",
        "VADER `neg`",
        "NLTK VADER (Hutto & Gilbert 2014)",
    ),
    Feature(
        "avg_sentence_length",
        "linguistic",
        "words",
        0.0,
        None,
        True,
        "mean",
        "words / sentences that hold a word",
        "sentence splitting of the language pipeline",
    ),
    Feature(
        "syntactic_complexity",
        "linguistic",
        "edges",
        0.0,
        None,
        True,
        "mean",
        "mean over sentences of the depth of the dependency tree, edges from the root",
        "dependency parse",
    ),
    _count("word_count", "tokens that are neither punctuation nor space", "tokeniser"),
    _count("unique_word_count", "distinct lower-case lemmas of the words", "dictionary lemmas"),
    Feature(
        "readability_score",
        "linguistic",
        "grade level",
        None,
        None,
        True,
        "mean",
        "0.39 words / sentences + 11.8 syllables / words - 15.59",
        "Flesch-Kincaid grade level (Kincaid et al. 1975)",
    ),
    _count("noun_count", "tokens tagged NOUN or PROPN"),
    _count("verb_count", "tokens tagged VERB"),
    _count("adj_count", "tokens tagged ADJ"),
    _count("adv_count", "tokens tagged ADV"),
)

TELEMETRY: Final[tuple[Feature, ...]] = (
    Feature(
        "task_completion_rate",
        "telemetry",
        "share",
        0.0,
        1.0,
        True,
        "mean",
        "tasks completed / tasks started",
        "task events",
    ),
    Feature(
        "time_efficiency",
        "telemetry",
        "ratio",
        0.0,
        3.0,
        True,
        "mean",
        "median over completed tasks of expected seconds / seconds taken, capped at 3",
        "task events",
    ),
    Feature("retry_count", "telemetry", "count", 0.0, None, False, "mean", "task retries", "task events"),
    Feature(
        "recovery_rate",
        "telemetry",
        "share",
        0.0,
        1.0,
        True,
        "mean",
        "tasks failed and later completed / tasks failed",
        "task events",
    ),
    Feature(
        "distraction_resistance",
        "telemetry",
        "share",
        0.0,
        1.0,
        True,
        "mean",
        "1 - time distracted / session time",
        "distraction events",
    ),
    Feature(
        "focus_duration",
        "telemetry",
        "seconds",
        0.0,
        None,
        True,
        "mean",
        "mean length of the stretches between distractions",
        "distraction events",
    ),
    Feature(
        "collaboration_indicators",
        "telemetry",
        "count",
        0.0,
        None,
        False,
        "mean",
        "help given or asked, resources shared, joint decisions",
        "social events",
    ),
    Feature(
        "leadership_indicators",
        "telemetry",
        "count",
        0.0,
        None,
        False,
        "mean",
        "tasks delegated, discussions led, peers encouraged, group decisions proposed",
        "social events",
    ),
    Feature("event_count", "telemetry", "count", 0.0, None, False, "mean", "events", "all events"),
)

DERIVED: Final[tuple[Feature, ...]] = (
    Feature(
        "empathy_social_interaction",
        "derived",
        "product",
        0.0,
        None,
        True,
        "computed",
        "empathy_markers x log(1 + collaboration_indicators)",
        "features 1 and 23",
    ),
    Feature(
        "problem_solving_cognitive",
        "derived",
        "product",
        0.0,
        None,
        True,
        "computed",
        "cognitive_processes x time_efficiency",
        "features 5 and 18",
    ),
    Feature(
        "self_regulation_focus",
        "derived",
        "seconds",
        0.0,
        None,
        True,
        "computed",
        "distraction_resistance x focus_duration",
        "features 21 and 22",
    ),
    Feature(
        "resilience_recovery",
        "derived",
        "product",
        0.0,
        None,
        True,
        "computed",
        "recovery_rate x log(1 + retry_count)",
        "features 20 and 19",
    ),
)

BEHAVIORAL: Final[tuple[Feature, ...]] = TELEMETRY + DERIVED
FEATURES: Final[tuple[Feature, ...]] = LINGUISTIC + BEHAVIORAL
FEATURE_NAMES: Final[tuple[str, ...]] = tuple(item.name for item in FEATURES)

_BY_NAME: Final = {item.name: item for item in FEATURES}


def feature(name: str) -> Feature:
    """The feature of that name.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[name]
