"""What evidence asks of the store: the counted responses with their parts, the words of a few, the counted events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, Row, String, and_, bindparam, select
from sqlalchemy.orm import Session

from skillscope.store.evidence_tables import ResponseSegmentsRow
from skillscope.store.queries import insert_new
from skillscope.store.tables import EventRow, ResponseFeaturesRow, ResponseRow, SessionFeaturesRow
from skillscope.store.types import Key, UtcDateTime

__all__ = ["counted_events", "counted_responses", "insert_segments", "response_texts"]

# Statements are made once, as in `queries`: building them anew costs more than running them.
_STUDENT: Final = bindparam("student", type_=Key)
_SCHEMA: Final = bindparam("schema", type_=String)
_SINCE: Final = bindparam("since", type_=UtcDateTime)
_UNTIL: Final = bindparam("until", type_=UtcDateTime)
_MOST: Final = bindparam("most", type_=Integer)
_MEASURED: Final = ResponseFeaturesRow.__table__.c
_PARTS: Final = ResponseSegmentsRow.__table__.c
_GIVEN: Final = ResponseRow.__table__.c
_PLAYED: Final = SessionFeaturesRow.__table__.c
_HAPPENED: Final = EventRow.__table__.c

_RESPONSES: Final = (
    select(
        _MEASURED.response_key,
        _GIVEN.response_id,
        _MEASURED["values"],
        _MEASURED.language_pipeline,
        _PARTS.places,
        _PARTS.without,
        _PARTS.language_pipeline.label("parts_pipeline"),
    )
    .join(ResponseRow.__table__, _GIVEN.key == _MEASURED.response_key)
    .outerjoin(
        ResponseSegmentsRow.__table__,
        and_(_PARTS.response_key == _MEASURED.response_key, _PARTS.feature_schema == _MEASURED.feature_schema),
    )
    .where(
        _MEASURED.student_key == _STUDENT,
        _MEASURED.feature_schema == _SCHEMA,
        _MEASURED.at >= _SINCE,
        _MEASURED.at <= _UNTIL,
    )
    .order_by(_MEASURED.at.desc(), _MEASURED.response_key.desc())
    .limit(_MOST)
)
_TEXTS: Final = select(_GIVEN.key, _GIVEN.text).where(_GIVEN.key.in_(bindparam("keys", expanding=True)))
_SESSIONS: Final = (
    select(_PLAYED.session_id)
    .where(
        _PLAYED.student_key == _STUDENT,
        _PLAYED.feature_schema == _SCHEMA,
        _PLAYED.started_at >= _SINCE,
        _PLAYED.started_at <= _UNTIL,
    )
    .order_by(_PLAYED.started_at.desc(), _PLAYED.session_id.desc())
    .limit(bindparam("sittings", type_=Integer))
)
_EVENTS: Final = (
    select(_HAPPENED.event_id, _HAPPENED.session_id, _HAPPENED.type, _HAPPENED.at, _HAPPENED.task_id)
    .where(
        _HAPPENED.student_key == _STUDENT,
        _HAPPENED.session_id.in_(_SESSIONS),
        _HAPPENED.type.in_(bindparam("types", expanding=True)),
    )
    .order_by(_HAPPENED.at.desc(), _HAPPENED.key.desc())
    .limit(_MOST)
)


def insert_segments(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the parts of responses; each row has its values by column of `ResponseSegmentsRow`."""
    insert_new(session, ResponseSegmentsRow, rows)


def counted_responses(
    session: Session, student_key: int, *, feature_schema: str, since: datetime, until: datetime, limit: int
) -> Sequence[Row[Any, Any, Any, Any, Any, Any, Any]]:
    """The newest measured responses in a window, newest first, with `places` and `without` (None: not stored)."""
    window = {"student": student_key, "schema": feature_schema, "since": since, "until": until, "most": limit}
    return session.connection().execute(_RESPONSES, window).all()


def response_texts(session: Session, keys: Collection[int]) -> dict[int, str]:
    """The texts of these responses by key."""
    if not keys:
        return {}
    return {row.key: row.text for row in session.connection().execute(_TEXTS, {"keys": sorted(keys)})}


def counted_events(
    session: Session,
    student_key: int,
    *,
    feature_schema: str,
    since: datetime,
    until: datetime,
    sessions: int,
    types: Collection[str],
    limit: int,
) -> Sequence[Row[Any, Any, Any, Any, Any]]:
    """Id, session, type, moment and task of the newest `limit` events of these types in the newest `sessions` measured
    sessions of a window, newest first."""
    window = {
        "student": student_key,
        "schema": feature_schema,
        "since": since,
        "until": until,
        "sittings": sessions,
        "types": sorted(types),
        "most": limit,
    }
    return session.connection().execute(_EVENTS, window).all()
