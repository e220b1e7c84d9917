"""Phrases with choices, optional parts and slots: compiled once, filled for one response.

`(a|b)` is a choice, `[x]` may be left out, `{slot}` is filled from the scenario, from the names, or with a pronoun.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final, Literal

from skillscope.errors import ConfigurationError
from skillscope.simulation.scenarios import load_grammar, load_scenarios, load_wording
from skillscope.skills import SKILLS, Skill

__all__ = ["QUALITIES", "Binding", "Phrase", "SkillGrammar", "compile_phrase", "scenario_phrases", "skill_grammar"]

Quality = Literal["low", "mid", "high"]
QUALITIES: Final[tuple[Quality, ...]] = ("low", "mid", "high")

_TOKEN: Final = re.compile(r"[()\[\]|]|\{[a-z]+\}|[^()\[\]|{}]+")
_GIRL_WORDS: Final = frozenset({"sister", "grandma", "aunt", "mom"})
_BOY_WORDS: Final = frozenset({"brother", "grandpa", "uncle", "dad"})
_PRONOUNS: Final = {
    "girl": {"he": "she", "him": "her", "his": "her", "kid": "girl"},
    "boy": {"he": "he", "him": "him", "his": "his", "kid": "boy"},
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that the scenario fills."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts."""

    options: tuple["Phrase", ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """A part that may be left out."""

    part: "Phrase"


Phrase = tuple[str | Slot | Choice | Optional, ...]


def _parse(tokens: list[str], closing: str, source: str) -> list[Phrase]:
    """The alternatives up to `closing`; eats the tokens."""
    options: list[Phrase] = []
    parts: list[str | Slot | Choice | Optional] = []
    while tokens:
        part_source = tokens.pop()
        if part_source == closing:
            return [*options, tuple(parts)]
        if part_source == "|" and closing == ")":
            options.append(tuple(parts))
            parts = []
        elif part_source == "(":
            parts.append(Choice(tuple(_parse(tokens, ")", source))))
        elif part_source == "[":
            parts.append(Optional(_parse(tokens, "]", source)[0]))
        elif part_source[0] == "{":
            parts.append(Slot(part_source[1:-1]))
        elif part_source in ")]|":
            break
        else:
            parts.append(part_source)
    else:
        if not closing:
            return [*options, tuple(parts)]
    raise ConfigurationError(f"a phrase of the grammar has unbalanced brackets: {source}")


def compile_phrase(source: str) -> Phrase:
    """The compiled phrase.

    Raises:
        ConfigurationError: brackets do not match.
    """
    tokens = _TOKEN.findall(source)
    if "".join(tokens) != source:
        raise ConfigurationError(f"a phrase of the grammar has an odd slot: {source}")
    return _parse(tokens[::-1], "", source)[0]


@dataclass(frozen=True, slots=True)
class SkillGrammar:
    """Compiled phrases of a skill: five moves in story order, and asides, each by quality (low, mid, high)."""

    moves: tuple[tuple[tuple[Phrase, ...], ...], ...]
    asides: tuple[tuple[Phrase, ...], ...]


def _by_quality(entry: dict[str, list[str]]) -> tuple[tuple[Phrase, ...], ...]:
    return tuple(tuple(compile_phrase(source) for source in entry[quality]) for quality in QUALITIES)


@cache
def skill_grammar() -> dict[Skill, SkillGrammar]:
    """The grammar of every skill."""
    grammar = load_grammar()
    return {
        skill: SkillGrammar(
            tuple(_by_quality(move) for move in grammar[skill]["moves"].values()), _by_quality(grammar[skill]["asides"])
        )
        for skill in SKILLS
    }


@cache
def scenario_phrases(skill: Skill, name: str) -> dict[str, tuple[Phrase, ...]]:
    """The compiled slot fillers of a scenario."""
    slots = load_scenarios()[skill][name].slots
    return {slot: tuple(compile_phrase(source) for source in sources) for slot, sources in slots.items()}


def _gender(who: Phrase, random: Random) -> str:
    words = {word for part in who if isinstance(part, str) for word in part.split()}
    if words & _GIRL_WORDS:
        return "girl"
    if words & _BOY_WORDS:
        return "boy"
    return "girl" if random.random() < 0.5 else "boy"


@cache
def _names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = load_wording()["names"]
    return names


class Binding:
    """What a response's slots stand for: one other person throughout, and no filler twice before all have been used."""

    def __init__(self, phrases: dict[str, tuple[Phrase, ...]], random: Random, detail: float) -> None:
        self._phrases = phrases
        self._random = random
        self._detail = detail
        self._left: dict[str, list[Phrase]] = {}
        who = random.choice(phrases["who"])
        gender = _gender(who, random)
        self._fixed = {**_PRONOUNS[gender], "name": random.choice(_names()[gender])}
        self._fixed["who"] = self.text(who)

    def text(self, phrase: Phrase) -> str:
        """The phrase as words; optional parts stand with probability `detail`."""
        parts: list[str] = []
        self._expand(phrase, parts)
        return "".join(parts)

    def pick(self, phrases: Sequence[Phrase]) -> str:
        """One of the phrases as words."""
        return self.text(phrases[int(self._random.random() * len(phrases))])

    def slot(self, name: str) -> str:
        """What fills the slot this time."""
        parts: list[str] = []
        self._fill(name, parts)
        return "".join(parts)

    def _fill(self, name: str, parts: list[str]) -> None:
        fixed = self._fixed.get(name)
        if fixed is not None:
            parts.append(fixed)
            return
        left = self._left.get(name)
        if not left:
            left = self._left[name] = list(self._phrases[name])
        self._expand(left.pop(int(self._random.random() * len(left))), parts)

    def _expand(self, phrase: Phrase, parts: list[str]) -> None:
        random = self._random.random
        for part in phrase:
            if type(part) is str:
                parts.append(part)
            elif type(part) is Slot:
                self._fill(part.name, parts)
            elif type(part) is Choice:
                self._expand(part.options[int(random() * len(part.options))], parts)
            elif type(part) is Optional and random() < self._detail:
                self._expand(part.part, parts)
