"""Study plans as they are followed, and what students write beside their practice."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.errors import ConflictError, InputError, NotFoundError
from skillscope.store import queries, writing
from skillscope.store.practice_tables import (
    LessonRow,
    PlanActionRow,
    QuestionRow,
    StudyPlanRow,
    UserNoteRow,
)
from skillscope.store.tables import StudentRow
from skillscope.tutoring.answerer import Answerer, answer, explanation_request, plan_request
from skillscope.tutoring.drafting import note_disclosures
from skillscope.tutoring.pairs.prompts import feedback_json
from skillscope.tutoring.practice import stored_question
from skillscope.tutoring.standing import performance_of
from skillscope.tutoring.taxonomy import SatSkill, load_taxonomy, normalise_name

__all__ = [
    "PlanAction",
    "PlanStep",
    "act_on_plan",
    "add_note",
    "find_plan",
    "known_question",
    "lessons",
    "make_plan",
    "skill_in",
]

PlanAction = Literal["completed", "skipped"]
_LONGEST_NAME = 8
"""Words of the longest name of a skill that a note is searched for."""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What came of an action: the task, the plan afterwards, whether it changed, and why."""

    task: dict[str, Any]
    plan: dict[str, Any]
    changed: bool
    reason: str
    advice: str | None
    answered_by: str | None


def make_plan(session: Session, student_id: str, *, days: int = 7, now: datetime | None = None) -> StudyPlanRow:
    """A first plan: one task a day, the weakest skills first, lessons before practice, a test on the last day.

    Raises:
        NotFoundError: the student is unknown.
    """
    writing(session)
    student_key = queries.require_student_key(session, student_id)
    known = {row.skill: row.accuracy for row in performance_of(session, student_key)}
    order = sorted(load_taxonomy().skills, key=lambda skill: (known.get(skill.label, 1), skill.id))
    first = student_key % len(order) if not known else 0  # nobody knows yet: spread over the skills
    chosen = [order[(first + 5 * day) % len(order)] if not known else order[day] for day in range(days)]
    tasks = [
        {"day": day, "type": "test" if day == days else "lesson" if day % 3 == 1 else "practice", "skill": skill.label}
        for day, skill in enumerate(chosen, start=1)
    ]
    at = now or datetime.now(UTC)
    plan = {"skill_building": tasks}
    row = StudyPlanRow(student_key=student_key, plan=plan, created_at=at, updated_at=at)
    session.add(row)
    session.flush()
    return row


def find_plan(session: Session, student_id: str) -> StudyPlanRow:
    """The newest plan of a student.

    Raises:
        NotFoundError: the student is unknown or has no plan.
    """
    student_key = queries.require_student_key(session, student_id)
    plan = session.scalar(
        select(StudyPlanRow)
        .where(StudyPlanRow.student_key == student_key)
        .order_by(StudyPlanRow.plan_id.desc())
        .limit(1)
    )
    if plan is None:
        raise NotFoundError("this student has no study plan")
    return plan


def _own_plan(session: Session, plan_id: int, only: str | None) -> StudyPlanRow:
    query = select(StudyPlanRow).where(StudyPlanRow.plan_id == plan_id)
    if only is not None:
        query = query.join(StudentRow, StudentRow.key == StudyPlanRow.student_key).where(StudentRow.student_id == only)
    plan = session.scalar(query)
    if plan is None:
        raise NotFoundError("no study plan has this id; GET /api/v1/study_plan/{user_id} gives a student's")
    return plan


