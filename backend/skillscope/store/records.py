"""Notes of access, disclosure and state, written in the caller's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from skillscope.store import queries
from skillscope.store.record_tables import AccessRow, DisclosureRow, ErasureRow, StateRow
from skillscope.store.tables import Base, StudentRow

__all__ = [
    "Seen",
    "add_access",
    "add_accesses",
    "add_disclosure",
    "add_erasure",
    "read_state",
    "student_keys",
    "write_state",
]

_CHUNK = 500
_ADD_ACCESS: Final = insert(Base.metadata.tables[AccessRow.__tablename__])
"""Made once: building it anew costs more than running it."""


def student_keys(session: Session, student_ids: Collection[str]) -> dict[str, int]:
    """Keys of those of the students who are registered, by id."""
    ids = list(dict.fromkeys(student_ids))
    found: dict[str, int] = {}
    for start in range(0, len(ids), _CHUNK):
        chosen = StudentRow.student_id.in_(ids[start : start + _CHUNK])
        found |= {
            row.student_id: row.key
            for row in session.execute(select(StudentRow.student_id, StudentRow.key).where(chosen))
        }
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """Who sees a student, and by which request; `route` is a template such as `GET /students/{student_id}`."""

    role: str
    caller: str
    route: str
    request_id: str


def add_accesses(session: Session, seen: Collection[tuple[int, Seen]]) -> None:
    """Note that students, by key, were seen."""
    now = datetime.now(UTC)
    rows = [
        {
            "student_key": key,
            "at": now,
            "role": by.role,
            "caller": by.caller[:128],
            "route": by.route[:160],
            "request_id": by.request_id,
        }
        for key, by in seen
    ]
    if rows:
        session.connection().execute(_ADD_ACCESS, rows)


def add_access(session: Session, keys: Collection[int], seen: Seen) -> None:
    """Note that somebody saw these students."""
    add_accesses(session, [(key, seen) for key in keys])


def add_disclosure(session: Session, keys: Collection[int], *, recipient: str, what: str) -> None:
    """Note that data of these students leaves for somebody: `recipient` such as `openai:gpt-4o`, `what` in words."""
    now = datetime.now(UTC)
    common = {"at": now, "recipient": recipient[:256], "what": what[:256]}
    queries.insert_new(session, DisclosureRow, [{"student_key": key, **common} for key in keys])


def add_erasure(session: Session, receipt_id: str, receipt: str, *, at: datetime) -> None:
    """Keep the receipt of an erasure."""
    session.add(ErasureRow(receipt_id=receipt_id, at=at, receipt=receipt))


def read_state(session: Session, name: str) -> str | None:
    """A value that all workers share."""
    return session.scalar(select(StateRow.value).where(StateRow.name == name))


def write_state(session: Session, name: str, value: str) -> None:
    """Set a value that all workers share."""
    now = datetime.now(UTC)
    rows: Sequence[dict[str, object]] = [{"name": name, "value": value, "changed_at": now}]
    if not queries.insert_new(session, StateRow, rows):
        session.execute(update(StateRow).where(StateRow.name == name).values(value=value, changed_at=now))
