"""Simulated students who rate feedback with one to five stars, for trying out what preferences are worth.

Each has tastes of its own around a common mean, a severity and a day's noise. What they like is made up, and no finding
about children: words of encouragement, a concrete next step, no hard words, not too long.
"""

import random
import re
from collections.abc import Sequence
from typing import Final

from skillscope.synthesis import row_random

__all__ = ["SimulatedRaters", "features_of"]

_WARM: Final = re.compile(
    r"\b(great|well|good|strong|nice|proud|keep|fine|solid|excellent|shine|onward|ready|can)\b", re.IGNORECASE
)
_NEXT: Final = re.compile(
    r"\b(try|practice|review|go back|give|take|learn|look|start|work|redo|write|focus|read|check)\b", re.IGNORECASE
)
_HARD: Final = re.compile(r"\b(only|slow|weak|needs work|low|not|don’t|wrong|misses|behind)\b", re.IGNORECASE)
_TASTE: Final = {"warm": 0.35, "next": 0.3, "hard": -0.35, "long": -0.04}
_LONG: Final = 70
_MIDDLE: Final = 3.0


def features_of(text: str) -> dict[str, float]:
    """What the raters look at: warm words, next steps, hard words (at most five of each), words beyond 70."""
    return {
        "warm": float(min(len(_WARM.findall(text)), 5)),
        "next": float(min(len(_NEXT.findall(text)), 5)),
        "hard": float(min(len(_HARD.findall(text)), 5)),
        "long": float(max(len(text.split()) - _LONG, 0)),
    }


class SimulatedRaters:
    """A panel; the seed makes its members. Another seed is another panel with the same tastes on average."""

    def __init__(self, seed: int, members: int = 5) -> None:
        self.seed = seed
        self._tastes = []
        for member in range(members):
            rng = row_random(seed, "writing.raters", member)
            taste = {name: weight * rng.uniform(0.5, 1.5) for name, weight in _TASTE.items()}
            self._tastes.append((taste, rng.gauss(0, 0.3)))

    def stars(self, text: str, occasion: int) -> list[int]:
        """Each member's stars; another occasion, other noise."""
        found = features_of(text)
        rows = []
        for member, (taste, severity) in enumerate(self._tastes):
            rng = row_random(self.seed, "writing.rating", occasion, member)
            rows.append(self._one(found, taste, severity, rng))
        return rows

    @staticmethod
    def _one(found: dict[str, float], taste: dict[str, float], severity: float, rng: random.Random) -> int:
        centre = _MIDDLE - 0.5 + severity
        liked = centre + sum(taste[name] * value for name, value in found.items()) + rng.gauss(0, 0.5)
        return min(max(round(liked), 1), 5)

    def mean(self, text: str, occasion: int) -> float:
        """The panel's mean, 1 to 5."""
        stars: Sequence[int] = self.stars(text, occasion)
        return sum(stars) / len(stars)
