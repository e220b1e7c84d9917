"""Names of people taken out of a text.

A word is a name where it stands on the list of first names and is no ordinary word, whatever its case; where it is
capitalised inside a sentence and neither an ordinary word nor on the list of other proper words; where it follows a
title, a role or an introduction; where a word that is on no list does what people do (`ask jessamyn`, `okoro said`,
`linh's method`); and, if its form leaves it open (`Will`, `Grace`, or a first word of a sentence that is on no list),
where the project's tagger calls it a proper noun. Capitalised words after a name belong to it.

Any other name on no list that stands in lower case passes.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from skillscope.synthesis.filters import words_of
from skillscope.tutoring.bank import lesson_texts
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["remove_names"]

_TITLES: Final = ("mr", "mrs", "ms", "mx", "dr", "prof")
_TITLE: Final = re.compile(rf"\b(?:{'|'.join(_TITLES)})\b\.?\s*$", re.IGNORECASE)
_ROLE: Final = re.compile(r"\b(?:teacher|coach|tutor|professor|miss|sir|principal|señora?)\s*$", re.IGNORECASE)
_INTRODUCED: Final = re.compile(
    r"\b(?:(?:my|his|her|the|their) name(?: is|'s)|call me|named|called|signed|sincerely,?|yours,?)\s*$", re.IGNORECASE
)
_ARTICLE: Final = re.compile(r"\b(?:the|an?|this|that|these|those|each|every|which|your|its)\s+$", re.IGNORECASE)
_OF_PEOPLE_BEFORE: Final = re.compile(
    r"\b(?:ask(?:ed)?|tell|told|remind(?:ed)?|me and|you and|brother|sister|cousin|friend|partner,?|classmate|thanks,?|"
    r"thank you,?|next to|i'?m|i am|this is|worked (?:on this )?with|everyone but)\s*$",
    re.IGNORECASE,
)
_OF_PEOPLE_AFTER: Final = re.compile(
    r"^(?:['\u2019]s\s+(?:way|method|notes?|answers?|idea|homework|solution|mom|dad|house)|"
    r",?\s+(?:said|says|told|thinks|thought|wrote|showed|helped|argued|explained|agrees|and (?:i|me)\b))",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*")
_POSSESSIVE: Final = re.compile(r"['\u2019][sS]$")
_ENDINGS: Final = (
    *(("ies", "y"), ("ed", "e"), ("ing", "e"), ("es", ""), ("s", ""), ("ed", ""), ("ing", ""), ("ly", ""), ("er", "")),
    *(("est", ""), ("n't", ""), ("ness", ""), ("er", "e"), ("ers", ""), ("ied", "y")),
)
_SHORTEST: Final = 3


@cache
def _listed(name: str) -> frozenset[str]:
    text = files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _vocabulary() -> frozenset[str]:
    """The words of the taxonomy and of the lessons."""
    taxonomy = load_taxonomy()
    names = [
        name
        for skill in taxonomy.skills
        for name in (skill.name, skill.domain, skill.section, *taxonomy.names_of(skill))
    ]
    lessons = [text for row in lesson_texts().values() for text in row.values()]
    return frozenset(word for text in (*names, *lessons) for word in words_of(text))


@lru_cache(maxsize=65536)
def _ordinary(word: str) -> bool:
    """Whether a lower-case word is a common one, as it stands, without its ending, or in its parts."""
    known = _listed("ordinary_words")
    if word in known or word in _vocabulary():
        return True
    parts = re.split(r"[-'\u2019]", word)
    if len(parts) > 1:
        return all(len(part) < _SHORTEST or _ordinary(part) for part in parts)
    return any(
        word.endswith(ending) and len(word) - len(ending) >= _SHORTEST and word.removesuffix(ending) + instead in known
        for ending, instead in _ENDINGS
    )


@lru_cache(maxsize=4096)
def _proper(text: str) -> frozenset[int]:
    """Where the tagger sees a proper noun."""
    from skillscope.language import load_pipeline

    return frozenset(token.idx for token in load_pipeline()(text) if token.pos_ == "PROPN")


def _opens(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'(\u201c\u2018")
    return not before or before[-1] in ".!?:]"


@dataclass(frozen=True, slots=True)
class _Word:
    """A word in its text, and what the lists say about it."""

    text: str
    start: int
    form: str
    lower: str
    capital: bool
    first: bool
    surname: bool
    common: bool

    @classmethod
    def read(cls, text: str, match: re.Match[str]) -> "_Word":
        form = _POSSESSIVE.sub("", match.group())
        lower = form.lower()
        return cls(
            text=text,
            start=match.start(),
            form=form,
            lower=lower,
            capital=form[0].isupper() and not (form.isupper() and len(form) > 1),
            first=lower in _listed("first_names"),
            surname=lower in _listed("surnames"),
            common=_ordinary(lower),
        )

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - 32) : self.start]

    @property
    def after(self) -> str:
        return self.text[self.start + len(self.form) :][:24]

    @property
    def tagged(self) -> bool:
        return self.start in _proper(self.text)


def _presented(word: _Word) -> bool:
    """Whether what stands around a word says that it is somebody."""
    if _TITLE.search(word.before):
        return word.capital or word.first or word.surname or not word.common
    if _ROLE.search(word.before) and (word.capital or (not word.common and (word.first or word.surname))):
        return True
    if _INTRODUCED.search(word.before) and (word.capital or not word.common):
        return True
    unknown = not word.common and len(word.form) > _SHORTEST and not _ARTICLE.search(word.before)
    return unknown and bool(_OF_PEOPLE_BEFORE.search(word.before) or _OF_PEOPLE_AFTER.search(word.after))


def _formed(word: _Word, *, openings: bool) -> bool:
    """Whether a word's own form says so: it is on a list, or has a capital that nothing else explains."""
    if word.first and not word.common:
        return not (word.form.isupper() and len(word.form) <= _SHORTEST)
    if not word.capital or (len(word.form) < _SHORTEST and not word.first):
        return False
    if not _opens(word.text, word.start):
        return not word.common or (word.first and word.tagged)
    if not openings or (word.common and not word.first):
        return False
    return (word.surname and not word.common) or word.tagged


