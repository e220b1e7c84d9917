"""Which topic and which patterns each conversation has."""

from dataclasses import dataclass
from typing import Final

from skillscope.conversations.library import Library, Pattern, Topic
from skillscope.synthesis import row_random

__all__ = ["ConversationPlan", "ConversationSpec", "assigned_patterns"]

_GROUPS: Final = ((0, 1), (2, 3, 4), (5, 6), (7, 8, 9))
"""Two and three by turns, through all ten: 1-2, 3-5, 6-7, 8-10, 1-2, ..."""


@dataclass(frozen=True)
class ConversationSpec:
    """One conversation to be made."""

    row: int
    topic: Topic
    patterns: tuple[Pattern, ...]


def assigned_patterns(library: Library, row: int) -> tuple[Pattern, ...]:
    """The patterns of a row: every pattern appears equally often in any four rows from a multiple of four on."""
    return tuple(library.patterns[index] for index in _GROUPS[row % len(_GROUPS)])


class ConversationPlan:
    """Topics shuffled by the seed; when all have come they come again in another order."""

    def __init__(self, library: Library, seed: int) -> None:
        self.library = library
        self.seed = seed
        self._rounds: dict[int, list[Topic]] = {}

    def spec(self, row: int) -> ConversationSpec:
        """The spec of a row; the same whatever the count is."""
        turn, place = divmod(row, len(self.library.topics))
        if turn not in self._rounds:
            order = list(self.library.topics)
            row_random(self.seed, f"conversations.{self.library.name}.topics", turn).shuffle(order)
            self._rounds[turn] = order
        return ConversationSpec(row, self._rounds[turn][place], assigned_patterns(self.library, row))
