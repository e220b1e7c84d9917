"""Syllables of an English word: vowel groups, corrected by a few endings, and a list of exceptions.

pyphen counts hyphenation points, not syllables, and textstat downloads a dictionary; a rule with exceptions does as well as either.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["count_syllables"]

_GROUPS: Final = re.compile(r"[aeiouy]+")
_SILENT_E: Final = re.compile(r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$|(?<=[aeiouy])e$")
_SILENT_ED: Final = re.compile(r"(?<=[^aeiouytd])ed$")
_SILENT_ES: Final = re.compile(r"(?<=[^aeiouysxzcgh])es$|(?<=[aeiouy]th)es$")
_SPLIT: Final = re.compile(
    r"ia(?!l$|n$|ns$|lly$|ge$)|io(?!n|us)|[aiouy]ing\b|eo(?!u)|ua(?!r)|uou|eate|iest\b|ier\b|ying|ya(?=$|[^y])|(?<=[^gq])uo"
)
_APOSTROPHES: Final = str.maketrans("", "", "'’")


@cache
def _exceptions() -> dict[str, int]:
    lines = files(__package__).joinpath("lexicons/syllables.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {word: int(count) for word, count in pairs}


@lru_cache(maxsize=100_000)
def count_syllables(word: str) -> int:
    """Syllables of one word, 1 or more. A number or a sign counts 1; parts joined by hyphens are added up."""
    word = word.lower()
    if "-" in word:
        return max(1, sum(count_syllables(part) for part in word.split("-") if part))
    known = _exceptions().get(word)
    if known is not None:
        return known
    bare = word.translate(_APOSTROPHES)
    stem = _SILENT_ES.sub("s", _SILENT_ED.sub("d", _SILENT_E.sub("", bare)))
    return max(1, len(_GROUPS.findall(stem)) + len(_SPLIT.findall(stem)))
