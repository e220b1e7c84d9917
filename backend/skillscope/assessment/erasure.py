"""Forgetting: one student everywhere, or everything older than a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.export import student_tables
from skillscope.store import queries, writing
from skillscope.store.record_tables import IdempotencyRow
from skillscope.store.roster_tables import ClassStudentRow
from skillscope.store.tables import Base, EventRow, RevokedTokenRow, StudentRow
from skillscope.tutoring import erasure as tutoring_erasure

__all__ = ["EXPORTED", "checkpoint", "erase_student", "purge"]

EXPORTED: Final = tutoring_erasure.EXPORTED
_MOMENTS: Final = {
    "responses": "at",
    "session_features": "ended_at",
    "assessments": "at",
    "xapi_statements": "stored_at",
    "xapi_contents": "stored_at",
    "access_log": "at",
    "disclosures": "at",
    "tests": "started_at",
    "practice_responses": "at",
    "results": "at",
    "skill_states": "updated_at",
    "study_plans": "updated_at",
    "study_plan_actions": "at",
    "feedback_ratings": "at",
    "help_requests": "at",
    "user_notes": "at",
    "community_questions": "at",
    "community_answers": "at",
}
_WITH_OTHERS: Final = frozenset(
    {"response_features", "response_segments", "student_names", "class_students", "idempotency_keys"}
)
"""Tables without a time of their own: they go with a response, a student, or when they expire."""


def erase_student(
    session: Session,
    student_id: str,
    folders: Iterable[Path] = (),
    *,
    dry_run: bool = False,
    data_dir: Path | None = None,
) -> dict[str, int]:
    """Erase a student everywhere; with `dry_run`, say what would go. Rows by table, and lines of exported pairs.

    Stored answers that may show several students (of requests that name none in their address) go as well. The rows
    are gone when the caller's transaction ends; files are rewritten at once.

    Raises:
        NotFoundError: there is no such student.
        ConflictError: pairs are being written in one of the folders; nothing was changed.
        FileError: a file cannot be read or written.
    """
    if not dry_run:
        writing(session)
    key = queries.require_student_key(session, student_id)
    counts = {
        table.name: session.scalar(select(func.count()).select_from(table).where(_of(table, key))) or 0
        for table in student_tables()
    }
    counts |= tutoring_erasure.erase(session, student_id, folders, dry_run=dry_run, data_dir=data_dir)
    counts["students"] = 1
    if not dry_run:
        session.execute(delete(IdempotencyRow).where(_of(_table("idempotency_keys"), key)))
        session.execute(delete(StudentRow).where(StudentRow.key == key))
    return dict(sorted(counts.items()))


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _of(table: Table, key: int) -> ColumnElement[bool]:
    own = table.c.student_key == key
    return or_(own, table.c.student_key.is_(None)) if table.name == "idempotency_keys" else own


def checkpoint(session: Session) -> None:
    """Take erased rows out of SQLite's write-ahead log too; does nothing elsewhere."""
    bind: Any = session.get_bind()
    if bind.dialect.name == "sqlite":
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def purge(
    sessions: sessionmaker[Session], older_than: timedelta, *, dry_run: bool = False, now: datetime | None = None
) -> dict[str, int]:
    """Delete what is older than a time, and students of whom nothing is left and who sit in no class; rows by table.

    A session of play goes as a whole, when its last event is older. `dry_run` counts by doing it and taking it back.
    """
    moment = now or datetime.now(UTC)
    before = moment - older_than
    counts: dict[str, int] = {}

    def remove(table: Table, *conditions: ColumnElement[bool]) -> None:
        keys = delete(table).where(*conditions).returning(*table.primary_key)
        counts[table.name] = counts.get(table.name, 0) + len(session.execute(keys).all())

    with sessions.begin() as session:
        writing(session)
        later = EventRow.__table__.alias()
        events = _table("events")
        going_on = exists().where(
            later.c.student_key == events.c.student_key,
            later.c.session_id == events.c.session_id,
            later.c.at >= before,
        )
        remove(events, events.c.at < before, ~going_on)
        for table in reversed(student_tables()):
            column = _MOMENTS.get(table.name)
            if column is not None:
                remove(table, table.c[column] < before)
        remove(_table("idempotency_keys"), IdempotencyRow.expires_at < moment)
        remove(_table("revoked_tokens"), RevokedTokenRow.expires_at < moment)
        remove(_table("students"), StudentRow.created_at < before, *_nothing_left())
        if dry_run:
            session.rollback()
    if not dry_run:
        with sessions() as session:
            checkpoint(session)
    return dict(sorted(counts.items()))


def _nothing_left() -> list[ColumnElement[bool]]:
    held = [table for table in student_tables() if table.name not in _WITH_OTHERS]
    none = [~exists().where(table.c.student_key == StudentRow.key) for table in held]
    return [*none, ~exists().where(ClassStudentRow.student_key == StudentRow.key)]
