"""Practice sittings: questions chosen near a student's level.

Every function works in the caller's transaction. `only` narrows to one student: what belongs to another one does not
exist for it.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from skillscope.errors import InputError, NotFoundError
from skillscope.store import queries, writing
from skillscope.store.practice_tables import PracticeResponseRow, QuestionRow, SkillStateRow, TestRow
from skillscope.store.tables import StudentRow
from skillscope.tutoring.proficiency import chance_of_right
from skillscope.tutoring.questions.model import Question
from skillscope.tutoring.standing import skill_states, state_of
from skillscope.tutoring.taxonomy import load_taxonomy

__all__ = ["MAX_QUESTIONS", "find_sitting", "start_practice", "stored_question"]

MAX_QUESTIONS: Final = 30
_TARGET: Final = 0.7
"""Questions are drawn whose chance of a right answer lies near this: hard enough to learn from, not to lose heart."""


def stored_question(row: QuestionRow) -> Question:
    """The question as it was generated or imported.

    Raises:
        SchemaError: its content has another shape.
    """
    return Question.from_json(row.content["question"])


def _chosen_skills(names: Sequence[str], states: Mapping[str, SkillStateRow]) -> list[str]:
    taxonomy = load_taxonomy()
    if names:
        return list(dict.fromkeys(taxonomy.resolve(name).id for name in names))
    known = {skill.id: state_of(states.get(skill.id)).ability for skill in taxonomy.skills}
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
    states = skill_states(session, student_key)
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
        away = abs(chance_of_right(state_of(states.get(row.skill)), row.difficulty) - _TARGET)
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


def find_sitting(session: Session, test_id: str, only: str | None = None) -> TestRow:
    """A sitting by its id.

    Raises:
        NotFoundError: there is none, or it is not `only`'s.
    """
    query = select(TestRow).where(TestRow.test_id == test_id)
    if only is not None:
        query = query.join(StudentRow, StudentRow.key == TestRow.student_key).where(StudentRow.student_id == only)
    test = session.scalar(query)
    if test is None:
        raise NotFoundError("no practice has this id; POST /api/v1/practice/start begins one")
    return test
