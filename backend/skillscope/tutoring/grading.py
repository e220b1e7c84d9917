"""Grading a sitting: answers judged, proficiency moved, feedback worded and stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.errors import ConflictError, InputError
from skillscope.lm.slots import to_number
from skillscope.store import writing
from skillscope.store.practice_tables import PracticeResponseRow, QuestionRow, ResultRow, TestRow
from skillscope.tutoring.answerer import Answer, Answerer, answer, explanation_request, feedback_request
from skillscope.tutoring.pairs.prompts import feedback_json
from skillscope.tutoring.practice import find_sitting, stored_question
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.standing import move_state, of_sitting, proficiencies_of, skill_states

__all__ = ["MAX_SECONDS", "Graded", "PracticeAnswer", "Submitted", "explained", "submit_practice"]

MAX_SECONDS: Final = 3600.0
_FEEDBACK_SKILLS: Final = 3


@dataclass(frozen=True, slots=True)
class PracticeAnswer:
    """What a student answered, and in how many seconds."""

    question_id: str
    answer: str
    time_spent: float


@dataclass(frozen=True, slots=True)
class Graded:
    """One answer with its feedback."""

    question_id: str
    is_correct: bool
    correct_answer: str
    feedback: str
    answered_by: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """A graded sitting: each answer, the feedback on the whole, and proficiency by skill's label, 1 to 7."""

    practice_id: str
    graded: tuple[Graded, ...]
    feedback: str
    answered_by: str
    proficiencies: dict[str, float]


def _is_right(question: Question, given: str) -> bool:
    if question.options:
        return given.strip() == question.correct_answer
    right, number = to_number(question.correct_answer), to_number(given.strip().lstrip("$").replace(",", ""))
    return given.strip() == question.correct_answer if right is None else right == number


def _checked(test: TestRow, answers: Sequence[PracticeAnswer]) -> None:
    if test.submitted_at is not None:
        raise ConflictError("this practice was handed in already; its feedback stands")
    given = [row.question_id for row in answers]
    for number, row in enumerate(answers):
        if row.question_id not in test.question_ids:
            raise InputError("is no question of this practice", field=f"responses.{number}.question_id")
        if given.count(row.question_id) > 1:
            raise InputError("is answered twice", field=f"responses.{number}.question_id")
        if not 0 <= row.time_spent <= MAX_SECONDS:
            raise InputError(f"must lie between 0 and {MAX_SECONDS:g} seconds", field=f"responses.{number}.time_spent")


def submit_practice(
    session: Session,
    test_id: str,
    answers: Sequence[PracticeAnswer],
    answerers: Sequence[Answerer] = (),
    *,
    only: str | None = None,
    now: datetime | None = None,
) -> Submitted:
    """Grade a sitting. Each answer moves one skill's state (Elo, constant time) and gets an explanation.

    Raises:
        NotFoundError: there is no such practice.
        ConflictError: it was handed in before.
        InputError: an answer is to no question of it, stands twice, or its time is out of range.
    """
    writing(session)
    test = find_sitting(session, test_id, only)
    if not answers:
        raise InputError("at least one answer is needed", field="responses")
    _checked(test, answers)
    at = now or datetime.now(UTC)
    ids = [row.question_id for row in answers]
    bank = {
        row.question_id: row for row in session.scalars(select(QuestionRow).where(QuestionRow.question_id.in_(ids)))
    }
    states = skill_states(session, test.student_key, sorted({row.skill for row in bank.values()}))
    graded: list[Graded] = []
    counts: dict[str, list[float]] = {}
    for number, given in enumerate(answers):
        row = bank[given.question_id]
        question = stored_question(row)
        right = _is_right(question, given.answer)
        move_state(session, states, test.student_key, row, right=right, seconds=given.time_spent, at=at)
        shown = explained(question, None if right else given.answer.strip(), answerers, seed=number)
        graded.append(Graded(given.question_id, right, question.correct_answer, shown.text, shown.answered_by))
        count = counts.setdefault(row.skill, [0, 0, 0.0])
        count[0] += right
        count[1] += 1
        count[2] += given.time_spent
        session.add(
            PracticeResponseRow(
                student_key=test.student_key,
                test_id=test_id,
                question_id=given.question_id,
                answer=given.answer,
                is_correct=right,
                time_spent=given.time_spent,
                feedback=shown.text,
                answered_by=shown.answered_by,
                at=at,
            )
        )
    rows = [of_sitting(skill, count, states[skill]) for skill, count in counts.items()]
    talked_of = sorted(rows, key=lambda item: (-item.total, item.accuracy, item.skill))[:_FEEDBACK_SKILLS]
    whole = answer(feedback_request(talked_of), answerers, seed=len(answers))
    session.add(
        ResultRow(
            test_id=test_id,
            student_key=test.student_key,
            proficiencies=proficiencies_of(rows),
            performance=feedback_json(talked_of),
            feedback=whole.text,
            answered_by=whole.answered_by,
            at=at,
        )
    )
    test.submitted_at = at
    session.flush()
    by_label = {row.skill: row.proficiency for row in rows if row.proficiency is not None}
    return Submitted(test_id, tuple(graded), whole.text, whole.answered_by, by_label)


def explained(
    question: Question, chosen: str | None, answerers: Sequence[Answerer], *, seed: int, said: str | None = None
) -> Answer:
    """The explanation of a question, with why a known wrong choice was tempting; `said` is what the student asked."""
    known = chosen if chosen is not None and question.distractor(chosen) is not None else None
    return answer(explanation_request(question, known, said), answerers, seed=seed)
