"""The tables of practice. Users are `students`; a question bank and lessons belong to nobody.

    students ─┬─< tests ─┬─< practice_responses >─ questions     one practice sitting; one row an answer
              │          └── results                             proficiencies after the sitting
              ├─< skill_states                                   what the proficiency model keeps, one row a skill
              ├─< study_plans ──< study_plan_actions             what was done with a task, and what changed
              ├─< feedback_ratings, help_requests, user_notes
              └─< community_questions ──< community_answers
    lessons

The seed documents call the answers `responses`; that name is taken by the texts that skills are assessed from, so they
are `practice_responses` here. Everything a student left goes with the student.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, Float, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from skillscope.store.tables import Base
from skillscope.store.types import Key, UtcDateTime

__all__ = [
    "PRACTICE_TABLES",
    "CommunityAnswerRow",
    "CommunityQuestionRow",
    "FeedbackRatingRow",
    "HelpRequestRow",
    "LessonRow",
    "PlanActionRow",
    "PracticeResponseRow",
    "QuestionRow",
    "ResultRow",
    "SkillStateRow",
    "StudyPlanRow",
    "TestRow",
    "UserNoteRow",
]


def _key() -> Mapped[int]:
    return mapped_column(Key, primary_key=True, autoincrement=True)


def _student_key(*, index: bool = True) -> Mapped[int]:
    return mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), nullable=False, index=index)


def _maybe_question() -> Mapped[str | None]:
    return mapped_column(String(64), ForeignKey("questions.question_id"), nullable=True)


class QuestionRow(Base):
    """One question. `skill` is the taxonomy's id; `content` holds text, options, correct_answer, rationale and more."""

    __tablename__ = "questions"
    __table_args__ = (CheckConstraint("difficulty BETWEEN 1 AND 3", name="difficulty_range"),)

    question_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    test: Mapped[str] = mapped_column(String(32))
    domain: Mapped[str] = mapped_column(String(64))
    skill: Mapped[str] = mapped_column(String(64), index=True)
    difficulty: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class LessonRow(Base):
    """One lesson; `content` holds text, summary and video_url, `duration` is in minutes."""

    __tablename__ = "lessons"

    lesson_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    section: Mapped[str] = mapped_column(String(32))
    domain: Mapped[str] = mapped_column(String(64))
    skill: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    duration: Mapped[int] = mapped_column(SmallInteger)


class TestRow(Base):
    """One practice sitting: the questions that were given, and when it was handed in."""

    __test__ = False
    __tablename__ = "tests"

    test_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    student_key: Mapped[int] = _student_key()
    question_ids: Mapped[list[str]] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PracticeResponseRow(Base):
    """One answer, graded; `time_spent` in seconds. `feedback` is what was shown, `answered_by` who wrote it."""

    __tablename__ = "practice_responses"
    __table_args__ = (Unique("test_id", "question_id"), Index(None, "student_key", "at"))

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key(index=False)
    test_id: Mapped[str] = mapped_column(String(36), ForeignKey("tests.test_id", ondelete="CASCADE"))
    question_id: Mapped[str] = mapped_column(String(64), ForeignKey("questions.question_id"))
    answer: Mapped[str] = mapped_column(Text)
    is_correct: Mapped[bool] = mapped_column(Boolean)
    time_spent: Mapped[float] = mapped_column(Float)
    feedback: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResultRow(Base):
    """What a sitting came to: `proficiencies` is `{section: {domain: {skill: 1 to 7}}}`, `performance` its counts."""

    __tablename__ = "results"

    test_id: Mapped[str] = mapped_column(String(36), ForeignKey("tests.test_id", ondelete="CASCADE"), primary_key=True)
    student_key: Mapped[int] = _student_key()
    proficiencies: Mapped[dict[str, Any]] = mapped_column(JSON)
    performance: Mapped[dict[str, Any]] = mapped_column(JSON)
    feedback: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SkillStateRow(Base):
    """A student in a skill: ability in logits, and the counts that it rests on."""

    __tablename__ = "skill_states"

    student_key: Mapped[int] = mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(64), primary_key=True)
    ability: Mapped[float] = mapped_column(Float)
    answers: Mapped[int]
    correct: Mapped[int]
    seconds: Mapped[float] = mapped_column(Float)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StudyPlanRow(Base):
    """A plan as it stands: `{phase: [{day, type, skill, status?}]}`."""

    __tablename__ = "study_plans"

    plan_id: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PlanActionRow(Base):
    """A task done or skipped: the plan before, the performance then, and what was said about the change."""

    __tablename__ = "study_plan_actions"
    __table_args__ = (CheckConstraint("action IN ('completed', 'skipped')", name="action_known"),)

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    plan_id: Mapped[int] = mapped_column(Key, ForeignKey("study_plans.plan_id", ondelete="CASCADE"), index=True)
    task: Mapped[dict[str, Any]] = mapped_column(JSON)
    action: Mapped[str] = mapped_column(String(16))
    plan_before: Mapped[dict[str, Any]] = mapped_column(JSON)
    performance_update: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    adjustment: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedbackRatingRow(Base):
    """Stars for one text that was shown; without `question_id` for the feedback on the whole sitting."""

    __tablename__ = "feedback_ratings"
    __table_args__ = (CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),)

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    test_id: Mapped[str] = mapped_column(String(36), ForeignKey("tests.test_id", ondelete="CASCADE"), index=True)
    question_id: Mapped[str | None] = _maybe_question()
    feedback_text: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str] = mapped_column(String(128))
    rating: Mapped[int] = mapped_column(SmallInteger)
    performance_data: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class HelpRequestRow(Base):
    """What a student asked about a question, and the answer."""

    __tablename__ = "help_requests"

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    question_id: Mapped[str | None] = _maybe_question()
    user_query: Mapped[str] = mapped_column(Text)
    ai_response: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserNoteRow(Base):
    """A note, and the answer where there is one."""

    __tablename__ = "user_notes"

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    question_id: Mapped[str | None] = _maybe_question()
    note_text: Mapped[str] = mapped_column(Text)
    ai_response: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CommunityQuestionRow(Base):
    """A question that a student asks the others."""

    __tablename__ = "community_questions"

    key: Mapped[int] = _key()
    student_key: Mapped[int] = _student_key()
    question_id: Mapped[str | None] = _maybe_question()
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CommunityAnswerRow(Base):
    """An answer of a student, or of staff (no student)."""

    __tablename__ = "community_answers"

    key: Mapped[int] = _key()
    question_key: Mapped[int] = mapped_column(
        Key, ForeignKey("community_questions.key", ondelete="CASCADE"), index=True
    )
    student_key: Mapped[int | None] = mapped_column(
        Key, ForeignKey("students.key", ondelete="CASCADE"), nullable=True, index=True
    )
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


PRACTICE_TABLES: tuple[type[Base], ...] = (
    QuestionRow,
    LessonRow,
    TestRow,
    PracticeResponseRow,
    ResultRow,
    SkillStateRow,
    StudyPlanRow,
    PlanActionRow,
    FeedbackRatingRow,
    HelpRequestRow,
    UserNoteRow,
    CommunityQuestionRow,
    CommunityAnswerRow,
)
"""In the order in which they can be filled."""
