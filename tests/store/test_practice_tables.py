"""The tables of practice: up, down, and what they refuse."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.store import migrate
from skillscope.store.practice_tables import (
    PRACTICE_TABLES,
    CommunityAnswerRow,
    CommunityQuestionRow,
    FeedbackRatingRow,
    HelpRequestRow,
    LessonRow,
    PlanActionRow,
    PracticeResponseRow,
    QuestionRow,
    ResultRow,
    SkillStateRow,
    StudyPlanRow,
    TestRow,
    UserNoteRow,
)
from skillscope.store.tables import Base, StudentRow

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PLAN = {"skill_building": [{"day": 1, "type": "practice", "skill": "Circles"}]}


def fill(session: Session) -> None:
    """One row in each table."""
    student = StudentRow(student_id="s-1", created_at=NOW)
    question = QuestionRow(
        question_id="q1", test="Math", domain="Algebra", skill="circles", difficulty=2, content={"text": "2x = 4"}
    )
    lesson = LessonRow(lesson_id="l1", section="Math", domain="Algebra", skill="circles", content={}, duration=5)
    session.add_all([student, question, lesson])
    session.flush()
    key = student.key
    test = TestRow(test_id="t1", student_key=key, question_ids=["q1"], started_at=NOW)
    plan = StudyPlanRow(student_key=key, plan=PLAN, created_at=NOW, updated_at=NOW)
    asked = CommunityQuestionRow(student_key=key, text="why?", at=NOW)
    session.add_all([test, plan, asked])
    session.flush()
    shown = {"answered_by": "template", "at": NOW, "student_key": key}
    session.add_all(
        [
            PracticeResponseRow(
                test_id="t1", question_id="q1", answer="2", is_correct=True, time_spent=3.5, feedback="so", **shown
            ),
            ResultRow(test_id="t1", proficiencies={}, performance={}, feedback="so", **shown),
            SkillStateRow(
                student_key=key, skill="circles", ability=0.5, answers=1, correct=1, seconds=3.5, updated_at=NOW
            ),
            PlanActionRow(plan_id=plan.plan_id, task=PLAN, action="skipped", plan_before=PLAN, **shown),
            FeedbackRatingRow(test_id="t1", feedback_text="so", rating=4, performance_data={}, **shown),
            HelpRequestRow(question_id="q1", user_query="why?", ai_response="so", **shown),
            UserNoteRow(question_id=None, note_text="hm", **shown),
            CommunityAnswerRow(question_key=asked.key, text="because", at=NOW),
        ]
    )


def _sizes(session: Session) -> set[int]:
    return {session.scalar(select(func.count()).select_from(table)) or 0 for table in PRACTICE_TABLES}


def test_the_practice_tables_go_down_and_up_with_data_and_leave_the_students(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        fill(session)
    with sessions() as session:
        assert _sizes(session) == {1}
    migrate(engine, "0001")
    names = {table.__tablename__ for table in PRACTICE_TABLES}
    assert not names & set(inspect(engine).get_table_names())
    migrate(engine)
    with sessions() as session:
        assert _sizes(session) == {0}
        assert session.scalar(select(StudentRow.student_id)) == "s-1"


def test_erasing_a_student_takes_everything_but_the_bank(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        fill(session)
    with sessions.begin() as session:
        session.execute(text("DELETE FROM students"))
    with sessions() as session:
        left = {
            table.__tablename__ for table in PRACTICE_TABLES if session.scalar(select(func.count()).select_from(table))
        }
    assert left == {"questions", "lessons"}


@pytest.mark.parametrize(
    "row",
    [
        StudyPlanRow(student_key=99, plan=PLAN, created_at=NOW, updated_at=NOW),
        HelpRequestRow(
            student_key=1, question_id="none", user_query="a", ai_response="b", answered_by="template", at=NOW
        ),
        FeedbackRatingRow(
            student_key=1,
            test_id="t1",
            feedback_text="a",
            answered_by="template",
            rating=6,
            performance_data={},
            at=NOW,
        ),
        PlanActionRow(student_key=1, plan_id=1, task={}, action="burnt", plan_before={}, at=NOW),
    ],
)
def test_the_database_itself_refuses_what_cannot_be(row: Base, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        fill(session)
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.merge(row)
