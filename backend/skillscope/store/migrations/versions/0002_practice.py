"""Practice: questions, lessons, sittings with their answers, plans, ratings, requests, notes, community."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from skillscope.store.types import Key, UtcDateTime

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_STUDENT = ("student_key", Key, "students.key", True, False)
_TEST = ("test_id", sa.String(36), "tests.test_id", True, False)
_QUESTION = ("question_id", sa.String(64), "questions.question_id", False, False)
_MAYBE_QUESTION = ("question_id", sa.String(64), "questions.question_id", False, True)

Reference = tuple[str, Any, str, bool, bool]
"""Column, its type, what it refers to, whether it goes with that, whether it may be null."""


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _referring(table: str, reference: Reference) -> sa.Column[Any]:
    name, kind, target, cascade, null = reference
    key = sa.ForeignKey(
        target, name=f"fk_{table}_{name}_{target.partition('.')[0]}", ondelete="CASCADE" if cascade else None
    )
    return sa.Column(name, kind, key, nullable=null)


def _table(name: str, *parts: sa.schema.SchemaItem | Reference, key: str | tuple[str, ...] = "key") -> None:
    columns = [part if isinstance(part, sa.schema.SchemaItem) else _referring(name, part) for part in parts]
    keys = (key,) if isinstance(key, str) else key
    if key in {"key", "plan_id"}:
        columns.insert(0, sa.Column(keys[0], Key, nullable=False, autoincrement=True))
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _bank() -> None:
    _table(
        "questions",
        _column("question_id", sa.String(64)),
        _column("test", sa.String(32)),
        _column("domain", sa.String(64)),
        _column("skill", sa.String(64)),
        _column("difficulty", sa.SmallInteger()),
        _column("content", sa.JSON()),
        sa.CheckConstraint("difficulty BETWEEN 1 AND 3", name="ck_questions_difficulty_range"),
        key="question_id",
    )
    _index("questions", "skill")
    _table(
        "lessons",
        _column("lesson_id", sa.String(64)),
        _column("section", sa.String(32)),
        _column("domain", sa.String(64)),
        _column("skill", sa.String(64)),
        _column("content", sa.JSON()),
        _column("duration", sa.SmallInteger()),
        key="lesson_id",
    )
    _index("lessons", "skill")


def _sittings() -> None:
    _table(
        "tests",
        _column("test_id", sa.String(36)),
        _STUDENT,
        _column("question_ids", sa.JSON()),
        _column("started_at", UtcDateTime()),
        _column("submitted_at", UtcDateTime(), null=True),
        key="test_id",
    )
    _index("tests", "student_key")
    _table(
        "practice_responses",
        _STUDENT,
        _TEST,
        _QUESTION,
        _column("answer", sa.Text()),
        _column("is_correct", sa.Boolean()),
        _column("time_spent", sa.Float()),
        _column("feedback", sa.Text()),
        _column("answered_by", sa.String(128)),
        _column("at", UtcDateTime()),
        sa.UniqueConstraint("test_id", "question_id", name="uq_practice_responses_test_id_question_id"),
    )
    _index("practice_responses", "student_key", "at")
    _table(
        "results",
        _TEST,
        _STUDENT,
        _column("proficiencies", sa.JSON()),
        _column("performance", sa.JSON()),
        _column("feedback", sa.Text()),
        _column("answered_by", sa.String(128)),
        _column("at", UtcDateTime()),
        key="test_id",
    )
    _index("results", "student_key")
    _table(
        "skill_states",
        _STUDENT,
        _column("skill", sa.String(64)),
        _column("ability", sa.Float()),
        _column("answers", sa.Integer()),
        _column("correct", sa.Integer()),
        _column("seconds", sa.Float()),
        _column("updated_at", UtcDateTime()),
        key=("student_key", "skill"),
    )


def _plans() -> None:
    _table(
        "study_plans",
        _STUDENT,
        _column("plan", sa.JSON()),
        _column("created_at", UtcDateTime()),
        _column("updated_at", UtcDateTime()),
        key="plan_id",
    )
    _index("study_plans", "student_key")
    _table(
        "study_plan_actions",
        _STUDENT,
        ("plan_id", Key, "study_plans.plan_id", True, False),
        _column("task", sa.JSON()),
        _column("action", sa.String(16)),
        _column("plan_before", sa.JSON()),
        _column("performance_update", sa.JSON(), null=True),
        _column("adjustment", sa.Text(), null=True),
        _column("answered_by", sa.String(128), null=True),
        _column("at", UtcDateTime()),
        sa.CheckConstraint("action IN ('completed', 'skipped')", name="ck_study_plan_actions_action_known"),
    )
    _index("study_plan_actions", "student_key")
    _index("study_plan_actions", "plan_id")


def _words() -> None:
    _table(
        "feedback_ratings",
        _STUDENT,
        _TEST,
        _MAYBE_QUESTION,
        _column("feedback_text", sa.Text()),
        _column("answered_by", sa.String(128)),
        _column("rating", sa.SmallInteger()),
        _column("performance_data", sa.JSON()),
        _column("at", UtcDateTime()),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_feedback_ratings_rating_range"),
    )
    _index("feedback_ratings", "student_key")
    _index("feedback_ratings", "test_id")
    _table(
        "help_requests",
        _STUDENT,
        _MAYBE_QUESTION,
        _column("user_query", sa.Text()),
        _column("ai_response", sa.Text()),
        _column("answered_by", sa.String(128)),
        _column("at", UtcDateTime()),
    )
    _index("help_requests", "student_key")
    _table(
        "user_notes",
        _STUDENT,
        _MAYBE_QUESTION,
        _column("note_text", sa.Text()),
        _column("ai_response", sa.Text(), null=True),
        _column("answered_by", sa.String(128), null=True),
        _column("at", UtcDateTime()),
    )
    _index("user_notes", "student_key")
    _table("community_questions", _STUDENT, _MAYBE_QUESTION, _column("text", sa.Text()), _column("at", UtcDateTime()))
    _index("community_questions", "student_key")
    _table(
        "community_answers",
        ("question_key", Key, "community_questions.key", True, False),
        ("student_key", Key, "students.key", True, True),
        _column("text", sa.Text()),
        _column("at", UtcDateTime()),
    )
    _index("community_answers", "question_key")
    _index("community_answers", "student_key")


def upgrade() -> None:
    """Make the tables of practice."""
    _bank()
    _sittings()
    _plans()
    _words()


def downgrade() -> None:
    """Drop them, the referring ones first; the students stay."""
    for table in (
        "community_answers",
        "community_questions",
        "user_notes",
        "help_requests",
        "feedback_ratings",
        "study_plan_actions",
        "study_plans",
        "skill_states",
        "results",
        "practice_responses",
        "tests",
        "lessons",
        "questions",
    ):
        op.drop_table(table)
