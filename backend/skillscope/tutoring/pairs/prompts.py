"""Inputs of the three tasks: the text as a student's app sends it, and its delexicalised form for the language model.

Code computes everything that is a number or a decision (percent, bands, what changes in a plan, which option is right);
the delexicalised input holds only slots, bands and words, so that a model has nothing to calculate and nothing to copy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skillscope.errors import InputError
from skillscope.tutoring.adapt import Adjustment, adapt_plan, plan_tasks
from skillscope.tutoring.pairs.roles import by_role
from skillscope.tutoring.performance import (
    FAST_SECONDS,
    MAX_PROFICIENCY,
    SLOW_SECONDS,
    SkillPerformance,
    accuracy_band,
    percent,
    proficiency_band,
    time_band,
)
from skillscope.tutoring.questions.model import Question, question_prompt

__all__ = ["Prompt", "explanation_prompt", "feedback_json", "feedback_prompt", "plan_prompt", "ranked"]


@dataclass(frozen=True)
class Prompt:
    """One input: `text` as sent, `delex` for the model, `slots` to fill what it writes, `about` a skill's name.

    `said` is what a student asked, as it was written: data of a person, which no answerer has to read.
    """

    kind: str
    text: str
    delex: str
    slots: dict[str, str]
    about: str
    extra: dict[str, Any] = field(default_factory=dict)
    said: str | None = None


def ranked(rows: Sequence[SkillPerformance]) -> list[SkillPerformance]:
    """Strengths before weaknesses."""
    return sorted(rows, key=lambda row: (-row.accuracy, row.skill))


def _seconds(value: float) -> str:
    return f"{value:g}"


def feedback_json(rows: Sequence[SkillPerformance]) -> dict[str, Any]:
    """The JSON object of the seed documents, in the order given."""
    data: dict[str, Any] = {}
    predictions: dict[str, Any] = {}
    for row in rows:
        values = {"correct": row.correct, "total": row.total, "avg_time": row.avg_time}
        data.setdefault(row.section, {}).setdefault(row.domain, {})[row.skill] = values
        predictions.setdefault(row.section, {}).setdefault(row.domain, {})[row.skill] = {
            "predicted_prof": row.proficiency
        }
    return {**data, "predictions": predictions}


def accuracy_tag(row: SkillPerformance) -> str:
    """The accuracy band, with `all` and `none` told apart because some sentences do not fit them."""
    if row.correct == row.total:
        return "all"
    return "none" if row.correct == 0 else accuracy_band(row.accuracy)


def feedback_prompt(rows: Sequence[SkillPerformance]) -> Prompt:
    """The feedback input of one to several skills.

    Raises:
        InputError: a row lacks its time or predicted proficiency.
    """
    slots = {"fast": str(FAST_SECONDS), "slow": str(SLOW_SECONDS), "max": str(MAX_PROFICIENCY)}
    parts: list[str] = []
    for index, row in enumerate(ranked(rows), start=1):
        if row.avg_time is None or row.proficiency is None:
            raise InputError("feedback needs avg_time and a predicted proficiency for every skill", field="avg_time")
        slots |= {
            f"skill{index}": row.skill,
            f"correct{index}": str(row.correct),
            f"total{index}": str(row.total),
            f"missed{index}": str(row.total - row.correct),
            f"pct{index}": str(percent(row.correct, row.total)),
            f"time{index}": _seconds(row.avg_time),
            f"prof{index}": f"{row.proficiency:.1f}",
            f"next{index}": str(min(int(row.proficiency) + 1, MAX_PROFICIENCY)),
        }
        bands = (accuracy_tag(row), time_band(row.avg_time), proficiency_band(row.proficiency))
        parts.append(f"⟨skill{index}⟩ {' '.join(bands)}")
    text = json.dumps(feedback_json(rows), ensure_ascii=False)
    return Prompt("feedback", text, f"feedback | {' | '.join(parts)}", slots, rows[0].skill)


def plan_prompt(
    plan: Mapping[str, Sequence[Mapping[str, Any]]], rows: Sequence[SkillPerformance]
) -> tuple[Prompt, Adjustment]:
    """The plan input, and what the policy decides about it.

    Raises:
        SchemaError: the plan is malformed.
    """
    adjustment = adapt_plan(plan, rows)
    focus = adjustment.focus
    slots = {
        "skill": focus.skill,
        "pct": str(percent(focus.correct, focus.total)),
        "correct": str(focus.correct),
        "total": str(focus.total),
    }
    if adjustment.day is not None:
        slots["day"] = str(adjustment.day)
    if adjustment.old is not None:
        slots["old"] = adjustment.old
    if adjustment.other_day is not None:
        slots["other"] = str(adjustment.other_day)
    if adjustment.kind is not None:
        slots["kind"] = adjustment.kind
    shown = {slots[name]: f"⟨{name}⟩" for name in ("skill", "old") if name in slots}
    days = {slots[name]: f"⟨{name}⟩" for name in ("day", "other") if name in slots}
    tasks = " ; ".join(
        f"{days.get(str(task.day), '-')} {task.type} {shown.get(task.skill, '-')}" for task in plan_tasks(plan)
    )
    results = " ; ".join(f"{shown.get(row.skill, '-')} {accuracy_band(row.accuracy)}" for row in rows)
    data: dict[str, Any] = {}
    for row in rows:
        data.setdefault(row.section, {}).setdefault(row.domain, {})[row.skill] = {
            "correct": row.correct,
            "total": row.total,
        }
    text = f"{json.dumps({'plan': plan}, ensure_ascii=False)}, {json.dumps(data, ensure_ascii=False)}"
    delex = f"plan | {tasks} | {results} | {adjustment.action}"
    return Prompt("plan", text, delex, slots, focus.skill), adjustment


def explanation_prompt(question: Question, chosen: str | None = None) -> Prompt:
    """The explanation input of a question, with the wrong option that a student chose or without.

    A Math question is given to the model as its family and its text, with numbers as slots that are named by their
    role (`pairs.roles`): the model writes the symbolic steps. For Reading and Writing the model is told the kind of
    item and words what code knows about it.

    Raises:
        InputError: `chosen` is no wrong option of this question.
    """
    question = by_role(question)
    slots = dict(question.slots)
    text = question_prompt(question)
    tail = ""
    extra: dict[str, Any] = {"why": None}
    if chosen is not None:
        distractor = question.distractor(chosen)
        if distractor is None:
            raise InputError("the chosen option is none of the question's wrong options", field="chosen")
        slots["chosen"] = chosen
        text = f"{text} Chosen: {chosen}"
        tail = f" | ⟨chosen⟩ {distractor.misconception}"
        extra["why"] = distractor.why
    if question.section == "Math":
        family = f" | {question.family}" if question.family else ""
        head = f"explain | {question.skill}{family} | {question.type_delex}: {question.text_delex}"
    else:
        slots["answer"] = question.correct_answer
        head = f"explain | {question.skill} | {question.family}"
    return Prompt("explanation", text, head + tail, slots, question.skill, extra)
