"""Practice sittings: questions chosen, answers graded, proficiency moved, feedback worded and stored.

Every function works in the caller's transaction. `only` narrows to one student: what belongs to another one does not
exist for it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.errors import ConflictError, InputError, NotFoundError
from skillscope.lm.slots import to_number
from skillscope.store import queries, writing
from skillscope.store.practice_tables import (
    FeedbackRatingRow,
    HelpRequestRow,
    PracticeResponseRow,
    QuestionRow,
    ResultRow,
    SkillStateRow,
    TestRow,
)
from skillscope.store.tables import StudentRow
from skillscope.tutoring.answerer import Answer, Answerer, answer, explanation_request, feedback_request
from skillscope.tutoring.pairs.prompts import feedback_json
from skillscope.tutoring.performance import SkillPerformance
from skillscope.tutoring.proficiency import SkillState, chance_of_right, proficiency, update
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = [
    "MAX_QUESTIONS",
    "Graded",
    "PracticeAnswer",
    "Submitted",
    "ask_for_help",
    "performance_of",
    "rate_feedback",
    "start_practice",
    "stored_question",
    "submit_practice",
]

MAX_QUESTIONS: Final = 30
MAX_SECONDS: Final = 3600.0
_TARGET: Final = 0.7
"""Questions are drawn whose chance of a right answer lies near this: hard enough to learn from, not to lose heart."""
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


def stored_question(row: QuestionRow) -> Question:
    """The question as it was generated or imported.

    Raises:
        SchemaError: its content has another shape.
    """
    return Question.from_json(row.content["question"])


def _state(row: SkillStateRow | None) -> SkillState:
    return SkillState() if row is None else SkillState(row.ability, row.answers)


def _states(session: Session, student_key: int, skills: Sequence[str] | None = None) -> dict[str, SkillStateRow]:
    query = select(SkillStateRow).where(SkillStateRow.student_key == student_key)
    if skills is not None:
        query = query.where(SkillStateRow.skill.in_(skills))
    return {row.skill: row for row in session.scalars(query)}


def performance_of(session: Session, student_key: int, skills: Sequence[str] | None = None) -> list[SkillPerformance]:
    """All that a student did so far, by skill in the taxonomy's order; read from one row a skill."""
    states = _states(session, student_key, skills)
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
        proficiency(_state(row)),
    )


def _chosen_skills(names: Sequence[str], states: Mapping[str, SkillStateRow]) -> list[str]:
    taxonomy = load_taxonomy()
    if names:
        return list(dict.fromkeys(taxonomy.resolve(name).id for name in names))
    known = {skill.id: _state(states.get(skill.id)).ability for skill in taxonomy.skills}
    return sorted(known, key=lambda skill: (known[skill], skill))


def start_practice(
    session: Session,
    student_id: str,
    *,
    skills: Sequence[str] = (),
    count: int = 10,
    now: datetime | None = None,
    seed: str | None = None,
) -> tuple[TestRow, list[QuestionRow]]:
    """A sitting of `count` questions: of the skills named, else the weakest; each near the student's level, new first.

    Raises:
        NotFoundError: the student or a skill is unknown, or the bank holds no question of these skills.
        InputError: `count` is not between 1 and `MAX_QUESTIONS`.
    """
    if not 1 <= count <= MAX_QUESTIONS:
        raise InputError(f"count must lie between 1 and {MAX_QUESTIONS}", field="count")
    writing(session)
    student_key = queries.require_student_key(session, student_id)
    states = _states(session, student_key)
    wanted = _chosen_skills(skills, states)[: max(1, count)]
    test_id = str(uuid.uuid4())
    random = Random(seed or test_id)
    bank = session.execute(
        select(QuestionRow.question_id, QuestionRow.skill, QuestionRow.difficulty).where(QuestionRow.skill.in_(wanted))
    ).all()
    if not bank:
        raise NotFoundError("the question bank holds nothing for these skills; `skillscope run` fills it")
    seen = set(
        session.scalars(
            select(PracticeResponseRow.question_id)
            .where(PracticeResponseRow.student_key == student_key)
            .order_by(PracticeResponseRow.at.desc())
            .limit(1000)
        )
    )
    ranks: dict[str, list[tuple[bool, float, float, str]]] = {}
    for row in bank:
        away = abs(chance_of_right(_state(states.get(row.skill)), row.difficulty) - _TARGET)
        ranks.setdefault(row.skill, []).append((row.question_id in seen, away, random.random(), row.question_id))
    piles = [sorted(ranks[skill]) for skill in wanted if skill in ranks]
    turns = [pile[turn][3] for turn in range(max(map(len, piles))) for pile in piles if turn < len(pile)]
    chosen = turns[:count]
    test = TestRow(test_id=test_id, student_key=student_key, question_ids=chosen, started_at=now or datetime.now(UTC))
    session.add(test)
    session.flush()
    rows = {
        row.question_id: row for row in session.scalars(select(QuestionRow).where(QuestionRow.question_id.in_(chosen)))
    }
    return test, [rows[name] for name in chosen]


