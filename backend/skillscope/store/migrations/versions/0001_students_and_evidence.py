"""Students, what they left behind, what was measured in it, and what was said about them."""

import sqlalchemy as sa
from alembic import op

from skillscope.store.types import FloatVector, Key, UtcDateTime

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def _student_key(table: str, *, primary_key: bool = False) -> sa.Column[int]:
    name = f"fk_{table}_student_key_students"
    reference = sa.ForeignKey("students.key", name=name, ondelete="CASCADE")
    return sa.Column("student_key", Key, reference, nullable=False, primary_key=primary_key)


def _students_and_responses() -> None:
    op.create_table(
        "students",
        sa.Column("key", Key, nullable=False, autoincrement=True),
        sa.Column("student_id", sa.String(128), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_students"),
        sa.UniqueConstraint("student_id", name="uq_students_student_id"),
        sa.CheckConstraint("grade BETWEEN 2 AND 8", name="ck_students_grade_range"),
    )
    op.create_table(
        "responses",
        sa.Column("key", Key, nullable=False, autoincrement=True),
        _student_key("responses"),
        sa.Column("response_id", sa.String(128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("source", sa.String(256), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_responses"),
        sa.UniqueConstraint("student_key", "response_id", name="uq_responses_student_key_response_id"),
    )
    op.create_table(
        "response_features",
        sa.Column("response_key", Key, nullable=False),
        sa.Column("feature_schema", sa.String(32), nullable=False),
        _student_key("response_features"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("language_pipeline", sa.String(64), nullable=False),
        sa.Column("values", FloatVector(), nullable=False),
        sa.PrimaryKeyConstraint("response_key", "feature_schema", name="pk_response_features"),
        sa.ForeignKeyConstraint(
            ["response_key"],
            ["responses.key"],
            name="fk_response_features_response_key_responses",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_response_features_student_key_feature_schema_at",
        "response_features",
        ["student_key", "feature_schema", "at"],
    )


def _events_and_sessions() -> None:
    op.create_table(
        "events",
        sa.Column("key", Key, nullable=False, autoincrement=True),
        _student_key("events"),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("task_id", sa.String(128), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_events"),
        sa.UniqueConstraint("student_key", "event_id", name="uq_events_student_key_event_id"),
    )
    op.create_index("ix_events_student_key_session_id", "events", ["student_key", "session_id"])
    op.create_table(
        "session_features",
        _student_key("session_features"),
        sa.Column("session_id", sa.String(128), nullable=False),
        sa.Column("feature_schema", sa.String(32), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("values", FloatVector(), nullable=False),
        sa.PrimaryKeyConstraint("student_key", "session_id", "feature_schema", name="pk_session_features"),
    )
    op.create_index(
        "ix_session_features_student_key_feature_schema_started_at",
        "session_features",
        ["student_key", "feature_schema", "started_at"],
    )


def _assessments_and_tokens() -> None:
    op.create_table(
        "assessments",
        sa.Column("key", Key, nullable=False, autoincrement=True),
        _student_key("assessments"),
        sa.Column("assessment_id", sa.String(36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("features", FloatVector(), nullable=False),
        sa.Column("model_version", sa.String(128), nullable=False),
        sa.Column("feature_schema", sa.String(32), nullable=False),
        sa.Column("label_source", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_assessments"),
        sa.UniqueConstraint("assessment_id", name="uq_assessments_assessment_id"),
    )
    op.create_index("ix_assessments_student_key_key", "assessments", ["student_key", "key"])
    op.create_table(
        "revoked_tokens",
        sa.Column("token_id", sa.String(64), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_revoked_tokens"),
    )
    op.create_index("ix_revoked_tokens_expires_at", "revoked_tokens", ["expires_at"])


def upgrade() -> None:
    """Make the first tables."""
    _students_and_responses()
    _events_and_sessions()
    _assessments_and_tokens()


def downgrade() -> None:
    """Drop them, the referring ones first."""
    for table in (
        "revoked_tokens",
        "assessments",
        "session_features",
        "events",
        "response_features",
        "responses",
        "students",
    ):
        op.drop_table(table)
