"""Bringing data in: checked, measured and stored in the caller's one transaction. The API and the importers come here.

Features are measured when data arrives and stored beside it, so an assessment reads numbers and never a text.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from skillscope import __version__
from skillscope.assessment.records import ResponseRecord
from skillscope.assessment.segments import MEASURING, pack_segments
from skillscope.errors import ConflictError, EventError, InputError
from skillscope.events import Event, EventType
from skillscope.features import SCHEMA_VERSION, TELEMETRY, events_frame, extract_telemetry
from skillscope.features.annotate import Annotation, annotate
from skillscope.features.segments import Segment, measure_without, segments_of
from skillscope.features.versions import installed_pipeline
from skillscope.store import queries, writing
from skillscope.store.evidence import insert_segments
from skillscope.store.tables import (
    EventRow,
    ResponseFeaturesRow,
    SessionFeaturesRow,
    StudentRow,
)

__all__ = [
    "MAX_SESSION_EVENTS",
    "Added",
    "MeasuredResponse",
    "Registered",
    "add_events",
    "add_responses",
    "measure_responses",
    "measure_sessions",
    "register_student",
    "remove_events",
    "store_measurements",
    "store_responses",
]

MAX_SESSION_EVENTS: Final = 50_000
"""Events of one session; a sitting with more is a sender gone wrong."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A student, and whether this call made it."""

    student: StudentRow
    created: bool


@dataclass(frozen=True, slots=True)
class Added:
    """Ids of what was stored, and of what had been stored before and stays as it was."""

    added: tuple[str, ...]
    unchanged: tuple[str, ...]


def register_student(session: Session, student_id: str, grade: int | None = None) -> Registered:
    """Store a student; one that is there already stays as it is.

    Raises:
        ConflictError: the student is there with another grade.
    """
    writing(session)
    row = {"student_id": student_id, "grade": grade, "created_at": datetime.now(UTC)}
    created = queries.insert_new(session, StudentRow, [row]) == 1
    student = queries.require_student(session, student_id)
    if not created and grade is not None and student.grade != grade:
        raise ConflictError("a student with this id is registered with another grade")
    return Registered(student, created)


@dataclass(frozen=True, slots=True)
class MeasuredResponse:
    """A response with its 16 features, its parts, and the language pipeline that measured both."""

    record: ResponseRecord
    features: tuple[float, ...]
    segments: tuple[Segment, ...]
    language_pipeline: str


def _measured(record: ResponseRecord, parsed: Annotation, pipeline: str) -> MeasuredResponse:
    features = tuple(measure_without(parsed).tolist())
    return MeasuredResponse(record, features, tuple(segments_of(parsed)), pipeline)


def _distinct(responses: Sequence[ResponseRecord]) -> dict[str, ResponseRecord]:
    chosen: dict[str, ResponseRecord] = {}
    for number, response in enumerate(responses):
        name = response.response_id or str(uuid.uuid4())
        if chosen.setdefault(name, response).text != response.text:
            raise InputError(
                f"response {number} has the id of another one in this batch, with another text",
                field=f"responses.{number}.response_id",
            )
    return chosen


def measure_responses(
    responses: Mapping[str, Sequence[ResponseRecord]],
) -> dict[str, dict[str, MeasuredResponse]]:
    """By student and response id, the responses with their features, measured in one batch. Stores nothing.

    Raises:
        InputError: an id stands among a student's responses twice, with different texts.
    """
    chosen = {student_id: _distinct(of_student) for student_id, of_student in responses.items()}
    texts = [response.text for of_student in chosen.values() for response in of_student.values()]
    with MEASURING:
        parsed = iter(annotate(texts))
        pipeline = installed_pipeline()
    return {
        student_id: {name: _measured(record, next(parsed), pipeline) for name, record in of_student.items()}
        for student_id, of_student in chosen.items()
    }


def store_responses(session: Session, measured: Mapping[str, Mapping[str, MeasuredResponse]]) -> dict[str, Added]:
    """Store measured responses of registered students; one that is stored with the same text stays as it is.

    Raises:
        NotFoundError: there is no such student.
        ConflictError: a `response_id` is stored with another text.
    """
    writing(session)
    now = datetime.now(UTC)
    results: dict[str, Added] = {}
    for student_id, of_student in measured.items():
        student = queries.require_student(session, student_id)
        known = queries.stored_responses(session, student.key, of_student.keys())
        for number, (name, response) in enumerate(of_student.items()):
            if known.get(name, response.record.text) != response.record.text:
                raise ConflictError(f"response {number} (responses.{number}.response_id) is stored with another text")
        fresh = {name: response for name, response in of_student.items() if name not in known}
        keys = queries.insert_responses(
            session, [_response_row(student.key, name, response.record, now) for name, response in fresh.items()]
        )
        store_measurements(
            session,
            student.key,
            {keys[name]: (response.record.at or now, response) for name, response in fresh.items()},
        )
        results[student_id] = Added(tuple(fresh), tuple(name for name in of_student if name in known))
    return results


