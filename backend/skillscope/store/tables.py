"""The tables. Texts, events and the features measured from them stand apart: an assessment reads features alone.

    students ─┬─< responses ───< response_features   one row a response and feature schema (16 numbers)
              ├─< events                              one row an event
              ├─< session_features                    one row a session and feature schema (9 numbers)
              └─< assessments                         what was said about a student, when, and by which model
    revoked_tokens                                    tokens that count no more

Students go by the id that their school gave them; names stand in `student_names` alone, where they are kept at all.
`code_version` says which version of this package made a row; rows from before it was kept have none.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, MetaData, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from skillscope.store.types import FloatVector, Key, UtcDateTime

__all__ = [
    "AssessmentRow",
    "Base",
    "EventRow",
    "ResponseFeaturesRow",
    "ResponseRow",
    "RevokedTokenRow",
    "SessionFeaturesRow",
    "StudentRow",
]


class Base(DeclarativeBase):
    """Root of the tables; every constraint has a name, so that a migration can drop it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _student_key() -> Mapped[int]:
    return mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), nullable=False)


class StudentRow(Base):
    """One student. `grade` is 2 to 8 where it is known."""

    __tablename__ = "students"
    __table_args__ = (CheckConstraint("grade BETWEEN 2 AND 8", name="grade_range"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_id: Mapped[str] = mapped_column(String(128), unique=True)
    grade: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResponseRow(Base):
    """One short text. `source` is `<kind>:<scenario>`, as in a dataset."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("student_key", "response_id"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_key: Mapped[int] = _student_key()
    response_id: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    prompt: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(String(256))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    code_version: Mapped[str | None] = mapped_column(String(32))


class ResponseFeaturesRow(Base):
    """What was measured in one response, and with what. `values` are the 16 linguistic features in schema order."""

    __tablename__ = "response_features"
    __table_args__ = (Index(None, "student_key", "feature_schema", "at"),)

    response_key: Mapped[int] = mapped_column(Key, ForeignKey("responses.key", ondelete="CASCADE"), primary_key=True)
    feature_schema: Mapped[str] = mapped_column(String(32), primary_key=True)
    student_key: Mapped[int] = _student_key()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    language_pipeline: Mapped[str] = mapped_column(String(64))
    values: Mapped[tuple[float, ...]] = mapped_column(FloatVector)
    code_version: Mapped[str | None] = mapped_column(String(32))


class EventRow(Base):
    """One telemetry record; an `event_id` is unique within its student."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("student_key", "event_id"),
        Index(None, "student_key", "session_id"),
    )

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_key: Mapped[int] = _student_key()
    event_id: Mapped[str] = mapped_column(String(128))
    session_id: Mapped[str] = mapped_column(String(128))
    type: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    task_id: Mapped[str | None] = mapped_column(String(128))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionFeaturesRow(Base):
    """What was measured in one session. `values` are the 9 telemetry features in schema order."""

    __tablename__ = "session_features"
    __table_args__ = (Index(None, "student_key", "feature_schema", "started_at"),)

    student_key: Mapped[int] = mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    feature_schema: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    values: Mapped[tuple[float, ...]] = mapped_column(FloatVector)
    code_version: Mapped[str | None] = mapped_column(String(32))


class AssessmentRow(Base):
    """What was said about a student: the four scores with their intervals, and everything they were made with."""

    __tablename__ = "assessments"
    __table_args__ = (Index(None, "student_key", "key"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_key: Mapped[int] = _student_key()
    assessment_id: Mapped[str] = mapped_column(String(36), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    features: Mapped[tuple[float, ...]] = mapped_column(FloatVector)
    model_version: Mapped[str] = mapped_column(String(128))
    feature_schema: Mapped[str] = mapped_column(String(32))
    label_source: Mapped[str] = mapped_column(String(256))
    code_version: Mapped[str | None] = mapped_column(String(32))
    language_pipeline: Mapped[str | None] = mapped_column(String(64))


class RevokedTokenRow(Base):
    """A token that counts no more, kept until it would have expired anyway."""

    __tablename__ = "revoked_tokens"

    token_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revoked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
