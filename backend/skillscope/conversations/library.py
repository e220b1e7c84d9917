"""The libraries of patterns, topics and moves: YAML beside this module, `coding` and `tutoring`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from skillscope.errors import InputError

__all__ = ["LIBRARIES", "Exchange", "Filler", "Library", "Move", "Pattern", "Topic", "load_library"]

LIBRARIES: Final = ("coding", "tutoring")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(_Strict):
    """A pattern, and the signals by which a check sees it in what the assistant says."""

    name: str
    definition: str
    looks_like: str
    need: int = Field(ge=1)
    signals: dict[str, str]

    def found(self, text: str) -> list[str]:
        """The signals that a text shows."""
        return [name for name, regex in self.signals.items() if _compiled(regex).search(text)]

    def shown(self, text: str) -> bool:
        """Whether enough signals are there."""
        return len(self.found(text)) >= self.need


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.IGNORECASE)


class Exchange(_Strict):
    """Ways to put a question and ways to answer it."""

    ask: tuple[str, ...]
    answer: tuple[str, ...]


class Move(Exchange):
    """How the template provider applies a pattern: one exchange or two, and what to note about it."""

    opening: tuple[str, ...] = ()
    """Ways to open a conversation that begins with this pattern, where the library's do not fit."""
    then: Exchange | None = None
    note: str


class Filler(Exchange):
    """An exchange that belongs to no pattern; it does not go with those named in `without`."""

    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topic:
    """A topic and its record: fields by name, each with its parts."""

    name: str
    record: dict[str, Any]


@dataclass(frozen=True)
class Library:
    """Everything about one kind of conversation."""

    name: str
    version: str
    system: str
    patterns: tuple[Pattern, ...]
    topics: tuple[Topic, ...]
    opening: tuple[str, ...]
    moves: dict[str, Move]
    fillers: tuple[Filler, ...]

    def pattern(self, name: str) -> Pattern:
        """A pattern by its name.

        Raises:
            InputError: there is none.
        """
        for pattern in self.patterns:
            if pattern.name == name:
                return pattern
        raise InputError(f"pattern {name!r} is not known: choose {', '.join(p.name for p in self.patterns)}")


def _read(name: str) -> Any:
    text = resources.files(__package__).joinpath("library", name).read_text(encoding="utf-8")
    # the loader in C, where there is one, is ten times as fast on files of this size
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe loaders


def _topics(entries: Sequence[dict[str, Any]]) -> tuple[Topic, ...]:
    return tuple(Topic(str(entry["topic"]), entry) for entry in entries)


@cache
def load_library(name: Literal["coding", "tutoring"] | str = "coding") -> Library:
    """A library shipped in the package.

    Raises:
        InputError: there is none of this name.
    """
    if name not in LIBRARIES:
        raise InputError(f"library {name!r} is not known: choose {' or '.join(LIBRARIES)}")
    patterns, moves = _read(f"patterns_{name}.yaml"), _read(f"moves_{name}.yaml")
    return Library(
        name=name,
        version=patterns["version"],
        system=patterns["system"],
        patterns=tuple(Pattern.model_validate(entry) for entry in patterns["patterns"]),
        topics=_topics(_read(f"topics_{name}.yaml")),
        opening=tuple(moves["opening"]),
        moves={key: Move.model_validate(value) for key, value in moves["moves"].items()},
        fillers=tuple(Filler.model_validate(value) for value in moves["fillers"]),
    )