def store_measurements(
    session: Session, student_key: int, measured: Mapping[int, tuple[datetime, MeasuredResponse]]
) -> None:
    """Store what was measured in stored responses of a student; by the response's key, its moment and measurement."""
    made_with = {"feature_schema": SCHEMA_VERSION, "student_key": student_key}
    queries.insert_new(
        session,
        ResponseFeaturesRow,
        [
            {
                "response_key": key,
                **made_with,
                "at": at,
                "language_pipeline": response.language_pipeline,
                "values": response.features,
                "code_version": __version__,
            }
            for key, (at, response) in measured.items()
        ],
    )
    insert_segments(
        session,
        [
            {
                "response_key": key,
                **made_with,
                "language_pipeline": response.language_pipeline,
                **pack_segments(response.segments),
            }
            for key, (_at, response) in measured.items()
        ],
    )


def add_responses(session: Session, student_id: str, responses: Sequence[ResponseRecord]) -> Added:
    """Measure and store responses of one student; a `response_id` seen before with the same text changes nothing.

    The texts are measured before the first statement, so the write lock is held for the inserts alone.

    Raises:
        NotFoundError: there is no such student.
        ConflictError: a `response_id` is stored with another text; nothing of the batch is kept.
        InputError: an id stands in the batch twice with different texts.
    """
    return store_responses(session, measure_responses({student_id: responses}))[student_id]


def _response_row(student_key: int, response_id: str, response: ResponseRecord, now: datetime) -> dict[str, Any]:
    return {
        "student_key": student_key,
        "response_id": response_id,
        "text": response.text,
        "prompt": response.prompt,
        "source": response.source,
        "at": response.at or now,
        "received_at": now,
        "code_version": __version__,
    }


def add_events(session: Session, events: Sequence[Event]) -> Added:
    """Store events and measure anew the sessions that they belong to; an `event_id` seen before changes nothing.

    Events may come in any order, twice, and for sessions that are long over.

    Raises:
        NotFoundError: there is no such student.
        EventError: a session would hold more than `MAX_SESSION_EVENTS`.
    """
    writing(session)
    by_student: dict[str, dict[str, Event]] = {}
    for event in events:
        by_student.setdefault(event.student_id, {}).setdefault(event.event_id, event)
    now = datetime.now(UTC)
    added: list[str] = []
    unchanged: list[str] = []
    for student_id, named in by_student.items():
        student = queries.require_student(session, student_id)
        known = queries.known_event_ids(session, student.key, named.keys())
        fresh = [event for name, event in named.items() if name not in known]
        queries.insert_new(session, EventRow, [_event_row(student.key, event, now) for event in fresh])
        measure_sessions(session, student, sorted({event.session_id for event in fresh}))
        added += [event.event_id for event in fresh]
        unchanged += sorted(known)
    return Added(tuple(added), tuple(unchanged))


def remove_events(session: Session, student: StudentRow, event_ids: Sequence[str]) -> int:
    """Take events of a student back and measure their sessions anew; how many there were.

    Of a session without any event left, nothing that was measured stays.
    """
    writing(session)
    gone = delete(EventRow).where(EventRow.student_key == student.key, EventRow.event_id.in_(event_ids))
    touched = session.scalars(gone.returning(EventRow.session_id)).all()
    sessions = sorted(set(touched))
    left = queries.session_sizes(session, student.key, sessions)
    session.execute(
        delete(SessionFeaturesRow).where(
            SessionFeaturesRow.student_key == student.key,
            SessionFeaturesRow.session_id.in_([name for name in sessions if name not in left]),
        )
    )
    measure_sessions(session, student, sorted(left))
    return len(touched)


def _event_row(student_key: int, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "student_key": student_key,
        "event_id": event.event_id,
        "session_id": event.session_id,
        "type": event.type.value,
        "at": event.at,
        "task_id": event.task_id,
        "data": event.data,
        "received_at": now,
    }


def measure_sessions(session: Session, student: StudentRow, session_ids: Sequence[str]) -> None:
    """Measure sessions of a student from their stored events, in the place of what was measured before.

    Raises:
        EventError: a session holds more than `MAX_SESSION_EVENTS`.
    """
    if not session_ids:
        return
    for size in queries.session_sizes(session, student.key, session_ids).values():
        if size > MAX_SESSION_EVENTS:
            raise EventError(
                f"a session would hold {size} events; at most {MAX_SESSION_EVENTS} make one sitting: begin another "
                "session_id",
                field="events.session_id",
            )
    stored = [
        Event.model_construct(
            event_id=row.event_id,
            student_id=student.student_id,
            session_id=row.session_id,
            type=EventType(row.type),
            at=row.at,
            task_id=row.task_id,
            data=row.data,
        )
        for row in queries.session_events(session, student.key, session_ids)
    ]
    names = [item.name for item in TELEMETRY]
    measured = (
        SessionFeaturesRow(
            session_id=row["session_id"],
            feature_schema=SCHEMA_VERSION,
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            values=tuple(float(row[name]) for name in names),
            code_version=__version__,
        )
        for row in extract_telemetry(events_frame(stored)).iter_rows(named=True)
    )
    queries.replace_session_features(session, student.key, measured)
    session.flush()
