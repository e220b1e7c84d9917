"""Sentence frames, read from `pairs/frames/*.yaml`, and the text that is put together from them."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from skillscope.lm.slots import chained, fill
from skillscope.tutoring.questions.families import to_slots

__all__ = ["Draft", "Frame", "add_frames", "capitalised", "count_words", "frames", "indexed", "only_frame", "pick"]


@dataclass(frozen=True)
class Frame:
    """One authored sentence with slots; the id says where it stands: `feedback:accuracy.high.3`."""

    id: str
    text: str


@dataclass
class Draft:
    """A delexicalised text in the making: sentences with the frames that they came from."""

    sentences: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    def add(self, *parts: Frame, text: str | None = None) -> None:
        """Adds one sentence; `text` replaces the frames' own wording where they were joined or indexed."""
        self.sentences.append(text if text is not None else " ".join(part.text for part in parts))
        self.frames.extend(part.id for part in parts)

    @property
    def delex(self) -> str:
        """The whole text, with slots and symbolic steps."""
        return chained(" ".join(self.sentences))

    def filled(self, slots: Mapping[str, str]) -> str:
        """The whole text, slots filled."""
        return fill(self.delex, slots)


def _walk(prefix: str, node: Any) -> Iterable[tuple[str, list[str]]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(f"{prefix}.{key}" if prefix else str(key), value)
    else:
        yield prefix, node


@cache
def frames(kind: str) -> dict[str, tuple[Frame, ...]]:
    """Every group of frames of a kind (`feedback`, `plans`, `explanations`): group -> frames."""
    text = files("skillscope.tutoring").joinpath("pairs", "frames", f"{kind}.yaml").read_text("utf-8")
    return {
        group: tuple(Frame(f"{kind}:{group}.{index}", to_slots(sentence)) for index, sentence in enumerate(sentences))
        for group, sentences in _walk("", yaml.safe_load(text))
    }


_added: dict[tuple[str, str], tuple[Frame, ...]] = {}
_forced: dict[tuple[str, str], Frame] = {}


def add_frames(rows: Iterable[Mapping[str, str]]) -> None:
    """Put frames (`id`, `kind`, `group`, `text` with ⟨slots⟩) beside the authored ones, in place of those added before.

    What is rendered in this process depends on them from then on.
    """
    _added.clear()
    for row in rows:
        place = row["kind"], row["group"]
        _added[place] = (*_added.get(place, ()), Frame(row["id"], row["text"]))


@contextmanager
def only_frame(kind: str, group: str, frame: Frame) -> Iterator[None]:
    """Make this frame the only one of its group for a while, to try it."""
    _forced[kind, group] = frame
    try:
        yield
    finally:
        del _forced[kind, group]


def pick(rng: random.Random, kind: str, group: str, *, without: Iterable[str] = ()) -> Frame:
    """One frame of a group, at random, leaving out those that read any of the slots in `without`."""
    if (kind, group) in _forced:
        return _forced[kind, group]
    choices = frames(kind)[group] + _added.get((kind, group), ())
    banned = tuple(f"⟨{name}" for name in without)
    if banned:
        choices = tuple(frame for frame in choices if not any(slot in frame.text for slot in banned))
    return rng.choice(choices)


def indexed(text: str, index: int, shared: frozenset[str]) -> str:
    """The slots of one skill numbered: ⟨skill⟩ becomes ⟨skill2⟩; slots in `shared` stay as they are."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        return match.group() if name in shared else f"⟨{name}{index}⟩"

    return re.sub(r"⟨([a-z_]+)⟩", one, text)


def capitalised(text: str) -> str:
    """The text with its first letter in upper case; a slot in front is left to its own value."""
    return text[:1].upper() + text[1:]


def count_words(text: str) -> int:
    """Words as the limits count them: stretches between spaces."""
    return len(text.split())
