"""What follows a sitting: help on a question of it, and stars for the feedback that was shown."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.errors import InputError, NotFoundError
from skillscope.store import writing
from skillscope.store.practice_tables import (
    FeedbackRatingRow,
    HelpRequestRow,
    PracticeResponseRow,
    QuestionRow,
    ResultRow,
)
from skillscope.tutoring.answerer import Answerer
from skillscope.tutoring.drafting import note_disclosures
from skillscope.tutoring.grading import explained
from skillscope.tutoring.practice import find_sitting, stored_question

__all__ = ["ask_for_help", "rate_feedback"]


def ask_for_help(
    session: Session,
    test_id: str,
    question_id: str,
    query: str,
    answerers: Sequence[Answerer] = (),
    *,
    only: str | None = None,
    now: datetime | None = None,
) -> HelpRequestRow:
    """Explain a question of a sitting, why the wrong choice was tempting where one was made; the request is stored.

    The student's words are stored. They go to an answerer only where that was allowed (see `external`), and whatever it
    says is verified against the question.

    Raises:
        NotFoundError: there is no such practice, or the question is none of it.
    """
    writing(session)
    test = find_sitting(session, test_id, only)
    row = session.get(QuestionRow, question_id) if question_id in test.question_ids else None
    if row is None:
        raise NotFoundError("this practice has no question of this id")
    given = session.scalar(
        select(PracticeResponseRow.answer).where(
            PracticeResponseRow.test_id == test_id,
            PracticeResponseRow.question_id == question_id,
            PracticeResponseRow.is_correct.is_(False),
        )
    )
    shown = explained(
        stored_question(row), None if given is None else given.strip(), answerers, seed=len(query), said=query
    )
    request = HelpRequestRow(
        student_key=test.student_key,
        question_id=question_id,
        user_query=query,
        ai_response=shown.text,
        answered_by=shown.answered_by,
        at=now or datetime.now(UTC),
    )
    session.add(request)
    session.flush()
    note_disclosures(session, test.student_key, answerers, "what was asked about a question")
    return request


def rate_feedback(
    session: Session,
    test_id: str,
    rating: int,
    *,
    question_id: str | None = None,
    only: str | None = None,
    now: datetime | None = None,
) -> FeedbackRatingRow:
    """Keep 1 to 5 stars for the feedback on a sitting, or on one answer of it; a second rating replaces the first.

    What was shown is looked up, not taken from the caller.

    Raises:
        InputError: the rating is not 1 to 5.
        NotFoundError: there is no such practice, or no feedback was given.
    """
    if not 1 <= rating <= 5:
        raise InputError("a rating is 1 to 5 stars", field="rating")
    writing(session)
    test = find_sitting(session, test_id, only)
    text, by, data = _shown(session, test_id, question_id)
    known = session.scalar(
        select(FeedbackRatingRow).where(
            FeedbackRatingRow.test_id == test_id,
            FeedbackRatingRow.question_id.is_(None)
            if question_id is None
            else FeedbackRatingRow.question_id == question_id,
        )
    )
    row = known or FeedbackRatingRow(student_key=test.student_key, test_id=test_id, question_id=question_id)
    row.feedback_text, row.answered_by, row.performance_data = text, by, data
    row.rating, row.at = rating, now or datetime.now(UTC)
    session.add(row)
    session.flush()
    return row


def _shown(session: Session, test_id: str, question_id: str | None) -> tuple[str, str, dict[str, Any]]:
    if question_id is None:
        result = session.get(ResultRow, test_id)
        if result is not None:
            return result.feedback, result.answered_by, result.performance
    else:
        given = session.scalar(
            select(PracticeResponseRow).where(
                PracticeResponseRow.test_id == test_id, PracticeResponseRow.question_id == question_id
            )
        )
        if given is not None:
            data = {"question_id": question_id, "is_correct": given.is_correct, "time_spent": given.time_spent}
            return given.feedback, given.answered_by, data
    raise NotFoundError("no feedback was given there; hand the practice in first")
