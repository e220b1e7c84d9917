"""What a model was trained to talk about: it declines an input made of other words, rather than invent an answer."""

import base64
import re
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np

from skillscope.errors import BundleError

__all__ = ["FAMILIAR", "Scope"]

FAMILIAR: Final = 0.9
"""The share of an input's word trigrams that must have stood in training inputs; fixed before anything was measured."""
_TOKEN: Final = re.compile(r"⟨[^⟨⟩]*⟩|\w+|[^\w\s]")


def _trigrams(prompt: str) -> set[int]:
    words = ["<", *_TOKEN.findall(prompt), ">"]
    return {zlib.crc32("\x1f".join(words[at : at + 3]).encode()) for at in range(len(words) - 2)}


class Scope:
    """The word trigrams of every training input, as 32-bit hashes: small to ship, quick to ask."""

    def __init__(self, known: Iterable[int]) -> None:
        self._known = frozenset(known)

    @classmethod
    def of(cls, prompts: Iterable[str]) -> "Scope":
        """The scope of some training inputs."""
        known: set[int] = set()
        for prompt in set(prompts):
            known |= _trigrams(prompt)
        return cls(known)

    def familiarity(self, prompt: str) -> float:
        """The share of the input's trigrams that are known, in [0, 1]; 0 for an empty one."""
        found = _trigrams(prompt)
        return len(found & self._known) / len(found) if prompt.strip() else 0.0

    def __contains__(self, prompt: str) -> bool:
        return self.familiarity(prompt) >= FAMILIAR

    def __len__(self) -> int:
        return len(self._known)

    def __or__(self, other: "Scope") -> "Scope":
        return Scope(self._known | other._known)

    def pack(self) -> str:
        """The hashes as text for a JSON file."""
        return base64.b85encode(np.array(sorted(self._known), dtype="<u4").tobytes()).decode("ascii")

    @classmethod
    def unpack(cls, text: str) -> "Scope":
        """What `pack` wrote.

        Raises:
            BundleError: it is something else.
        """
        try:
            return cls(np.frombuffer(base64.b85decode(text), dtype="<u4").tolist())
        except ValueError as error:
            raise BundleError("a model's scope cannot be read") from error
