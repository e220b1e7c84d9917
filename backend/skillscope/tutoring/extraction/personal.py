"""Personal data taken out of what students and tutors wrote: addresses, numbers and names, replaced by their kind.

| kind | found by |
|---|---|
| `email`, `link`, `handle` | their marks; `jo at mail dot com`; a word after `insta`, `snap`, `discord` and the like |
| `phone` | North American and international forms; seven digits only after `call`, `text`, `cell` and the like |
| `address` | number, words, kind of street, with flat, city, state and zip code where they follow; P.O. boxes |
| `id`, `date` | social security numbers, a number after `student id`; a date after `born` or `birthday` |
| `name` | `people.remove_names` |

`benchmarks/personal_data.py` measures how much of each is found, and what else is taken for it.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from skillscope.tutoring.extraction.people import remove_names

__all__ = ["KINDS", "remove_personal_data"]

KINDS: Final = ("email", "link", "handle", "phone", "address", "id", "date", "name")

_STATES: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
_STREETS: Final = r"street|st|avenue|ave|road|rd|lane|ln|boulevard|blvd|highway|hwy|parkway|pkwy|terrace|crescent"
_ALSO_WORDS: Final = r"drive|dr|court|ct|way|place|pl|circle|cir|square|sq|trail|row|close"
_NO_STREET: Final = (
    r"(?:miles?|kilometers?|meters?|feet|foot|inches|minutes?|hours?|days?|weeks?|years?|percent|people|cars?|students?|"
    r"of|on|in|at|to|the|a|an|and|or|per|more|times|per|points?|steps?|questions?|is|are|was|we|i|you|they|he|she|it)\b"
)
_WORD: Final = r"[^\W\d_][\w'.-]*"
_REST: Final = (
    r"\.?(?:,?\s+(?:(?:apt|apartment|unit|suite|ste)\b\.?\s*#?\w+|#\s*\w+))?"
    rf"(?:,?\s+(?:{_WORD}\s+){{0,2}}{_WORD},?\s+(?:{_STATES})\b(?:\s+\d{{5}}(?:-\d{{4}})?)?)?"
)


def _street(kinds: str) -> str:
    named = rf"(?!{_NO_STREET})(?:{_WORD}|\d+(?:st|nd|rd|th))\s+"
    return rf"\d{{1,5}}[a-z]?\s+(?:[nsew]\.?\s+)?(?:{named}){{1,3}}?(?:{kinds})\b"


_CONTEXT: Final = r"(?:call|text|phone|cell|mobile|number|tel|whatsapp|reach)\b[^.?!\d]{0,25}"
_PATTERNS: Final = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("email", re.compile(r"\b[\w.]+\s+\(?at\)?\s+\w+\s+\(?dot\)?\s+(?:com|org|net|edu)\b", re.IGNORECASE)),
    ("link", re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("address", re.compile(rf"\b{_street(_STREETS)}{_REST}", re.IGNORECASE)),
    ("address", re.compile(rf"\b(?<=at ){_street(_ALSO_WORDS)}{_REST}", re.IGNORECASE)),
    ("address", re.compile(rf"\b(?<=to ){_street(_ALSO_WORDS)}{_REST}", re.IGNORECASE)),
    (
        "address",
        re.compile(
            r"\b\d{1,5}\s+(?:[A-Z][\w']*\s+){1,3}(?:Drive|Dr|Court|Ct|Way|Place|Pl|Circle|Cir|Square|Sq|Trail|Row|Close)\b"
            rf"(?i:{_REST})"
        ),
    ),
    ("address", re.compile(r"\bp\.?\s?o\.?\s+box\s+\d+", re.IGNORECASE)),
    ("id", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")),
    ("phone", re.compile(r"(?<![\w.])(?:\+?\d{1,3}[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]\d{4}(?!\w)")),
    ("phone", re.compile(r"(?<![\w.])\+\d{1,3}(?:[\s.-]?\d){7,12}(?!\w)")),
    ("phone", re.compile(r"(?<![\w.$-])[2-9]\d{2}[2-9]\d{6}(?![\w%]|\s*[-+*/=^<>])")),
)
_AFTER: Final = (  # the first group stays, the rest goes
    ("phone", re.compile(rf"(\b{_CONTEXT})\d{{3}}[\s.-]?\d{{4}}(?!\w)", re.IGNORECASE)),
    ("id", re.compile(r"(\bstudent\s+(?:id|number)\s*(?:is|:|#)?\s*)#?[A-Z]{0,3}\d{4,12}\b", re.IGNORECASE)),
    (
        "date",
        re.compile(
            r"(\b(?:born|birthday|birthdate|bday|dob)\b\s*(?:is|on|:)?\s*(?:on\s+)?)"
            r"(?:\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|[a-z]+\s+\d{1,2}(?:st|nd|rd|th)?(?:,?\s+\d{4})?)",
            re.IGNORECASE,
        ),
    ),
    (
        "handle",
        re.compile(r"(\b(?:insta(?:gram)?|snap(?:chat)?|discord|tiktok)\s*(?:is|:|@)\s*)@?[\w.]{3,30}", re.IGNORECASE),
    ),
    ("handle", re.compile(r"((?<![\w@]))@[A-Za-z_][\w.]{2,29}")),
)


def remove_personal_data(
    text: str, known: Collection[str] = frozenset(), *, openings: bool = True
) -> tuple[str, Counter[str]]:
    """The text with personal data replaced by `[kind]`, and how much of each of `KINDS` there was.

    `known` are lower-case words that may stay (those of the question). A tutor's texts open many sentences with a verb
    and none with a name: `openings=False` leaves those words alone, but for the names on the list.
    """
    counts: Counter[str] = Counter()
    while True:
        for kind, pattern in _PATTERNS:
            text, number = pattern.subn(f"[{kind}]", text)
            counts[kind] += number
        for kind, pattern in _AFTER:
            text, number = pattern.subn(rf"\g<1>[{kind}]", text)
            counts[kind] += number
        text, names = remove_names(text, known, openings=openings)
        counts["name"] += names
        # What stood right behind a name (`Jo@jo_55`) is seen once the name is gone.
        if not names:
            return text, +counts
