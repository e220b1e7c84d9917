"""What keeps extracted pairs fit to train on: personal data taken out, the tone even, the topic the SAT.

E-mail addresses, phone numbers, street addresses and web addresses go by patterns. Names go by patterns of introduction
("my name is …") and by the project's own tagger: a capitalised word that is no common word and that neither the
question nor the taxonomy uses is looked at, and goes where the tagger calls it a proper noun.

How many names this finds has not been measured, and names in lower case pass.
"""

import re
from collections import Counter
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Final

from skillscope.synthesis.filters import words_of
from skillscope.tutoring.bank import lesson_texts
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["clean", "even_tone", "on_topic"]

_PATTERNS: Final = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("link", re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)),
    (
        "address",
        re.compile(
            r"\b\d{1,5}\s+(?:[A-Z][\w']*\s+){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|"
            r"Ct|Way|Place|Pl)\b\.?(?:,?\s+(?:[A-Z]\w+\s?){1,3},?\s+[A-Z]{2}\s+\d{5})?"
        ),
    ),
    ("phone", re.compile(r"(?<![\w.])(?:\+?\d{1,3}[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]\d{4}(?!\w)")),
    ("phone", re.compile(r"(?<![\w.])\+\d{1,3}(?:[\s.-]?\d){7,12}(?!\w)")),
)
_INTRODUCED: Final = re.compile(
    r"\b((?:[Mm]y|[Tt]he) name(?: is|'s)|[Cc]all me|[Mm](?:r|rs|s|iss)\.?|[Dd]r\.|[Tt]eacher|[Ff]riend|[Ii] am|[Ii]'m)"
    r"\s+([A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?)"
)
_CAPITALISED: Final = re.compile(r"\b[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?\b")
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
def _vocabulary() -> frozenset[str]:
    taxonomy = load_taxonomy()
    names = [
        name
        for skill in taxonomy.skills
        for name in (skill.name, skill.domain, skill.section, *taxonomy.names_of(skill))
    ]
    lessons = [text for row in lesson_texts().values() for text in row.values()]
    return frozenset(word for text in (*names, *lessons) for word in words_of(text))


@cache
def _topic() -> frozenset[str]:
    taxonomy = load_taxonomy()
    names = [name for skill in taxonomy.skills for name in taxonomy.names_of(skill)]
    return _ABOUT_IT | frozenset(word for name in names for word in words_of(name) if len(word) > 4)


def _opens(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return not before or before[-1] in ".!?:"


@lru_cache(maxsize=4096)
def _proper(text: str) -> frozenset[str]:
    from skillscope.language import load_pipeline

    return frozenset(token.text for token in load_pipeline()(text) if token.pos_ == "PROPN")


def _names(text: str, known: Collection[str], *, openings: bool) -> set[str]:
    """Capitalised words that may be somebody's name; the first of a sentence only with `openings`."""
    ordinary = _vocabulary()
    found = {
        word
        for word in (
            match.group() for match in _CAPITALISED.finditer(text) if openings or not _opens(text, match.start())
        )
        if word.lower() not in ordinary and word.lower() not in known
    }
    return found & _proper(text) if found else set()


def clean(text: str, known: Collection[str] = frozenset(), *, openings: bool = True) -> tuple[str, Counter[str]]:
    """The text without personal data and markup, and how much of which was taken out; `known` words may stay.

    A tutor's texts open many sentences with a verb and none with a name: `openings=False` leaves those words alone.
    """
    counts: Counter[str] = Counter()
    text = _MARKUP.sub(" ", text)
    for kind, pattern in _PATTERNS:
        text, number = pattern.subn(f"[{kind}]", text)
        counts[kind] += number

    def introduced(match: re.Match[str]) -> str:
        words = match.group(2).split()
        if all(word.lower() in known or word.lower() in _vocabulary() for word in words):
            return match.group()
        counts["name"] += 1
        return f"{match.group(1)} [name]"

    text = _INTRODUCED.sub(introduced, text)
    for name in sorted(_names(text, known, openings=openings), key=len, reverse=True):
        text, number = re.subn(rf"\b{re.escape(name)}\b", "[name]", text)
        counts["name"] += number
    return " ".join(text.split()), +counts


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
