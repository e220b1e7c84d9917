"""What keeps extracted pairs fit to train on: personal data taken out, the tone even, the topic the SAT."""

import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Final

from skillscope.synthesis.filters import words_of
from skillscope.tutoring.extraction.personal import remove_personal_data
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["clean", "even_tone", "on_topic"]

_MARKUP: Final = re.compile(r"<[^<>]{1,200}>")
_EMOJI: Final = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
_SHOUTED: Final = re.compile(r"\b[A-Z]{4,}\b")
_SENTENCE_START: Final = re.compile(r"(?:^|(?<=[.!?] ))[a-z](?=[a-z'])")  # a lone letter may be a variable
_HARSH: Final = (
    (re.compile(r"\b(stupid|dumb|idiotic|lame)\b", re.IGNORECASE), "tricky"),
    (re.compile(r"\b(terrible|awful|horrible|pathetic)\b", re.IGNORECASE), "not there yet"),
    (re.compile(r"\bobviously,?\s+", re.IGNORECASE), ""),
)
_ABOUT_IT: Final = frozenset(
    [
        "answer",
        "option",
        "choice",
        "question",
        "problem",
        "step",
        "steps",
        "wrong",
        "right",
        "correct",
        "mistake",
        "explain",
        "understand",
        "solve",
        "solution",
        "why",
        "mean",
        "means",
        "meaning",
        "equation",
        "formula",
        "number",
        "numbers",
        "graph",
        "line",
        "slope",
        "angle",
        "area",
        "volume",
        "circle",
        "triangle",
        "ratio",
        "percent",
        "mean",
        "median",
        "probability",
        "passage",
        "sentence",
        "word",
        "words",
        "author",
        "claim",
        "evidence",
        "comma",
        "verb",
        "subject",
        "idea",
        "practice",
        "test",
        "score",
        "study",
        "quiz",
        "lesson",
        "math",
        "reading",
        "writing",
        "grammar",
        "calculate",
        "factor",
        "root",
        "square",
        "hint",
        "help",
        "stuck",
    ]
)


@cache
def _topic() -> frozenset[str]:
    taxonomy = load_taxonomy()
    names = [name for skill in taxonomy.skills for name in taxonomy.names_of(skill)]
    return _ABOUT_IT | frozenset(word for name in names for word in words_of(name) if len(word) > 4)


def clean(text: str, known: Collection[str] = frozenset(), *, openings: bool = True) -> tuple[str, Counter[str]]:
    """The text without markup and personal data, and how much of which was taken out; see `remove_personal_data`."""
    cleaned, counts = remove_personal_data(_MARKUP.sub(" ", text), known, openings=openings)
    return " ".join(cleaned.split()), counts


def even_tone(text: str) -> str:
    """The text without shouting, emoji, runs of exclamation marks and harsh words."""
    text = _EMOJI.sub("", text)
    text = re.sub(r"([!?])[!?]+", r"\1", text)
    text = _SHOUTED.sub(lambda match: match.group().lower(), text)
    for pattern, instead in _HARSH:
        text = pattern.sub(instead, text)
    return _SENTENCE_START.sub(lambda match: match.group().upper(), " ".join(text.split()))


def on_topic(text: str, known: Collection[str] = frozenset()) -> bool:
    """Whether a student's text is about the SAT: it uses a word of the subject or of the question (`known`)."""
    words = set(words_of(text))
    return (
        bool(words & _topic())
        or any(len(word) > 3 and word in known for word in words)
        or bool(re.search(r"\d\s*[-+*/=^<>]|\b[xy]\b\s*[=<>]", text))
    )
