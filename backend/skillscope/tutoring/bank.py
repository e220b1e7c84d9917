"""What practice starts from: a bank of generated questions, a lesson for each skill, and first plans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.store import queries, writing
from skillscope.store.practice_tables import LessonRow, QuestionRow, StudyPlanRow
from skillscope.store.tables import StudentRow
from skillscope.tutoring.questions.generate import render_question
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.studying import make_plan
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["DEMO_QUESTIONS", "DemoTutoring", "add_lessons", "add_questions", "lesson_texts", "load_demo_tutoring"]

DEMO_QUESTIONS: Final = 348
DEMO_SEED: Final = 7
_READING_WORDS_A_MINUTE: Final = 100
_DEMO_STUDENTS: Final = 50


@dataclass(frozen=True, slots=True)
class DemoTutoring:
    """What the store holds now, and whether this call brought any of it in."""

    questions: int
    lessons: int
    plans: int
    created: bool


@cache
def lesson_texts() -> dict[str, dict[str, str]]:
    """`text` and `summary` of the shipped lessons, by skill."""
    found: dict[str, dict[str, str]] = yaml.safe_load(
        files("skillscope.tutoring").joinpath("lessons.yaml").read_text("utf-8")
    )
    return found


def _content(question: Question) -> dict[str, Any]:
    text = f"{question.passage} {question.text}" if question.passage else question.text
    return {
        "text": text,
        "options": list(question.options),
        "correct_answer": question.correct_answer,
        "rationale": question.rationale,
        "external_links": [],
        "question": question.to_json(),
    }


def add_questions(session: Session, questions: Iterable[Question]) -> int:
    """Store questions; one whose id is stored stays as it is. Gives how many were new."""
    writing(session)
    rows = [
        {
            "question_id": question.id,
            "test": question.section,
            "domain": question.domain,
            "skill": question.skill,
            "difficulty": question.difficulty,
            "content": _content(question),
        }
        for question in questions
    ]
    return queries.insert_new(session, QuestionRow, rows)


def add_lessons(session: Session) -> int:
    """Store the shipped lessons; those that are stored stay as they are. Gives how many were new."""
    writing(session)
    rows = []
    for skill in load_taxonomy().skills:
        given = lesson_texts()[skill.id]
        words = len(given["text"].split())
        rows.append(
            {
                "lesson_id": f"lesson-{skill.id}",
                "section": skill.section,
                "domain": skill.domain,
                "skill": skill.id,
                "content": {"text": given["text"], "summary": given["summary"], "video_url": None},
                "duration": max(1, round(words / _READING_WORDS_A_MINUTE)) + 4,
            }
        )
    return queries.insert_new(session, LessonRow, rows)


def load_demo_tutoring(
    sessions: sessionmaker[Session],
    student_ids: Sequence[str] | None = None,
    *,
    questions: int = DEMO_QUESTIONS,
    seed: int = DEMO_SEED,
) -> DemoTutoring:
    """Fill the bank, the lessons, and a plan for each of these students who has none; done twice, it changes nothing.

    Without `student_ids`, the first students of the store get plans.

    Raises:
        NotFoundError: one of the students is unknown.
    """
    with sessions() as session:
        known = set(session.scalars(select(QuestionRow.question_id)))
        if student_ids is None:
            student_ids = session.scalars(
                select(StudentRow.student_id).order_by(StudentRow.key).limit(_DEMO_STUDENTS)
            ).all()
    missing = [number for number in range(questions) if f"q-{seed}-{number:06d}" not in known]
    made = [render_question(number, seed) for number in missing]  # before the lock is taken
    with sessions.begin() as session:
        new = add_questions(session, made) + add_lessons(session)
        planned = set(
            session.scalars(
                select(StudentRow.student_id).join(StudyPlanRow, StudyPlanRow.student_key == StudentRow.key).distinct()
            )
        )
        fresh = [name for name in dict.fromkeys(student_ids) if name not in planned]
        for name in fresh:
            make_plan(session, name)
        sizes = {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in (("questions", QuestionRow), ("lessons", LessonRow), ("plans", StudyPlanRow))
        }
    return DemoTutoring(**sizes, created=bool(new or fresh))
