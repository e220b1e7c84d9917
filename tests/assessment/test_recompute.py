"""Stored features brought up to date: all of them, once, and from where a stopped run was."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from skillscope import __version__
from skillscope.assessment import recompute
from skillscope.assessment.ingest import add_events, add_responses, register_student
from skillscope.assessment.recompute import Recomputed, recompute_features
from skillscope.assessment.records import ResponseRecord
from skillscope.events import parse_events
from skillscope.store import make_engine, open_store
from skillscope.store.tables import ResponseFeaturesRow, SessionFeaturesRow
from small_parts import empty_schema

WORDS = ("one kind word", "two kind words were said", "three", "we tried again and again")


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """A store with a student's responses and two sessions."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
        yield _filled(open_store(engine))
        engine.dispose()
        return
    with empty_schema(request.getfixturevalue("postgres_server")) as url:
        engine = make_engine(url)
        yield _filled(open_store(engine))
        engine.dispose()


def _filled(made: sessionmaker[Session]) -> sessionmaker[Session]:
    at = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    events = [
        {"event_id": f"e{n}", "student_id": "s-1", "session_id": f"g{n % 2}", "type": "help_given", "at": at}
        for n in range(6)
    ]
    with made.begin() as session:
        register_student(session, "s-1")
        add_responses(
            session, "s-1", [ResponseRecord(text=words, response_id=f"r{n}") for n, words in enumerate(WORDS)]
        )
        add_events(session, parse_events(events))
    return made


def _rows(sessions: sessionmaker[Session]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with sessions() as session:
        texts = session.execute(
            select(
                ResponseFeaturesRow.response_key,
                ResponseFeaturesRow.feature_schema,
                ResponseFeaturesRow.at,
                ResponseFeaturesRow.code_version,
                ResponseFeaturesRow.language_pipeline,
                ResponseFeaturesRow.values,
            ).order_by(ResponseFeaturesRow.response_key, ResponseFeaturesRow.feature_schema)
        )
        played = session.execute(
            select(
                SessionFeaturesRow.session_id, SessionFeaturesRow.feature_schema, SessionFeaturesRow.values
            ).order_by(SessionFeaturesRow.session_id, SessionFeaturesRow.feature_schema)
        )
        return [tuple(map(str, row)) for row in texts], [tuple(map(str, row)) for row in played]


def test_what_is_up_to_date_is_left_alone(sessions: sessionmaker[Session]) -> None:
    before = _rows(sessions)
    assert recompute_features(sessions) == Recomputed(0, 0)
    assert _rows(sessions) == before


def test_rows_of_another_pipeline_or_schema_are_measured_anew(sessions: sessionmaker[Session]) -> None:
    before = _rows(sessions)
    with sessions.begin() as session:
        older = {"language_pipeline": "en_older 1", "values": (0.0,) * 16, "code_version": None}
        session.execute(update(ResponseFeaturesRow).values(older))
        session.execute(update(SessionFeaturesRow).values(feature_schema="0"))
    heard: list[tuple[int, int]] = []
    assert recompute_features(sessions, progress=lambda *rows: heard.append(rows)) == Recomputed(4, 2)
    assert heard == [(4, 6), (6, 6)]
    texts, played = _rows(sessions)
    assert texts == before[0]
    assert __version__ in texts[0]
    assert [row for row in played if row[1] != "0"] == before[1]
    assert len(played) == 4


def test_a_stopped_run_goes_on_where_it_was(sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch) -> None:
    before = _rows(sessions)
    with sessions.begin() as session:
        session.execute(text("DELETE FROM response_features"))
    monkeypatch.setattr(recompute, "_BATCH", 3)

    def stop(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recompute_features(sessions, progress=stop)
    assert len(_rows(sessions)[0]) == 3
    assert recompute_features(sessions) == Recomputed(1, 0)
    assert _rows(sessions) == before
