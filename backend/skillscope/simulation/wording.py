"""How a grade words things: sentence length, connectives, vocabulary, fillers, restarts, spelling, punctuation."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

from skillscope.simulation.scenarios import load_wording
from skillscope.skills import GRADES

__all__ = ["GradeStyle", "grade_style", "word_response"]


@dataclass(frozen=True, slots=True)
class GradeStyle:
    """A grade's way of speaking. `words` is a length in words; the rest are probabilities.

    `detail`: an optional part is said; `join`: two clauses share a sentence; `lead`: a sentence opens with a
    connective; `filler`, `restart`: in a sentence; `misspell`: a hard word; `easier`, `harder`: a word is exchanged;
    `careless`: a response lacks capitals, and likewise full stops, apostrophes, a big "I"; `run_on`: it never stops.
    """

    words: float
    detail: float
    join: float
    lead: float
    filler: float
    restart: float
    misspell: float
    easier: float
    harder: float
    careless: float
    run_on: float


_YOUNGEST: Final = GradeStyle(26.0, 0.12, 0.08, 0.30, 0.14, 0.05, 0.16, 0.8, 0.0, 0.30, 0.07)
_OLDEST: Final = GradeStyle(60.0, 0.70, 0.45, 0.34, 0.06, 0.015, 0.012, 0.0, 0.6, 0.04, 0.01)


@cache
def grade_style(grade: int) -> GradeStyle:
    """The style of a grade: in equal steps from the youngest to the oldest (words in equal ratios)."""
    share = (grade - GRADES[0]) / (GRADES[-1] - GRADES[0])

    def between(name: str) -> float:
        low: float = getattr(_YOUNGEST, name)
        high: float = getattr(_OLDEST, name)
        return low + share * (high - low)

    fields = {name: between(name) for name in GradeStyle.__dataclass_fields__}
    fields["words"] = _YOUNGEST.words * (_OLDEST.words / _YOUNGEST.words) ** share
    return GradeStyle(**fields)


_OPENERS: Final = (
    "after",
    "and ",
    "at ",
    "finally",
    "first",
    "later",
    "next",
    "step",
    "that's",
    "the end",
    "then",
    "whatever",
)
"""A clause that opens like this takes no connective before it."""


@dataclass(frozen=True, slots=True)
class _Lists:
    leads: tuple[list[str], ...]
    joins: tuple[list[str], ...]
    closers: tuple[list[str], ...]
    fillers: list[str]
    restarts: list[str]
    easier: dict[str, str]
    harder: dict[str, list[str]]
    misspelled: dict[str, list[str]]


@cache
def _lists() -> _Lists:
    wording: dict[str, Any] = load_wording()
    ages = ("young", "middle", "old")
    return _Lists(
        tuple(wording["leads"][age] for age in ages),
        tuple(wording["joins"][age] for age in ages),
        (wording["closers"]["young"], wording["closers"]["young"], wording["closers"]["old"]),
        wording["fillers"],
        wording["restarts"],
        wording["easier"],
        wording["harder"],
        wording["misspelled"],
    )


def _sentences(clauses: list[str], style: GradeStyle, age: int, random: Random) -> list[str]:
    lists = _lists()
    chance = random.random
    run_on = chance() < style.run_on
    join = 0.75 if run_on else style.join
    longest = 5 if run_on else 2 + (age > 0)
    sentences: list[str] = []
    size = 0
    for clause in clauses:
        if sentences and size < longest and chance() < join:
            joint = random.choice(lists.joins[0] if run_on else lists.joins[age])
            sentences[-1] += (" and " if clause.startswith(_OPENERS) else joint) + clause
            size += 1
            continue
        said = clause
        if sentences and chance() < style.lead:
            lead = random.choice(lists.leads[age])
            if not said.startswith(_OPENERS):
                said = f"{lead}, {said}" if age == 2 else f"{lead} {said}"
        if chance() < style.filler:
            said = f"{random.choice(lists.fillers)}, {said}"
        if chance() < style.restart and said[:2] == "I ":
            said = f"I {random.choice(lists.restarts)} {said}"
        sentences.append(said)
        size = 1
    if chance() < 0.08:
        sentences.append(random.choice(lists.closers[age]))
    return sentences


def _words(text: str, style: GradeStyle, random: Random) -> str:
    """Exchange and misspell words; what is not in a list stays."""
    lists = _lists()
    chance = random.random
    words = text.split(" ")
    for place, word in enumerate(words):
        core = word.rstrip(".,!?")
        if core in lists.easier and chance() < style.easier:
            words[place] = lists.easier[core] + word[len(core) :]
        elif core in lists.harder and chance() < style.harder:
            words[place] = random.choice(lists.harder[core]) + word[len(core) :]
        elif core in lists.misspelled and chance() < style.misspell:
            words[place] = random.choice(lists.misspelled[core]) + word[len(core) :]
    return " ".join(words)


def word_response(clauses: list[str], grade: int, random: Random) -> str:
    """The clauses as one response of a student of this grade."""
    style = grade_style(grade)
    age = 0 if grade <= 3 else 1 if grade <= 5 else 2
    chance = random.random
    capitals, stops, apostrophes, big_i = (chance() >= style.careless for _ in range(4))
    parts: list[str] = []
    for sentence in _sentences(clauses, style, age, random):
        worded = _words(sentence, style, random)
        begin = worded[0].upper() + worded[1:] if capitals else worded
        parts.append(begin + ("!" if chance() < 0.04 else "."))
    text = " ".join(parts)
    if not stops:
        # The careless forget most marks, seldom all of them: some sentences still end where they should.
        text = text[:-1] if chance() < 0.6 else text.replace(". ", " ", 1)[:-1]
    if not apostrophes:
        text = text.replace("'", "")
    if not big_i:
        text = f" {text} ".replace(" I ", " i ").replace(" I'", " i'").strip()
    return text
