"""Where a student stands in each skill: what the proficiency model keeps, read as performance and moved by answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.store.practice_tables import QuestionRow, SkillStateRow
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.proficiency import SkillState, proficiency, update
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["move_state", "of_sitting", "performance_of", "proficiencies_of", "skill_states", "state_of"]


def state_of(row: SkillStateRow | None) -> SkillState:
    """The state of the proficiency model; a fresh one for a skill without answers."""
    return SkillState() if row is None else SkillState(row.ability, row.answers)


def skill_states(session: Session, student_key: int, skills: Sequence[str] | None = None) -> dict[str, SkillStateRow]:
    """The rows of a student by skill, all or some."""
    query = select(SkillStateRow).where(SkillStateRow.student_key == student_key)
    if skills is not None:
        query = query.where(SkillStateRow.skill.in_(skills))
    return {row.skill: row for row in session.scalars(query)}


def performance_of(session: Session, student_key: int, skills: Sequence[str] | None = None) -> list[SkillPerformance]:
    """All that a student did so far, by skill in the taxonomy's order; read from one row a skill."""
    states = skill_states(session, student_key, skills)
    return [_performance(row) for skill in load_taxonomy().skills if (row := states.get(skill.id)) is not None]


def _performance(row: SkillStateRow) -> SkillPerformance:
    skill = load_taxonomy().get(row.skill)
    return SkillPerformance(
        skill.section,
        skill.domain,
        skill.label,
        row.correct,
        row.answers,
        round(row.seconds / row.answers),
        proficiency(state_of(row)),
    )


def move_state(
    session: Session,
    states: dict[str, SkillStateRow],
    student_key: int,
    question: QuestionRow,
    *,
    right: bool,
    seconds: float,
    at: datetime,
) -> None:
    """Move a student's state in the skill of a question by one answer; `states` gains the row where it is new."""
    row = states.get(question.skill)
    after = update(state_of(row), question.difficulty, right=right)
    if row is None:
        row = SkillStateRow(student_key=student_key, skill=question.skill, ability=0.0, answers=0, correct=0, seconds=0)
        states[question.skill] = row
        session.add(row)
    row.ability, row.answers, row.updated_at = after.ability, after.answers, at
    row.correct += right
    row.seconds += seconds


def of_sitting(skill_id: str, count: Sequence[float], state: SkillStateRow) -> SkillPerformance:
    """One skill in one sitting; `count` holds right answers, answers and seconds."""
    skill = load_taxonomy().get(skill_id)
    correct, total, seconds = int(count[0]), int(count[1]), count[2]
    level = proficiency(state_of(state))
    return SkillPerformance(skill.section, skill.domain, skill.label, correct, total, round(seconds / total), level)


def proficiencies_of(rows: Sequence[SkillPerformance]) -> dict[str, Any]:
    """`{section: {domain: {skill: 1 to 7}}}`, as results keep it."""
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row.section, {}).setdefault(row.domain, {})[row.skill] = row.proficiency
    return found
