"""What a feature's value says, in a teacher's words."""

import math
from collections.abc import Callable
from typing import Final

__all__ = ["describe_feature"]

_Phrase = Callable[[float], str]


def _share(what: str) -> _Phrase:
    return lambda value: f"{value:.1%} of the words {what}"


def _per(what: str, where: str) -> _Phrase:
    return lambda value: f"{value:.3g} {what} a {where}"


_PHRASES: Final[dict[str, _Phrase]] = {
    "empathy_markers": _share("notice or answer what others feel"),
    "problem_solving_language": _share("speak of plans, tries and checks"),
    "perseverance_indicators": _share("speak of keeping on"),
    "social_processes": _share("are about other people"),
    "cognitive_processes": _share("are about thinking and reasons"),
    "positive_sentiment": _share("carry a positive feeling"),
    "negative_sentiment": _share("carry a negative feeling"),
    "avg_sentence_length": _per("words", "sentence"),
    "syntactic_complexity": lambda value: f"sentences nest {value:.1f} levels deep",
    "word_count": _per("words", "response"),
    "unique_word_count": _per("different words", "response"),
    "readability_score": lambda value: f"the writing reads like grade {value:.1f}",
    "noun_count": _per("nouns", "response"),
    "verb_count": _per("verbs", "response"),
    "adj_count": _per("adjectives", "response"),
    "adv_count": _per("adverbs", "response"),
    "task_completion_rate": lambda value: f"{value:.0%} of the tasks begun were completed",
    "time_efficiency": lambda value: f"tasks were done at {value:.2f} times the expected pace",
    "retry_count": _per("new tries", "session"),
    "recovery_rate": lambda value: f"{value:.0%} of the failed tasks were completed later",
    "distraction_resistance": lambda value: f"{value:.0%} of the time was spent undistracted",
    "focus_duration": lambda value: f"{value:.0f} seconds on end without a distraction",
    "collaboration_indicators": _per("times of working together", "session"),
    "leadership_indicators": _per("times of taking the lead", "session"),
    "event_count": _per("actions", "session"),
    "empathy_social_interaction": lambda value: f"words for others' feelings, and working together ({value:.2f})",
    "problem_solving_cognitive": lambda value: f"words of reasoning, and pace ({value:.2f})",
    "self_regulation_focus": lambda value: f"undistracted time and its length ({value:.0f} seconds)",
    "resilience_recovery": lambda value: f"recovered tasks, and new tries ({value:.2f})",
}


def describe_feature(name: str, value: float) -> str:
    """The value of one of the 29 features in words; an undefined one is said to be unknown.

    Raises:
        KeyError: there is no such feature.
    """
    phrase = _PHRASES[name]
    return f"{name.replace('_', ' ')} is unknown" if math.isnan(value) else phrase(value)
