"""What every text for a student must pass whatever it is about: no slot left, its length; and how a verdict reads.

Checks of the content (numbers against the input, the right option, the plan's decision) need the tutoring side and
stand in `skillscope.tutoring.verify`; what serves a model is handed them as `Check`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from skillscope.lm.slots import NUMBER

__all__ = ["LIMITS", "Check", "Verdict", "numbers_in", "verify_form"]

LIMITS: Final = {"feedback": (50, 100), "explanation": (50, 100), "plan": (20, 50)}
"""Words by kind of text, least and most."""


@dataclass(frozen=True)
class Verdict:
    """`ok`, or the reasons why not."""

    reasons: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing speaks against showing the text."""
        return not self.reasons


Check = Callable[[str, str | None], Verdict]
"""Judges a filled text and the delexicalised one that it was filled from, where there is one."""


def numbers_in(text: str) -> list[Fraction]:
    """Every number written in a text, in order."""
    return [Fraction(number) for number in NUMBER.findall(text)]


def verify_form(kind: str, output: str) -> Verdict:
    """Whether a text of a kind of `LIMITS` has no slot left and the right length."""
    reasons = []
    if "⟨" in output or "⟩" in output:
        reasons.append("a slot is left")
    low, high = LIMITS[kind]
    words = len(output.split())
    if not low <= words <= high:
        reasons.append(f"{words} words instead of {low} to {high}")
    return Verdict(tuple(reasons))