def act_on_plan(
    session: Session,
    plan_id: int,
    task_index: int,
    action: PlanAction,
    answerers: Sequence[Answerer] = (),
    *,
    phase: str | None = None,
    only: str | None = None,
    now: datetime | None = None,
) -> PlanStep:
    """Mark a task as done or skipped, take a snapshot of the performance, and adapt what is left of the plan.

    `task_index` counts through the whole plan, phase by phase, or within `phase`.

    Raises:
        NotFoundError: there is no such plan.
        InputError: it has no such phase or task.
        ConflictError: the task was marked before.
    """
    writing(session)
    row = _own_plan(session, plan_id, only)
    plan: dict[str, list[dict[str, Any]]] = deepcopy(row.plan)
    if phase is not None and phase not in plan:
        raise InputError("the plan has no such phase", field="phase")
    tasks = [task for name, given in plan.items() if phase in (None, name) for task in given]
    if not 0 <= task_index < len(tasks):
        raise InputError(f"the plan has tasks 0 to {len(tasks) - 1} there", field="task_index")
    task = tasks[task_index]
    if task.get("status"):
        raise ConflictError("this task is marked already")
    task["status"] = action
    done = dict(task)
    at = now or datetime.now(UTC)
    performance = performance_of(session, row.student_key)
    before = {
        name: [{key: item[key] for key in ("day", "type", "skill")} for item in given if not item.get("status")]
        for name, given in plan.items()
    }
    before = {name: given for name, given in before.items() if given}
    step = PlanStep(done, plan, changed=False, reason="there is nothing to go by yet", advice=None, answered_by=None)
    if performance and before:
        request, adjustment = plan_request(before, performance)
        said = answer(request, answerers, seed=plan_id + task_index)
        if adjustment.changed:
            _merge(plan, adjustment.plan)
        step = PlanStep(done, plan, adjustment.changed, adjustment.reason, said.text, said.answered_by)
    elif not before:
        step = PlanStep(done, plan, changed=False, reason="every task is marked", advice=None, answered_by=None)
    row.plan, row.updated_at = plan, at
    snapshot = {key: value for key, value in feedback_json(performance).items() if key != "predictions"}
    session.add(
        PlanActionRow(
            student_key=row.student_key,
            plan_id=plan_id,
            task=done,
            action=action,
            plan_before=before,
            performance_update=snapshot or None,
            adjustment=step.advice,
            answered_by=step.answered_by,
            at=at,
        )
    )
    session.flush()
    return step


def _merge(plan: dict[str, list[dict[str, Any]]], adapted: dict[str, list[dict[str, Any]]]) -> None:
    """Write the adapted tasks over those that are still open, in their order."""
    for name, tasks in adapted.items():
        for old, new in zip((task for task in plan[name] if not task.get("status")), tasks, strict=True):
            old.update(new)


def skill_in(text: str) -> SatSkill | None:
    """The skill that a text names, by its longest name in it; None where it names none."""
    words = normalise_name(text).split()
    taxonomy = load_taxonomy()
    for length in range(min(_LONGEST_NAME, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            skill = taxonomy.find(" ".join(words[start : start + length]))
            if skill is not None:
                return skill
    return None


def known_question(session: Session, question_id: str | None) -> QuestionRow | None:
    """The question with this id; None for none.

    Raises:
        NotFoundError: no question has it.
    """
    if question_id is None:
        return None
    row = session.get(QuestionRow, question_id)
    if row is None:
        raise NotFoundError("no question has this id")
    return row


def add_note(
    session: Session,
    student_id: str,
    text: str,
    answerers: Sequence[Answerer] = (),
    *,
    question_id: str | None = None,
    now: datetime | None = None,
) -> UserNoteRow:
    """Keep a note; one on a question is answered with its explanation, one that names a skill with its lesson's gist.

    Raises:
        NotFoundError: the student or the question is unknown.
    """
    writing(session)
    student_key = queries.require_student_key(session, student_id)
    question = known_question(session, question_id)
    said: tuple[str | None, str | None] = (None, None)
    if question is not None:
        found = answer(explanation_request(stored_question(question), said=text), answerers, seed=len(text))
        said = found.text, found.answered_by
    elif (skill := skill_in(text)) is not None:
        content = session.scalar(select(LessonRow.content).where(LessonRow.skill == skill.id).limit(1))
        if content is not None:
            said = content.get("summary") or content["text"], "lesson"
    row = UserNoteRow(
        student_key=student_key,
        question_id=question_id,
        note_text=text,
        ai_response=said[0],
        answered_by=said[1],
        at=now or datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    note_disclosures(session, student_key, answerers, "a note on a question")
    return row


def lessons(session: Session, skill: str | None = None) -> Sequence[LessonRow]:
    """All lessons, or those of one skill, in the order of their ids.

    Raises:
        NotFoundError: the skill is unknown.
    """
    query = select(LessonRow).order_by(LessonRow.lesson_id)
    if skill is not None:
        query = query.where(LessonRow.skill == load_taxonomy().resolve(skill).id)
    return session.scalars(query).all()
