"""Feature rows of requests that come at once, scored with one call of the models.

Calling the models costs about the same for one row as for ten. Requests that the event loop has read in one turn are
scored at the end of that turn: nobody waits for company.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skillscope.assessment.model import Score
from skillscope.assessment.scoring import score_rows
from skillscope.modeling.bundle import Bundle

__all__ = ["AT_ONCE", "RowScorer", "Rows"]

AT_ONCE: Final = 64
"""Rows that are scored together at most, so that the loop is held for a millisecond or two."""

Rows = NDArray[np.float64]


@dataclass(eq=False, frozen=True, slots=True)
class _Asked:
    bundle: Bundle
    rows: Rows
    grades: Sequence[int | None]
    missing: Sequence[Sequence[str]]
    answer: asyncio.Future[list[list[Score]]]


class RowScorer:
    """Scores rows on the event loop itself, for a few rows a request: another thread would begin later than it ends."""

    def __init__(self) -> None:
        self._waiting: list[_Asked] = []

    async def score(
        self, bundle: Bundle, rows: Rows, grades: Sequence[int | None], missing: Sequence[Sequence[str]]
    ) -> list[list[Score]]:
        """The scores of each of the rows, shape (n, columns), as `score_rows` gives them."""
        loop = asyncio.get_running_loop()
        asked = _Asked(bundle, rows, grades, missing, loop.create_future())
        self._waiting.append(asked)
        if len(self._waiting) == 1:
            loop.call_soon(self._score_waiting)
        return await asked.answer

    def _score_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        while waiting:
            taken = [waiting.pop(0)]
            count = len(taken[0].rows)
            while waiting and waiting[0].bundle is taken[0].bundle and count + len(waiting[0].rows) <= AT_ONCE:
                count += len(waiting[0].rows)
                taken.append(waiting.pop(0))
            _score(taken)


def _score(taken: Sequence[_Asked]) -> None:
    try:
        found = score_rows(
            taken[0].bundle,
            np.concatenate([asked.rows for asked in taken]),
            grades=[grade for asked in taken for grade in asked.grades],
            missing=[names for asked in taken for names in asked.missing],
        )
    except Exception as error:
        if len(taken) == 1:
            if not taken[0].answer.done():
                taken[0].answer.set_exception(error)
            return
        for asked in taken:  # one of them is to blame; the others are scored
            _score([asked])
        return
    first = 0
    for asked in taken:
        if not asked.answer.done():  # otherwise whoever asked has gone
            asked.answer.set_result(found[first : first + len(asked.rows)])
        first += len(asked.rows)
