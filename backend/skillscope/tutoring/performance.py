"""Performance by section, domain and skill, as the JSON of the training pairs holds it, and its bands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from skillscope.errors import SchemaError

__all__ = [
    "FAST_SECONDS",
    "MAX_PROFICIENCY",
    "SLOW_SECONDS",
    "SkillPerformance",
    "accuracy_band",
    "parse_feedback_input",
    "parse_performance",
    "percent",
    "proficiency_band",
    "time_band",
]

FAST_SECONDS = 40
SLOW_SECONDS = 60
MAX_PROFICIENCY = 7
HIGH_ACCURACY = Fraction(70, 100)
LOW_ACCURACY = Fraction(50, 100)

AccuracyBand = Literal["high", "mid", "low"]
TimeBand = Literal["fast", "steady", "slow"]
ProficiencyBand = Literal["top", "fair", "base"]


@dataclass(frozen=True)
class SkillPerformance:
    """What a student did in one skill; `avg_time` in seconds and `proficiency` (1 to 7) may be unknown."""

    section: str
    domain: str
    skill: str
    correct: int
    total: int
    avg_time: float | None = None
    proficiency: float | None = None

    @property
    def accuracy(self) -> Fraction:
        """Share of correct answers."""
        return Fraction(self.correct, self.total)


def percent(correct: int, total: int) -> int:
    """The share as a whole percent, half up."""
    return (200 * correct + total) // (2 * total)


def accuracy_band(accuracy: Fraction) -> AccuracyBand:
    """`high` over 70%, `low` under 50%, else `mid`."""
    return "high" if accuracy > HIGH_ACCURACY else "low" if accuracy < LOW_ACCURACY else "mid"


def time_band(seconds: float) -> TimeBand:
    """`fast` under 40 s, `slow` over 60 s, else `steady`."""
    return "fast" if seconds < FAST_SECONDS else "slow" if seconds > SLOW_SECONDS else "steady"


def proficiency_band(value: float) -> ProficiencyBand:
    """`top` from 5, `base` under 3, else `fair`."""
    return "top" if value >= 5 else "base" if value < 3 else "fair"


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SchemaError(f"{what} is not a whole number")
    return value


def parse_performance(data: Mapping[str, Any], predictions: Mapping[str, Any] | None = None) -> list[SkillPerformance]:
    """The skills of `{section: {domain: {skill: {correct, total, avg_time?}}}}`, in the order given.

    Raises:
        SchemaError: a level is missing, a number is out of range, or nothing is there.
    """
    rows: list[SkillPerformance] = []
    try:
        for section, domains in data.items():
            if section == "predictions":
                continue
            for domain, skills in domains.items():
                for skill, values in skills.items():
                    correct, total = _whole(values["correct"], "correct"), _whole(values["total"], "total")
                    if not 0 <= correct <= total or total == 0:
                        raise SchemaError("correct must lie between 0 and total, and total must be at least 1")
                    forecast = ((predictions or {}).get(section, {}).get(domain, {}).get(skill, {})).get(
                        "predicted_prof"
                    )
                    rows.append(
                        SkillPerformance(section, domain, skill, correct, total, values.get("avg_time"), forecast)
                    )
    except (AttributeError, KeyError, TypeError) as error:
        raise SchemaError("performance must read {section: {domain: {skill: {correct, total, avg_time}}}}") from error
    if not rows:
        raise SchemaError("performance names no skill")
    return rows


def parse_feedback_input(text: str) -> list[SkillPerformance]:
    """The skills of a feedback input.

    Raises:
        SchemaError: it is no JSON, or not of that shape.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise SchemaError("a feedback input must be one JSON object") from error
    if not isinstance(data, dict):
        raise SchemaError("a feedback input must be one JSON object")
    return parse_performance(data, data.get("predictions"))
