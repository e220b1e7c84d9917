"""Syllables of an English word: vowel groups, corrected by a few rules, and a list of exceptions.

pyphen counts hyphenation points, not syllables, and textstat downloads a dictionary; a rule with exceptions does as
well as either.
"""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

__all__ = ["count_syllables"]

_GROUPS: Final = re.compile(r"[aeiouy]+")
# an e that is not spoken: at the end, in -ed and -es, and before the second part of a compound ("homework",
# "hopeful")
_SILENT: Final = re.compile(
    r"(?<=[aeiouy])e$|(?<=[^aeiouyl])e$|(?<=[aeiouyrl]l)e$"
    r"|(?<=[^aeiouytdl])e(?=d$)|(?<=[aeiouyrl]l)e(?=d$)"
    r"|(?<=[^aeiouysxzcghl])e(?=s$)|(?<=[aeiouyrl]l)e(?=s$)|(?<=[gq])ue(?=s?$|d$)|(?<=[aeiouy]th)e(?=s$)|(?<=[aeiou])e(?=d$)"
    r"|(?<=[aeiouy][^aeiouy])e(?=(?:thing|one|times?|body|where|what|work|ball|books?|day|way|how|ful|less|ly|ment|ness"
    r"|room|mates?|wood|land|board|side|house|line|ship|shine|place|paper|town|man|men|made|self|ty$))"
    r"|(?<=[aeiouy][cg])e(?=ful|ment|less|ly|able)"
)
# two vowels written together and spoken apart
_HIATUS: Final = re.compile(
    r"(?<=[^tscgxl])ia|(?<=[^l]l)ia|(?<=^[cgtslv])ia|(?<=[^tscgxlnh])io|(?<=[aeo]l)io|(?<=^l)io|(?<=[^tcsg])ie(?=n[ct])"
    r"|(?<=^[dqsc])ie(?=t|n)|(?<=^qu)ie(?=t)|(?<=[cxr])ie(?=ty)|(?<=sc)ie(?=n)|(?<=[^aeiouy])i(?=est$|er$)|oe(?=[mt])|(?<=[^gq])ue(?=[l]$)"
    r"|(?<=[^qg])ua(?=[lrt])|(?<=[aeiouy])(?=ing)|eo(?!u|p)|eu(?=m)|aos|^coo(?=[pr]d?i?)|reat(?=e|i)|(?<=r)ea(?=l[i])"
    r"|(?<=[aeiou][^aeiou])ea$|(?<=cr)ue(?=l)|ui(?=n$)|iu|(?<=[aeiou])a(?=ti)"
)
_SYLLABIC: Final = re.compile(r"(?<=s)m$|(?<=th)m$|(?<=[dst])nt$")  # "prism", "rhythm", "didn't"
_APOSTROPHES: Final = str.maketrans("", "", "'’")


@cache
def _exceptions() -> dict[str, int]:
    lines = files(__package__).joinpath("lexicons/syllables.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {word: int(count) for word, count in pairs}


@lru_cache(maxsize=50_000)
def count_syllables(word: str) -> int:
    """Syllables of one word form. A number or sign counts 1, the clitics "'s", "'ll" ... 0; parts of a hyphenated
    word are added up."""
    word = word.lower().replace("’", "'")
    if "-" in word:
        return max(1, sum(count_syllables(part) for part in word.split("-") if part))
    known = _exceptions().get(word)
    if known is None and word.endswith(("'s", "s'", "s")):
        known = _exceptions().get(word.rstrip("s").rstrip("'"))
    if known is not None:
        return known
    bare = word.translate(_APOSTROPHES).replace("every", "evry")
    spoken = len(_GROUPS.findall(_SILENT.sub("", bare)))
    return max(1, spoken + len(_HIATUS.findall(bare)) + len(_SYLLABIC.findall(bare)))
