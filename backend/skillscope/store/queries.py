"""Every question that is asked of the store, as plain functions on a session."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, Row, String, bindparam, delete, func, insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from skillscope.errors import NotFoundError
from skillscope.store.tables import (
    AssessmentRow,
    Base,
    EventRow,
    ResponseFeaturesRow,
    ResponseRow,
    RevokedTokenRow,
    SessionFeaturesRow,
    StudentRow,
)
from skillscope.store.types import Key, UtcDateTime

__all__ = [
    "add_assessments",
    "assessment_history",
    "count_other_schemas",
    "find_student",
    "insert_new",
    "insert_responses",
    "known_event_ids",
    "last_assessment",
    "last_response_at",
    "recent_response_features",
    "recent_session_features",
    "replace_session_features",
    "require_student",
    "require_student_key",
    "revocations",
    "revoke_token",
    "revoked_tokens",
    "session_events",
    "session_sizes",
    "stored_responses",
    "student_counts",
    "student_to_assess",
]

_UNKNOWN_STUDENT = "no student has this id; register one with POST /api/v1/students"


# Statements of the assessment's path are made once: building them anew costs more than running them.
_STUDENT: Final = bindparam("student", type_=Key)
_SCHEMA: Final = bindparam("schema", type_=String)
_SINCE: Final = bindparam("since", type_=UtcDateTime)
_UNTIL: Final = bindparam("until", type_=UtcDateTime)
_MEASURED: Final = ResponseFeaturesRow.__table__.c
_PLAYED: Final = SessionFeaturesRow.__table__.c

_STUDENT_KEY: Final = select(StudentRow.__table__.c.key).where(
    StudentRow.__table__.c.student_id == bindparam("student_id", type_=String)
)
_RECENT_RESPONSES: Final = (
    select(_MEASURED.at, _MEASURED["values"], _MEASURED.language_pipeline)
    .where(
        _MEASURED.student_key == _STUDENT,
        _MEASURED.feature_schema == _SCHEMA,
        _MEASURED.at >= _SINCE,
        _MEASURED.at <= _UNTIL,
    )
    .order_by(_MEASURED.at.desc(), _MEASURED.response_key.desc())
    .limit(bindparam("most", type_=Integer))
)
_RECENT_SESSIONS: Final = (
    select(_PLAYED.started_at, _PLAYED["values"])
    .where(
        _PLAYED.student_key == _STUDENT,
        _PLAYED.feature_schema == _SCHEMA,
        _PLAYED.started_at >= _SINCE,
        _PLAYED.started_at <= _UNTIL,
    )
    .order_by(_PLAYED.started_at.desc(), _PLAYED.session_id.desc())
    .limit(bindparam("most", type_=Integer))
)


def _others(columns: Any, own: Any, moment: Any, student: Any = _STUDENT) -> Any:
    """How many rows stand under other schemas and not under this one."""
    of_student = (columns.student_key == student, moment >= _SINCE)
    asked = StudentRow.__table__
    current = select(own).where(*of_student, columns.feature_schema == _SCHEMA).correlate(asked)
    others = (*of_student, columns.feature_schema != _SCHEMA, own.not_in(current))
    return select(func.count(func.distinct(own))).where(*others).correlate(asked).scalar_subquery()


_OTHER_SCHEMAS: Final = select(
    _others(_MEASURED, _MEASURED.response_key, _MEASURED.at) + _others(_PLAYED, _PLAYED.session_id, _PLAYED.started_at)
)
_TO_ASSESS: Final = select(
    StudentRow.__table__.c.key,
    StudentRow.__table__.c.grade,
    (
        _others(_MEASURED, _MEASURED.response_key, _MEASURED.at, student=StudentRow.__table__.c.key)
        + _others(_PLAYED, _PLAYED.session_id, _PLAYED.started_at, student=StudentRow.__table__.c.key)
    ).label("others"),
).where(StudentRow.__table__.c.student_id == bindparam("student_id", type_=String))
_ADD_ASSESSMENT: Final = insert(Base.metadata.tables["assessments"])


def find_student(session: Session, student_id: str) -> StudentRow | None:
    """The student of that id, if there is one."""
    return session.scalar(select(StudentRow).where(StudentRow.student_id == student_id))


def require_student_key(session: Session, student_id: str) -> int:
    """The key of the student of that id.

    Raises:
        NotFoundError: there is none.
    """
    key: int | None = session.connection().scalar(_STUDENT_KEY, {"student_id": student_id})
    if key is None:
        raise NotFoundError(_UNKNOWN_STUDENT)
    return key


def student_to_assess(
    session: Session, student_id: str, *, feature_schema: str, since: datetime
) -> Row[int, int | None, int]:
    """Key and grade of the student of that id, and as `others` what `count_other_schemas` says, in one statement.

    Raises:
        NotFoundError: there is none.
    """
    asked = {"student_id": student_id, "schema": feature_schema, "since": since}
    row = session.connection().execute(_TO_ASSESS, asked).first()
    if row is None:
        raise NotFoundError(_UNKNOWN_STUDENT)
    return row


def require_student(session: Session, student_id: str) -> StudentRow:
    """The student of that id.

    Raises:
        NotFoundError: there is none.
    """
    student = find_student(session, student_id)
    if student is None:
        raise NotFoundError(_UNKNOWN_STUDENT)
    return student


def insert_new(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose unique keys are new, leave the others as they are, and say how many were new."""
    if not rows:
        return 0
    postgres = session.get_bind().dialect.name == "postgresql"
    chosen = postgresql.insert(table) if postgres else sqlite.insert(table)
    statement = chosen.on_conflict_do_nothing().returning(inspect(table).primary_key[0])
    return len(session.execute(statement, [dict(row) for row in rows]).all())