def _is_name(word: _Word, known: Collection[str], *, openings: bool, after_name: bool) -> bool:
    if len(word.form) == 1:
        return after_name and word.form.isupper() and word.form != "I"
    if word.lower in _TITLES:
        return False
    if word.lower in known or word.lower in _vocabulary() or word.lower in _listed("proper_words"):
        return word.capital and bool(_TITLE.search(word.before))
    if after_name and (word.capital or (word.surname and not word.common)):
        return True
    return _presented(word) or _formed(word, openings=openings)


def remove_names(text: str, known: Collection[str], *, openings: bool) -> tuple[str, int]:
    """The text with names replaced by `[name]`, those side by side by one, and how many there were.

    `known` are lower-case words that may stay. `openings=False` leaves the first words of sentences alone unless they
    are on the list.
    """
    pieces: list[str] = []
    end = count = 0
    last = -1
    for match in _TOKEN.finditer(text):
        beside = last >= 0 and text[last : match.start()].strip(" ") == ""
        if text[match.start() - 1 : match.start()] == "[" and text[match.end() : match.end() + 1] == "]":
            continue  # a mark of what was taken out before
        if not _is_name(_Word.read(text, match), known, openings=openings, after_name=beside):
            continue
        word = match.group()
        tail = found.group() if (found := _POSSESSIVE.search(word)) else ""
        if beside:
            pieces[-1] = f"[name]{tail}"
        else:
            pieces += [text[end : match.start()], f"[name]{tail}"]
            count += 1
        end = match.end()
        last = -1 if tail else end
    return "".join((*pieces, text[end:])), count
