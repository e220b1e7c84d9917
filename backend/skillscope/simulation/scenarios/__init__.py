"""The scenarios and the grammar of what students say about them: YAML files beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from skillscope.errors import ConfigurationError
from skillscope.skills import SKILLS, Skill

__all__ = ["Scenario", "load_grammar", "load_scenarios", "load_wording"]

_COMMON: Final = frozenset({"prompt", "who", "place", "thing", "goal", "scene", "feel"})
_SLOTS: Final[dict[Skill, frozenset[str]]] = {
    "empathy": _COMMON | {"sign", "why", "act", "weak"},
    "problem_solving": _COMMON - {"feel"} | {"problem", "cause", "part", "try", "check", "win", "weak"},
    "self_regulation": _COMMON | {"pull", "impulse", "strategy", "win"},
    "resilience": _COMMON | {"setback", "try", "lesson", "win", "weak"},
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A situation that responses are about: the question put to the student, and what fills the grammar's slots."""

    name: str
    skill: Skill
    prompt: str
    slots: Mapping[str, tuple[str, ...]]


def _read(name: str) -> Any:
    return yaml.load(files(__name__).joinpath(name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _scenario(skill: Skill, name: str, entry: dict[str, Any]) -> Scenario:
    if entry.keys() != _SLOTS[skill]:
        odd = ", ".join(sorted(entry.keys() ^ _SLOTS[skill]))
        raise ConfigurationError(f"scenario {name} of {skill}: these keys are missing or unknown: {odd}")
    slots = {slot: tuple(map(str, values)) for slot, values in entry.items() if slot != "prompt"}
    empty = [slot for slot, values in slots.items() if not values]
    if empty:
        raise ConfigurationError(f"scenario {name} of {skill}: no phrases for {', '.join(empty)}")
    return Scenario(name, skill, str(entry["prompt"]), slots)


@cache
def load_scenarios() -> dict[Skill, dict[str, Scenario]]:
    """The scenarios of each skill by name; names are unique over all skills.

    Raises:
        ConfigurationError: a scenario lacks a slot or has one that the grammar does not know.
    """
    return {
        skill: {name: _scenario(skill, name, entry) for name, entry in _read(f"{skill}.yaml").items()}
        for skill in SKILLS
    }


@cache
def load_grammar() -> dict[Skill, dict[str, Any]]:
    """For each skill `moves` (move -> quality -> phrases) and `asides` (quality -> phrases)."""
    grammar: dict[Skill, dict[str, Any]] = _read("moves.yaml")
    return grammar


@cache
def load_wording() -> dict[str, Any]:
    """Names, connectives, fillers, spellings and word choices by age."""
    wording: dict[str, Any] = _read("wording.yaml")
    return wording
