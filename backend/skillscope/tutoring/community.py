"""What students ask and answer each other. Nobody is named: one reads what was said, when, and which is one's own.

A text is kept as it was written. Its author reads it so; all others read it without the personal data in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skillscope.errors import NotFoundError
from skillscope.store import queries, writing
from skillscope.store.practice_tables import CommunityAnswerRow, CommunityQuestionRow
from skillscope.tutoring.extraction.personal import remove_personal_data
from skillscope.tutoring.studying import known_question

__all__ = [
    "AnsweredQuestion",
    "answer_community",
    "ask_community",
    "community_answers",
    "community_question",
    "community_questions",
    "text_for_others",
]


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question and how many answers it has."""

    row: CommunityQuestionRow
    answers: int


def text_for_others(text: str) -> str:
    """What everybody but its author reads: names, addresses, telephone numbers and the like as `[name]`, `[phone]`."""
    return remove_personal_data(text)[0]


def ask_community(
    session: Session, student_id: str, text: str, *, question_id: str | None = None, now: datetime | None = None
) -> CommunityQuestionRow:
    """Keep a question to the others.

    Raises:
        NotFoundError: the student or the question is unknown.
    """
    writing(session)
    student_key = queries.require_student_key(session, student_id)
    known_question(session, question_id)
    row = CommunityQuestionRow(student_key=student_key, question_id=question_id, text=text, at=now or datetime.now(UTC))
    session.add(row)
    session.flush()
    return row


def answer_community(
    session: Session, question_key: int, student_id: str | None, text: str, *, now: datetime | None = None
) -> CommunityAnswerRow:
    """Keep an answer of a student, or of staff (None).

    Raises:
        NotFoundError: the question or the student is unknown.
    """
    writing(session)
    if session.get(CommunityQuestionRow, question_key) is None:
        raise NotFoundError("no community question has this id")
    student_key = None if student_id is None else queries.require_student_key(session, student_id)
    row = CommunityAnswerRow(question_key=question_key, student_key=student_key, text=text, at=now or datetime.now(UTC))
    session.add(row)
    session.flush()
    return row


def _counted() -> Any:
    count = (
        select(func.count())
        .where(CommunityAnswerRow.question_key == CommunityQuestionRow.key)
        .correlate(CommunityQuestionRow)
        .scalar_subquery()
    )
    return select(CommunityQuestionRow, count)


def community_questions(
    session: Session, *, question_id: str | None = None, limit: int = 50, before: int | None = None
) -> list[AnsweredQuestion]:
    """Questions, newest first, at most `limit`; those with a key below `before`, those about one practice question.

    Raises:
        NotFoundError: no question has this id.
    """
    known_question(session, question_id)
    query = _counted().order_by(CommunityQuestionRow.key.desc()).limit(limit)
    if question_id is not None:
        query = query.where(CommunityQuestionRow.question_id == question_id)
    if before is not None:
        query = query.where(CommunityQuestionRow.key < before)
    return [AnsweredQuestion(row, answers) for row, answers in session.execute(query)]


def community_question(session: Session, key: int) -> AnsweredQuestion:
    """One question.

    Raises:
        NotFoundError: there is none of this number.
    """
    found = session.execute(_counted().where(CommunityQuestionRow.key == key)).one_or_none()
    if found is None:
        raise NotFoundError("no community question has this id")
    return AnsweredQuestion(*found)


def community_answers(
    session: Session, question_key: int, *, limit: int = 50, after: int | None = None
) -> Sequence[CommunityAnswerRow]:
    """The answers to a question, oldest first, at most `limit`; those with a key above `after`."""
    query = select(CommunityAnswerRow).where(CommunityAnswerRow.question_key == question_key)
    if after is not None:
        query = query.where(CommunityAnswerRow.key > after)
    return session.scalars(query.order_by(CommunityAnswerRow.key).limit(limit)).all()
