"""Bringing stored features up to the present feature schema and language pipeline.

Works in batches, each in a transaction of its own, through whatever is not up to date; so a run that was stopped goes
on where it was, and one that finds nothing to do does nothing. Rows of other schemas stay: a bundle of that schema
reads them still.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, and_, delete, exists, func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.ingest import MeasuredResponse, measure_responses, measure_sessions, store_measurements
from skillscope.assessment.records import ResponseRecord
from skillscope.features import SCHEMA_VERSION
from skillscope.features.versions import installed_pipeline
from skillscope.store import writing
from skillscope.store.evidence_tables import ResponseSegmentsRow
from skillscope.store.tables import EventRow, ResponseFeaturesRow, ResponseRow, SessionFeaturesRow, StudentRow

__all__ = ["Recomputed", "recompute_features"]

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many responses and sessions were measured anew."""

    responses: int
    sessions: int


def recompute_features(
    sessions: sessionmaker[Session], *, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Recomputed:
    """Measure every stored response and session that the present schema or pipeline has not measured.

    `progress` hears of rows done, of all.
    """
    with sessions() as session:
        of_responses = session.scalar(select(func.count()).select_from(_stale_responses().subquery())) or 0
        of_sessions = session.scalar(select(func.count()).select_from(_stale_sessions().subquery())) or 0
    done = 0

    def told(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, of_responses + of_sessions)

    responses = 0
    while rows := _measure_responses(sessions):
        responses += rows
        told(rows)
    played = 0
    while rows := _measure_played(sessions):
        played += rows
        told(rows)
    return Recomputed(responses, played)


def _stale_responses() -> Select[int, str]:
    table = ResponseFeaturesRow
    current = exists().where(
        table.response_key == ResponseRow.key,
        table.feature_schema == SCHEMA_VERSION,
        table.language_pipeline == installed_pipeline(),
    )
    return select(ResponseRow.key, ResponseRow.text).where(~current)


def _measure_responses(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        stale = session.execute(_stale_responses().order_by(ResponseRow.key).limit(_BATCH)).all()
    if not stale:
        return 0
    given = [ResponseRecord.model_construct(text=row.text, response_id=str(row.key)) for row in stale]
    measured = measure_responses({"": given})[""]
    keys = [row.key for row in stale]
    with sessions.begin() as session:
        for table in (ResponseFeaturesRow, ResponseSegmentsRow):
            chosen = table.response_key.in_(keys), table.feature_schema == SCHEMA_VERSION
            writing(session).execute(delete(table).where(*chosen))
        there = session.execute(
            select(ResponseRow.key, ResponseRow.student_key, ResponseRow.at).where(ResponseRow.key.in_(keys))
        )
        by_student: dict[int, dict[int, tuple[datetime, MeasuredResponse]]] = {}
        for row in there:  # less those that were erased meanwhile
            by_student.setdefault(row.student_key, {})[row.key] = (row.at, measured[str(row.key)])
        for student_key, rows in by_student.items():
            store_measurements(session, student_key, rows)
    return len(stale)


def _stale_sessions() -> Select[int, str]:
    table = SessionFeaturesRow
    current = exists().where(
        and_(
            table.student_key == EventRow.student_key,
            table.session_id == EventRow.session_id,
            table.feature_schema == SCHEMA_VERSION,
        )
    )
    return select(EventRow.student_key, EventRow.session_id).where(~current).distinct()


def _measure_played(sessions: sessionmaker[Session]) -> int:
    with sessions.begin() as session:
        stale = (
            writing(session)
            .execute(_stale_sessions().order_by(EventRow.student_key, EventRow.session_id).limit(_BATCH))
            .all()
        )
        by_student: dict[int, list[str]] = {}
        for row in stale:
            by_student.setdefault(row.student_key, []).append(row.session_id)
        for key, names in by_student.items():
            measure_sessions(session, session.get_one(StudentRow, key), names)
    return len(stale)
