"""What the service keeps about its own work.

    xapi_statements      which statement became which student's event, and a digest of its contents
    xapi_contents        the statement itself, to be given back, and which other one it voids
    idempotency_keys     a POST that was sent with a key, and its answer
    access_log           who saw which student
    disclosures          what left for whom
    erasures             receipts of erasure; they hold no identity
    service_state        what all workers agree on (which model to serve)

Everything that names a student goes with the student.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from skillscope.store.tables import Base
from skillscope.store.types import Key, UtcDateTime

__all__ = [
    "AccessRow",
    "DisclosureRow",
    "ErasureRow",
    "IdempotencyRow",
    "StateRow",
    "StatementContentsRow",
    "StatementRow",
]


def _student_key() -> Mapped[int]:
    return mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), nullable=False)


class StatementRow(Base):
    """One xAPI statement; `digest` is the SHA-256 of the parts that make it the same statement."""

    __tablename__ = "xapi_statements"

    statement_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    student_key: Mapped[int] = mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StatementContentsRow(Base):
    """One xAPI statement as it is given back, less names; `voids` is the id of the statement that it takes back.

    A voiding statement stands with the student of the statement that it voids.
    """

    __tablename__ = "xapi_contents"
    __table_args__ = (Index(None, "student_key", "key"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    statement_id: Mapped[str] = mapped_column(String(36), unique=True)
    student_key: Mapped[int] = _student_key()
    statement: Mapped[dict[str, Any]] = mapped_column(JSON)
    verb: Mapped[str] = mapped_column(Text)
    activity: Mapped[str | None] = mapped_column(Text)
    registration: Mapped[str | None] = mapped_column(Text)
    voids: Mapped[str | None] = mapped_column(String(36), index=True)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdempotencyRow(Base):
    """One keyed POST. No `status` yet: it is in flight, at most until `expires_at`. Keys are kept as digests."""

    __tablename__ = "idempotency_keys"

    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    student_key: Mapped[int | None] = mapped_column(Key, ForeignKey("students.key", ondelete="CASCADE"), index=True)
    body_digest: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(String(36))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class AccessRow(Base):
    """Somebody saw a student's data. `caller` is a teacher's or student's id, or a token's id for other roles."""

    __tablename__ = "access_log"
    __table_args__ = (Index(None, "student_key", "key"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_key: Mapped[int] = _student_key()
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    role: Mapped[str] = mapped_column(String(16))
    caller: Mapped[str] = mapped_column(String(128))
    route: Mapped[str] = mapped_column(String(160))
    request_id: Mapped[str] = mapped_column(String(36))


class DisclosureRow(Base):
    """A student's data left this service: for whom (`recipient`) and which (`what`)."""

    __tablename__ = "disclosures"
    __table_args__ = (Index(None, "student_key", "key"),)

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    student_key: Mapped[int] = _student_key()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recipient: Mapped[str] = mapped_column(String(256))
    what: Mapped[str] = mapped_column(String(256))


class ErasureRow(Base):
    """The signed receipt of an erasure; it says how much went, never whose it was."""

    __tablename__ = "erasures"

    receipt_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    receipt: Mapped[str] = mapped_column(Text)


class StateRow(Base):
    """One named value that all workers read."""

    __tablename__ = "service_state"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
