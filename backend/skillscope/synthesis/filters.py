"""Checks of generated text that several generators share: near-duplicates and other languages."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datasketch import MinHash

__all__ = ["NearDuplicates", "english_share", "looks_english", "words_of"]

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


@cache
def _common() -> frozenset[str]:
    """The commonest words of English; hardly any is a word of another language."""
    text = resources.files(__package__).joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def words_of(text: str) -> list[str]:
    """Lower-case words, apostrophes kept."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def english_share(text: str) -> float:
    """Share of the words that are among the commonest of English; 0 for a text with no words."""
    words = words_of(text)
    return sum(word in _common() for word in words) / len(words) if words else 0.0


def looks_english(text: str) -> bool:
    """Whether a text of a few words or more reads as English: common words are never far away in it.

    A fifth suffices; English school texts have around a half, French, Spanish or German ones below a tenth.
    """
    return english_share(text) >= 0.2


class NearDuplicates:
    """Remembers texts by MinHash over runs of words (Broder 1997) and tells when one is nearly there already."""

    def __init__(self, *, threshold: float = 0.7, run: int = 3, permutations: int = 64) -> None:
        """`threshold`: Jaccard similarity of the sets of `run`-word runs from which two texts count as the same."""
        from datasketch import MinHashLSH  # brings scipy along, which takes a second that most commands need not pay

        self._run, self._permutations, self._threshold = run, permutations, threshold
        self._index = MinHashLSH(threshold=threshold, num_perm=permutations)
        self._hashes: dict[str, MinHash] = {}

    def _hash(self, text: str) -> "MinHash":
        from datasketch import MinHash

        words = words_of(text)
        runs = {" ".join(words[i : i + self._run]) for i in range(max(1, len(words) - self._run + 1))}
        made = MinHash(num_perm=self._permutations, seed=1, scheme="affine32")
        made.update_batch([each.encode() for each in sorted(runs)])
        return made

    def seen(self, text: str) -> bool:
        """Whether a like text came before; if not, this one is remembered."""
        made = self._hash(text)
        near = any(made.jaccard(self._hashes[str(key)]) >= self._threshold for key in self._index.query(made))
        if not near:
            key = str(len(self._hashes))
            self._index.insert(key, made)
            self._hashes[key] = made
        return near

    def check(self, text_of: Callable[[dict[str, Any]], str]) -> Callable[[int, dict[str, Any]], str | None]:
        """A check for the engine that drops near-duplicates."""
        return lambda _row, value: "near-duplicate" if self.seen(text_of(value)) else None
