"""The release gate: from an evaluation to pass, fail, or insufficient evidence.

Thresholds are those of Williamson, Xi & Breyer (2012), "A framework for evaluation and use of automated scoring",
Educational Measurement: Issues and Practice 31(1), 2-13. They were set for scores that people gave too, so nothing else
than people's ratings can pass a model, and a model that learned from no person's rating passes on none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from skillscope.evaluation.record import Evaluation, SkillEvaluation, given_by
from skillscope.skills import SKILLS, Skill

__all__ = ["ROWS_AT_LEAST", "THRESHOLDS", "Criterion", "Outcome", "Threshold", "Verdict", "judge_release"]

SOURCE: Final = "Williamson, Xi & Breyer 2012"
ROWS_AT_LEAST: Final = 100
"""Rated rows of a skill below which its figures are too uncertain to release on."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound on one figure, in words and as a test."""

    figure: str
    rule: str
    keeps: Callable[[float], bool]

    def passed(self, value: float | None) -> bool | None:
        """Whether the figure keeps within the bound; None where it is not known."""
        return None if value is None else self.keeps(value)


THRESHOLDS: Final = {
    "r": Threshold("r", "0.70 or more", lambda value: value >= 0.70),
    "qwk": Threshold("qwk", "0.70 or more", lambda value: value >= 0.70),
    "degradation": Threshold("degradation", "above -0.10", lambda value: value > -0.10),
    "smd": Threshold("smd", "below 0.15 in size", lambda value: abs(value) < 0.15),
    "dsm": Threshold("dsm", "below 0.10 in size", lambda value: abs(value) < 0.10),
}


class Outcome(StrEnum):
    """What the gate says, each with the exit code of `skillscope gate`."""

    PASSED = "pass"
    FAILED = "fail"
    INSUFFICIENT = "insufficient evidence"

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INSUFFICIENT: 3}[self]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Part):
    """One figure against its bound. `passed` is null where the figure is not known; `judged` False where it rests on
    too few rows, which are shown all the same.
    """

    skill: Skill
    figure: str
    of: str = Field(default="", description="which agreement, or which group of students")
    value: float | None
    rule: str
    passed: bool | None
    judged: bool = True
    source: str = SOURCE


class Verdict(_Part):
    """The gate's answer, as JSON; `reasons` say in words why it is not a pass."""

    outcome: Outcome
    exit_code: int
    model: str
    model_version: str | None = None
    label_source: str
    data: str | None
    data_sha256: str | None
    human_ratings: bool
    criteria: list[Criterion]
    reasons: list[str]


def _criterion(skill: Skill, name: str, value: float | None, *, of: str = "", judged: bool = True) -> Criterion:
    threshold = THRESHOLDS[name]
    return Criterion(
        skill=skill,
        figure=threshold.figure,
        of=of,
        value=value,
        rule=threshold.rule,
        passed=threshold.passed(value),
        judged=judged,
    )


def _of_skill(skill: Skill, found: SkillEvaluation) -> Iterator[Criterion]:
    for name in ("r", "qwk", "smd"):
        yield _criterion(skill, name, found.figures[name].value)
    for name in ("r", "qwk"):
        worse = None if found.degradation is None else found.degradation[name].value
        yield _criterion(skill, "degradation", worse, of=name)
    for grouping in found.groupings:
        for group in grouping.groups:
            # A group of all rows differs from nobody; one of few rows shows little.
            judged = not group.few and len(grouping.groups) > 1
            yield _criterion(skill, "dsm", group.dsm, of=f"{grouping.column} {group.group}", judged=judged)


def _gaps(evaluation: Evaluation) -> Iterator[str]:
    """Why figures as good as can be would still be no ground for a release."""
    data, model = evaluation.data, evaluation.model
    if not data.human:
        yield f"the ratings are by {given_by(data.label_sources)}, not by people"
    if data.seen:
        yield "the rows are those that the model was trained on"
    if model.demonstration:
        source = given_by(model.label_source.split("+"))
        yield f"the model learned from ratings by {source}: no person rated what it was trained on"
    absent = [skill for skill in SKILLS if skill not in evaluation.skills]
    if absent:
        yield f"no rated rows of {', '.join(absent)}"
    for skill, found in evaluation.skills.items():
        if found.rows < ROWS_AT_LEAST:
            yield f"{skill}: {found.rows} rated rows; at least {ROWS_AT_LEAST} are needed"


def _in_words(criterion: Criterion) -> str:
    of = f" ({criterion.of})" if criterion.of else ""
    return f"{criterion.skill}: {criterion.figure}{of} is {criterion.value:.3f}, wanted {criterion.rule}"


def _not_known(criteria: list[Criterion]) -> Iterator[str]:
    """One sentence for each figure that is not known, with the skills that lack it."""
    named: dict[str, list[str]] = {}
    for item in criteria:
        named.setdefault(f"{item.figure}{f' ({item.of})' if item.of else ''}", []).append(item.skill)
    for figure, skills in named.items():
        why = ", as no row was rated twice" if figure.startswith("degradation") else ""
        yield f"{figure} is not known of {', '.join(skills)}{why}"


def judge_release(evaluation: Evaluation | None, *, model: str, label_source: str) -> Verdict:
    """Judge a model by its evaluation; without one there is no evidence.

    Fail: people rated rows that the model had not seen, and a figure is out of bounds. Pass: people rated, every
    figure is known and within bounds for all four skills, and people rated what the model learned from. Anything
    else is insufficient evidence.
    """
    if evaluation is None:
        reason = "the model was never evaluated on rated rows; skillscope evaluate --model ... --data ... does"
        return Verdict(
            outcome=Outcome.INSUFFICIENT,
            exit_code=Outcome.INSUFFICIENT.exit_code,
            model=model,
            label_source=label_source,
            data=None,
            data_sha256=None,
            human_ratings=False,
            criteria=[],
            reasons=[reason],
        )
    criteria = [item for skill, found in evaluation.skills.items() for item in _of_skill(skill, found)]
    gaps = list(_gaps(evaluation))
    failed = [item for item in criteria if item.judged and item.passed is False]
    unknown = [item for item in criteria if item.judged and item.passed is None]
    trustworthy = evaluation.data.human and not evaluation.data.seen
    enough = {skill for skill, found in evaluation.skills.items() if found.rows >= ROWS_AT_LEAST}
    if trustworthy and any(item.skill in enough for item in failed):
        outcome = Outcome.FAILED
    elif gaps or unknown or failed:
        outcome = Outcome.INSUFFICIENT
    else:
        outcome = Outcome.PASSED
    return Verdict(
        outcome=outcome,
        exit_code=outcome.exit_code,
        model=evaluation.model.version,
        label_source=evaluation.model.label_source,
        data=evaluation.data.name,
        data_sha256=evaluation.data.sha256,
        human_ratings=evaluation.data.human,
        criteria=criteria,
        reasons=[*gaps, *map(_in_words, failed), *_not_known(unknown)],
    )