def _test(session: Session, test_id: str, only: str | None) -> TestRow:
    query = select(TestRow).where(TestRow.test_id == test_id)
    if only is not None:
        query = query.join(StudentRow, StudentRow.key == TestRow.student_key).where(StudentRow.student_id == only)
    test = session.scalar(query)
    if test is None:
        raise NotFoundError("no practice has this id; POST /api/v1/practice/start begins one")
    return test


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
    test = _test(session, test_id, only)
    if not answers:
        raise InputError("at least one answer is needed", field="responses")
    _checked(test, answers)
    at = now or datetime.now(UTC)
    ids = [row.question_id for row in answers]
    bank = {
        row.question_id: row for row in session.scalars(select(QuestionRow).where(QuestionRow.question_id.in_(ids)))
    }
    states = _states(session, test.student_key, sorted({row.skill for row in bank.values()}))
    graded: list[Graded] = []
    counts: dict[str, list[float]] = {}
    for number, given in enumerate(answers):
        row = bank[given.question_id]
        question = stored_question(row)
        right = _is_right(question, given.answer)
        _move(session, states, test.student_key, row, right=right, seconds=given.time_spent, at=at)
        shown = _explained(question, None if right else given.answer.strip(), answerers, seed=number)
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
    rows = [_of_sitting(skill, count, states[skill]) for skill, count in counts.items()]
    talked_of = sorted(rows, key=lambda item: (-item.total, item.accuracy, item.skill))[:_FEEDBACK_SKILLS]
    whole = answer(feedback_request(talked_of), answerers, seed=len(answers))
    session.add(
        ResultRow(
            test_id=test_id,
            student_key=test.student_key,
            proficiencies=_proficiencies(rows),
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


def _move(
    session: Session,
    states: dict[str, SkillStateRow],
    student_key: int,
    question: QuestionRow,
    *,
    right: bool,
    seconds: float,
    at: datetime,
) -> None:
    row = states.get(question.skill)
    after = update(_state(row), question.difficulty, right=right)
    if row is None:
        row = SkillStateRow(student_key=student_key, skill=question.skill, ability=0.0, answers=0, correct=0, seconds=0)
        states[question.skill] = row
        session.add(row)
    row.ability, row.answers, row.updated_at = after.ability, after.answers, at
    row.correct += right
    row.seconds += seconds


def _of_sitting(skill_id: str, count: Sequence[float], state: SkillStateRow) -> SkillPerformance:
    skill = load_taxonomy().get(skill_id)
    correct, total, seconds = int(count[0]), int(count[1]), count[2]
    level = proficiency(_state(state))
    return SkillPerformance(skill.section, skill.domain, skill.label, correct, total, round(seconds / total), level)


def _proficiencies(rows: Sequence[SkillPerformance]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row.section, {}).setdefault(row.domain, {})[row.skill] = row.proficiency
    return found


def _explained(question: Question, chosen: str | None, answerers: Sequence[Answerer], *, seed: int) -> Answer:
    known = chosen if chosen is not None and question.distractor(chosen) is not None else None
    return answer(explanation_request(question, known), answerers, seed=seed)


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

    The student's words are stored, and go to no answerer.

    Raises:
        NotFoundError: there is no such practice, or the question is none of it.
    """
    writing(session)
    test = _test(session, test_id, only)
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
    shown = _explained(stored_question(row), None if given is None else given.strip(), answerers, seed=len(query))
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
    test = _test(session, test_id, only)
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
