"""How a study plan adapts to performance: a pure policy, the same for training pairs and for serving.

| weakest skill | in the plan? | what happens |
|---|---|---|
| under 50% | as a test or challenge | `lesson`: that day becomes a lesson |
| under 50% | on a later day | `forward`: it trades places with the earliest task of a skill that is not weaker |
| under 50% | first already | `keep` |
| under 70% or 50% | no | `switch`: the task of the best-known skill (or else the last) becomes practice of it |
| 50% to 70% | yes | `keep` |
| all over 70% | a task of one of them, not yet a challenge | `harder`: that task becomes a challenge |
| all over 70% | no | `keep_free`: the plan stays as it is |
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from skillscope.errors import SchemaError
from skillscope.tutoring.performance import SkillPerformance, accuracy_band, parse_performance, percent

__all__ = ["Action", "Adjustment", "Task", "adapt_plan", "parse_plan_input", "plan_tasks"]

Action = Literal["switch", "forward", "lesson", "harder", "keep", "keep_free"]
Plan = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Task:
    """One task of a plan and where it stands."""

    phase: str
    index: int
    day: int
    type: str
    skill: str


@dataclass(frozen=True)
class Adjustment:
    """What changes: the skill in question, the day, what gives way; `plan` is the plan afterwards (a new object)."""

    action: Action
    focus: SkillPerformance
    plan: dict[str, list[dict[str, Any]]]
    day: int | None = None
    old: str | None = None
    other_day: int | None = None
    kind: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the plan is another one now."""
        return self.action not in ("keep", "keep_free")

    @property
    def reason(self) -> str:
        """One plain sentence for the record, without the student's words."""
        share = f"{self.focus.skill} is at {percent(self.focus.correct, self.focus.total)}%"
        return {
            "switch": f"{share}: day {self.day} practices it instead of {self.old}.",
            "forward": f"{share}: it moves to day {self.day}, and {self.old} to day {self.other_day}.",
            "lesson": f"{share}: day {self.day} becomes a lesson instead of {self.kind}.",
            "harder": f"{share}: day {self.day} becomes a challenge instead of {self.kind}.",
            "keep": f"{share}: day {self.day} already covers it.",
            "keep_free": f"{share}: nothing needs to change.",
        }[self.action]


def plan_tasks(plan: Plan) -> list[Task]:
    """The tasks of `{phase: [{day, type, skill}]}` by day.

    Raises:
        SchemaError: the plan has another shape, or holds no task.
    """
    try:
        tasks = [
            Task(phase, index, int(row["day"]), str(row["type"]), str(row["skill"]))
            for phase, rows in plan.items()
            for index, row in enumerate(rows)
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaError("a plan must read {phase: [{day, type, skill}]}") from error
    if not tasks:
        raise SchemaError("a plan must hold at least one task")
    return sorted(tasks, key=lambda task: task.day)


def parse_plan_input(text: str) -> tuple[dict[str, list[dict[str, Any]]], list[SkillPerformance]]:
    """The plan and the performance of a plan input: two JSON objects with a comma between them.

    Raises:
        SchemaError: it is not that.
    """
    try:
        first, second = json.loads(f"[{text}]")
        plan = first["plan"]
    except (json.JSONDecodeError, ValueError, KeyError, TypeError) as error:
        raise SchemaError('a plan input must read {"plan": …}, {section: {domain: {skill: …}}}') from error
    plan_tasks(plan)
    return plan, parse_performance(second)


def adapt_plan(plan: Plan, performance: Sequence[SkillPerformance]) -> Adjustment:
    """The adjusted plan, by the table above. Nothing given is changed.

    Raises:
        SchemaError: the plan is malformed or no performance is given.
    """
    if not performance:
        raise SchemaError("performance names no skill")
    tasks = plan_tasks(plan)
    after = {phase: [dict(row) for row in deepcopy(list(rows))] for phase, rows in plan.items()}
    ranked = sorted(performance, key=lambda row: (row.accuracy, row.skill))
    weakest = ranked[0]
    band = accuracy_band(weakest.accuracy)
    known = {row.skill: row.accuracy for row in performance}
    if band == "high":
        return _when_all_is_well(tasks, after, ranked)
    mine = [task for task in tasks if task.skill == weakest.skill]
    if not mine:
        gives_way = max(tasks, key=lambda task: (known.get(task.skill, -1), task.day))
        after[gives_way.phase][gives_way.index].update(type="practice", skill=weakest.skill)
        return Adjustment("switch", weakest, after, gives_way.day, gives_way.skill)
    task = mine[0]
    if band == "low" and task.type in ("test", "challenge"):
        after[task.phase][task.index]["type"] = "lesson"
        return Adjustment("lesson", weakest, after, task.day, kind=task.type)
    earlier = [row for row in tasks if row.day < task.day and row.skill != weakest.skill]
    if band == "low" and earlier:
        first = earlier[0]
        one, two = after[first.phase][first.index], after[task.phase][task.index]
        one["type"], two["type"] = two["type"], one["type"]
        one["skill"], two["skill"] = two["skill"], one["skill"]
        return Adjustment("forward", weakest, after, first.day, first.skill, task.day)
    return Adjustment("keep", weakest, after, task.day)


def _when_all_is_well(
    tasks: Sequence[Task], after: dict[str, list[dict[str, Any]]], ranked: Sequence[SkillPerformance]
) -> Adjustment:
    for row in reversed(ranked):
        task = next((task for task in tasks if task.skill == row.skill), None)
        if task is not None and task.type != "challenge":
            after[task.phase][task.index]["type"] = "challenge"
            return Adjustment("harder", row, after, task.day, kind=task.type)
        if task is not None:
            return Adjustment("keep", row, after, task.day)
    return Adjustment("keep_free", ranked[-1], after)