def insert_responses(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Insert responses of one student and give their keys by `response_id`."""
    if not rows:
        return {}
    statement = insert(ResponseRow).returning(ResponseRow.response_id, ResponseRow.key)
    return {row.response_id: row.key for row in session.execute(statement, [dict(row) for row in rows])}


def stored_responses(session: Session, student_key: int, response_ids: Collection[str]) -> dict[str, str]:
    """Texts of those responses of a student that are stored already, by id."""
    if not response_ids:
        return {}
    rows = session.execute(
        select(ResponseRow.response_id, ResponseRow.text).where(
            ResponseRow.student_key == student_key, ResponseRow.response_id.in_(response_ids)
        )
    )
    return {row.response_id: row.text for row in rows}


def known_event_ids(session: Session, student_key: int, event_ids: Collection[str]) -> set[str]:
    """Those of the events of a student that are stored already."""
    if not event_ids:
        return set()
    condition = EventRow.student_key == student_key, EventRow.event_id.in_(event_ids)
    return set(session.scalars(select(EventRow.event_id).where(*condition)))


def session_events(
    session: Session, student_key: int, session_ids: Collection[str]
) -> Sequence[Row[str, str, str, datetime, str | None, dict[str, Any]]]:
    """Id, session, type, moment, task and data of all events of these sessions, in order of arrival."""
    table = EventRow
    return session.execute(
        select(table.event_id, table.session_id, table.type, table.at, table.task_id, table.data)
        .where(table.student_key == student_key, table.session_id.in_(session_ids))
        .order_by(table.key)
    ).all()


def session_sizes(session: Session, student_key: int, session_ids: Collection[str]) -> dict[str, int]:
    """How many events these sessions of a student hold."""
    rows = session.execute(
        select(EventRow.session_id, func.count().label("size"))
        .where(EventRow.student_key == student_key, EventRow.session_id.in_(session_ids))
        .group_by(EventRow.session_id)
    )
    return {row.session_id: row.size for row in rows}


def count_other_schemas(session: Session, student_key: int, *, feature_schema: str, since: datetime) -> int:
    """Responses and sessions of a student since a moment that are measured with other feature schemas alone."""
    window = {"student": student_key, "schema": feature_schema, "since": since}
    return session.connection().scalar(_OTHER_SCHEMAS, window) or 0


def add_assessments(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store assessments; each row has its values by column of `AssessmentRow`."""
    session.connection().execute(_ADD_ASSESSMENT, [dict(row) for row in rows])


def replace_session_features(session: Session, student_key: int, rows: Iterable[SessionFeaturesRow]) -> None:
    """Put these measurements in the place of older ones of the same sessions and schema."""
    for row in rows:
        row.student_key = student_key
        session.merge(row)


def recent_response_features(
    session: Session, student_key: int, *, feature_schema: str, since: datetime, until: datetime, limit: int
) -> Sequence[Row[datetime, tuple[float, ...], str]]:
    """Moment, values and language pipeline of the newest measured responses in a window, newest first."""
    window = {"student": student_key, "schema": feature_schema, "since": since, "until": until, "most": limit}
    return session.connection().execute(_RECENT_RESPONSES, window).all()


def recent_session_features(
    session: Session, student_key: int, *, feature_schema: str, since: datetime, until: datetime, limit: int
) -> Sequence[Row[datetime, tuple[float, ...]]]:
    """Moment of the first event and values of the newest measured sessions in a window, newest first."""
    window = {"student": student_key, "schema": feature_schema, "since": since, "until": until, "most": limit}
    return session.connection().execute(_RECENT_SESSIONS, window).all()


def student_counts(session: Session, student_key: int) -> dict[str, int]:
    """How many responses, events, sessions and assessments a student has."""
    counted = {
        "responses": select(func.count()).where(ResponseRow.student_key == student_key),
        "events": select(func.count()).where(EventRow.student_key == student_key),
        "sessions": select(func.count(func.distinct(EventRow.session_id))).where(EventRow.student_key == student_key),
        "assessments": select(func.count()).where(AssessmentRow.student_key == student_key),
    }
    return {name: session.scalar(query) or 0 for name, query in counted.items()}


def last_response_at(session: Session, student_key: int) -> datetime | None:
    """The moment of a student's newest response, if there is one."""
    return session.scalar(select(func.max(ResponseRow.at)).where(ResponseRow.student_key == student_key))


def last_assessment(session: Session, student_key: int) -> AssessmentRow | None:
    """The newest assessment of a student, if there is one."""
    return next(iter(assessment_history(session, student_key, limit=1)), None)


def assessment_history(
    session: Session, student_key: int, *, limit: int, before: int | None = None
) -> Sequence[AssessmentRow]:
    """Assessments of a student, newest first; `before` continues after the row of that key."""
    query = select(AssessmentRow).where(AssessmentRow.student_key == student_key)
    if before is not None:
        query = query.where(AssessmentRow.key < before)
    return session.scalars(query.order_by(AssessmentRow.key.desc()).limit(limit)).all()


def revoke_token(session: Session, token_id: str, *, at: datetime, expires_at: datetime, again: bool = False) -> bool:
    """Note that a token counts no more, and forget revoked ones that have expired; False where it was noted before.

    `again`: what was noted before takes the new times.
    """
    session.execute(delete(RevokedTokenRow).where(RevokedTokenRow.expires_at < at))
    if again:
        session.execute(delete(RevokedTokenRow).where(RevokedTokenRow.token_id == token_id))
    row = {"token_id": token_id, "revoked_at": at, "expires_at": expires_at}
    return insert_new(session, RevokedTokenRow, [row]) == 1


def revocations(session: Session, token_ids: Collection[str]) -> dict[str, datetime]:
    """Those of the tokens that count no more, and since when."""
    columns = RevokedTokenRow.token_id, RevokedTokenRow.revoked_at
    rows = session.execute(select(*columns).where(RevokedTokenRow.token_id.in_(token_ids)))
    return {row.token_id: row.revoked_at for row in rows}


def revoked_tokens(session: Session, *, at: datetime) -> set[str]:
    """Ids of revoked tokens that have not expired."""
    return set(session.scalars(select(RevokedTokenRow.token_id).where(RevokedTokenRow.expires_at >= at)))
