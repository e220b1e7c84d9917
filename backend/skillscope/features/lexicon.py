"""The word lists: reading them, and what each one says about a word.

A list is a text file of lines `entry <tab> part of speech <tab> reason`. An entry is one lemma or several, matched
word by word; `*` between two lemmas lets up to three words stand there ("figure * out"). The part of speech is one
UPOS tag, several joined by `|`, or `-` for any. An entry that begins with `!` counts only when it is negated ("!give
up": "never gave up"); one that begins with `~` never counts and hides the shorter entries inside it ("~kind of").
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from skillscope.errors import ConfigurationError

__all__ = ["LEXICONS", "Entry", "LexiconName", "Lexicons", "load_lexicons", "load_spellings"]

LexiconName = Literal["empathy", "problem_solving", "perseverance", "social", "cognition", "self_regulation"]

LEXICONS: Final[tuple[LexiconName, ...]] = (
    "empathy",
    "problem_solving",
    "perseverance",
    "social",
    "cognition",
    "self_regulation",
)
"""The first five feed features 1 to 5, in that order; `self_regulation` serves evidence and the heuristic rater."""

_TAGS: Final = frozenset(
    {"ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "SCONJ", "SYM", "VERB"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. `pattern` holds lemmas, or `*` for a gap; no `tags`: any part of speech will do."""

    lexicon: LexiconName
    pattern: tuple[str, ...]
    tags: frozenset[str]
    kind: Literal["plain", "if_negated", "never"]
    reason: str

    @property
    def text(self) -> str:
        """The entry as it stands in the file, without its mark."""
        return " ".join(self.pattern)


class Lexicons:
    """All entries, found by the first lemma of their pattern."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = tuple(entries)
        self.by_first: dict[str, list[Entry]] = {}
        for entry in entries:
            self.by_first.setdefault(entry.pattern[0], []).append(entry)


def _read(name: str) -> list[tuple[int, str]]:
    text = files(__package__).joinpath(f"lexicons/{name}.txt").read_text(encoding="utf-8")
    return [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and not line.startswith("#")]


def parse_entry(lexicon: LexiconName, number: int, line: str) -> Entry:
    """One line of a list.

    Raises:
        ConfigurationError: it does not have three columns, a known tag, or a word.
    """
    columns = [column.strip() for column in line.split("\t")]
    where = f"lexicon {lexicon}, line {number}"
    if len(columns) != 3 or not all(columns):
        raise ConfigurationError(f"{where}: entry, part of speech and reason are wanted, separated by tabs")
    text, tags, reason = columns
    kind: Literal["plain", "if_negated", "never"] = "plain"
    if text[0] in "!~":
        kind, text = ("if_negated" if text[0] == "!" else "never"), text[1:]
    pattern = tuple(text.lower().split())
    wanted = frozenset() if tags == "-" else frozenset(tags.split("|"))
    if wanted - _TAGS:
        raise ConfigurationError(f"{where}: {tags} is no UPOS tag; use one of {', '.join(sorted(_TAGS))} or -")
    if not pattern or pattern[0] == "*" or pattern[-1] == "*":
        raise ConfigurationError(f"{where}: an entry begins and ends with a word")
    return Entry(lexicon, pattern, wanted, kind, reason)


@cache
def load_lexicons() -> Lexicons:
    """The six lists that ship with the package."""
    return Lexicons([parse_entry(name, number, line) for name in LEXICONS for number, line in _read(name)])


@cache
def load_spellings() -> dict[str, str]:
    """Children's spellings -> the word. Used to match entries alone; texts stay as they are."""
    pairs = (line.split("\t") for _, line in _read("spelling"))
    return {wrong.strip(): right.strip() for wrong, right in pairs}
