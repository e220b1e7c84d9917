"""Bringing data in: measured once, stored whole or not at all, the same thing twice is once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.ingest import add_events, add_responses, register_student
from skillscope.assessment.records import EventRecord, ResponseRecord, StudentRecord
from skillscope.errors import ConflictError, InputError, NotFoundError
from skillscope.events import Event, EventType
from skillscope.features import TELEMETRY, extract_linguistic
from skillscope.features.versions import installed_pipeline
from skillscope.store.tables import EventRow, ResponseFeaturesRow, ResponseRow, SessionFeaturesRow, StudentRow

NOW = datetime.now(UTC).replace(microsecond=0)
TEXT = "She looked sad, so I asked her what was wrong."


def _count(sessions: sessionmaker[Session], table: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _event(number: int, kind: EventType, seconds: float, *, student: str = "s", task: str | None = None) -> Event:
    at = NOW - timedelta(hours=1) + timedelta(seconds=seconds)
    data = {"expected_seconds": 60} if kind is EventType.TASK_STARTED else {}
    return Event(
        event_id=f"e{number}", student_id=student, session_id="game", type=kind, at=at, task_id=task, data=data
    )


EVENTS = [
    _event(1, EventType.SESSION_STARTED, 0),
    _event(2, EventType.TASK_STARTED, 0, task="t1"),
    _event(3, EventType.TASK_FAILED, 30, task="t1"),
    _event(4, EventType.TASK_RETRIED, 40, task="t1"),
    _event(5, EventType.TASK_COMPLETED, 120, task="t1"),
    _event(6, EventType.HELP_GIVEN, 130),
    _event(7, EventType.SESSION_ENDED, 200),
]
EXPECTED = {
    "task_completion_rate": 1.0,
    "time_efficiency": 0.5,
    "retry_count": 1.0,
    "recovery_rate": 1.0,
    "distraction_resistance": 1.0,
    "focus_duration": 200.0,
    "collaboration_indicators": 1.0,
    "leadership_indicators": 0.0,
    "event_count": 7.0,
}


@pytest.fixture
def registered(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    with sessions.begin() as session:
        register_student(session, "s", 4)
    return sessions


def _session_values(sessions: sessionmaker[Session]) -> dict[str, float]:
    with sessions() as session:
        values = session.scalars(select(SessionFeaturesRow.values)).one()
    return dict(zip([item.name for item in TELEMETRY], values, strict=True))


def test_a_student_is_registered_once(sessions: sessionmaker[Session]) -> None:
    for expected in (True, False):
        with sessions.begin() as session:
            assert register_student(session, "s", 4).created is expected
    with sessions.begin() as session:
        assert register_student(session, "s").student.grade == 4
    with pytest.raises(ConflictError, match="another grade"), sessions.begin() as session:
        register_student(session, "s", 5)
    assert _count(sessions, StudentRow) == 1


def test_a_response_is_stored_with_what_was_measured_in_it(registered: sessionmaker[Session]) -> None:
    with registered.begin() as session:
        record = ResponseRecord(text=TEXT, prompt="What then?", source="human:x", response_id="r1", at=NOW)
        assert add_responses(session, "s", [record]).added == ("r1",)
    with registered() as session:
        row = session.scalars(select(ResponseRow)).one()
        measured = session.scalars(select(ResponseFeaturesRow)).one()
    assert (row.text, row.prompt, row.source, row.at) == (TEXT, "What then?", "human:x", NOW)
    assert np.array_equal(measured.values, extract_linguistic([TEXT])[0], equal_nan=True)
    assert (measured.feature_schema, measured.language_pipeline, measured.at) == ("1", installed_pipeline(), NOW)


def test_the_same_response_again_changes_nothing(registered: sessionmaker[Session]) -> None:
    record = ResponseRecord(text=TEXT, response_id="r1")
    with registered.begin() as session:
        add_responses(session, "s", [record, record])
    with registered.begin() as session:
        again = add_responses(session, "s", [record, ResponseRecord(text="I tried again.", response_id="r2")])
    assert again.added == ("r2",)
    assert again.unchanged == ("r1",)
    assert _count(registered, ResponseRow) == _count(registered, ResponseFeaturesRow) == 2


def test_another_text_under_a_known_id_keeps_nothing_of_the_batch(registered: sessionmaker[Session]) -> None:
    with registered.begin() as session:
        add_responses(session, "s", [ResponseRecord(text=TEXT, response_id="r1")])
    new = [ResponseRecord(text="something new", response_id="r2"), ResponseRecord(text="other", response_id="r1")]
    with pytest.raises(ConflictError, match=r"responses\.1\.response_id"), registered.begin() as session:
        add_responses(session, "s", new)
    assert _count(registered, ResponseRow) == 1


def test_one_id_with_two_texts_in_a_batch_is_refused(registered: sessionmaker[Session]) -> None:
    batch = [ResponseRecord(text="one", response_id="r"), ResponseRecord(text="two", response_id="r")]
    with pytest.raises(InputError) as raised, registered.begin() as session:
        add_responses(session, "s", batch)
    assert raised.value.field == "responses.1.response_id"
    assert _count(registered, ResponseRow) == 0


def test_nobody_can_be_given_responses_or_events(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(NotFoundError), sessions.begin() as session:
        add_responses(session, "nobody", [ResponseRecord(text=TEXT)])
    with pytest.raises(NotFoundError), sessions.begin() as session:
        add_events(session, EVENTS)
    assert _count(sessions, ResponseRow) == _count(sessions, EventRow) == 0


def test_responses_without_an_id_are_each_their_own(registered: sessionmaker[Session]) -> None:
    with registered.begin() as session:
        added = add_responses(session, "s", [ResponseRecord(text=TEXT), ResponseRecord(text=TEXT)])
    assert len(set(added.added)) == 2


def test_emoji_count_as_no_words_and_are_kept(registered: sessionmaker[Session]) -> None:
    with registered.begin() as session:
        add_responses(session, "s", [ResponseRecord(text="😀😀 👍")])
    with registered() as session:
        values = session.scalars(select(ResponseFeaturesRow.values)).one()
    assert np.array_equal(values, extract_linguistic(["😀😀 👍"])[0], equal_nan=True)


def test_a_session_is_measured_from_its_events(registered: sessionmaker[Session]) -> None:
    with registered.begin() as session:
        assert len(add_events(session, EVENTS).added) == 7
    assert _session_values(registered) == EXPECTED


@pytest.mark.parametrize("seed", range(4))
def test_order_repetition_and_batches_change_nothing(registered: sessionmaker[Session], seed: int) -> None:
    chance = np.random.default_rng(seed)
    shuffled = [EVENTS[number] for number in chance.permutation(len(EVENTS))]
    for start in range(0, len(shuffled), 2):
        with registered.begin() as session:
            add_events(session, [*shuffled[start : start + 2], shuffled[start], shuffled[0]])
    assert _session_values(registered) == EXPECTED
    assert _count(registered, EventRow) == len(EVENTS)


def test_events_of_several_students_go_to_each(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        register_student(session, "a")
        register_student(session, "b")
        kinds = EventType.SESSION_STARTED
        add_events(session, [_event(1, kinds, 0, student="a"), _event(1, kinds, 0, student="b")])
    assert _count(sessions, EventRow) == 2
    assert _count(sessions, SessionFeaturesRow) == 2


def test_an_unknown_student_among_several_keeps_the_others_out_too(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        register_student(session, "a")
    mixed = [_event(1, EventType.OTHER, 0, student="a"), _event(2, EventType.OTHER, 0, student="nobody")]
    with pytest.raises(NotFoundError), sessions.begin() as session:
        add_events(session, mixed)
    assert _count(sessions, EventRow) == 0


def test_a_session_without_end_is_bounded(registered: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skillscope.assessment.ingest.MAX_SESSION_EVENTS", 5)
    with pytest.raises(InputError, match="at most 5"), registered.begin() as session:
        add_events(session, EVENTS)
    assert _count(registered, EventRow) == 0


@pytest.mark.parametrize(
    ("record", "field", "message"),
    [
        ({"text": ""}, "text", "at least 1"),
        ({"text": "  \n "}, "text", "is blank"),
        ({"text": "a\x00b"}, "text", "NUL"),
        ({"text": "a\ud800b"}, "text", "unicode"),
        ({"text": "x" * 20_001}, "text", "at most 20000"),
        ({"text": 7}, "text", "valid string"),
        ({"text": "fine", "source": "no kind"}, "source", "pattern"),
        ({"text": "fine", "response_id": "with blank"}, "response_id", "pattern"),
        ({"text": "fine", "at": "2026-01-01T00:00:00"}, "at", "no time zone"),
        ({"text": "fine", "at": "2026-01-01"}, "at", "RFC 3339"),
        ({"text": "fine", "at": 1_700_000_000}, "at", "RFC 3339"),
        ({"text": "fine", "at": "0001-01-01T00:00:00+14:00"}, "at", "before 2000"),
        ({"text": "fine", "at": "9999-12-31T23:59:59-14:00"}, "at", "future"),
        ({"text": "fine", "grade": 3}, "grade", "not permitted"),
    ],
)
def test_a_wrong_response_names_its_field(record: dict[str, object], field: str, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ResponseRecord.model_validate(record)
    problem = raised.value.errors()[0]
    assert problem["loc"] == (field,)
    assert message in problem["msg"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "jumped"}, ("type",)),
        ({"event_id": ""}, ("event_id",)),
        ({"session_id": "a" * 129}, ("session_id",)),
        ({"at": None}, ("at",)),
        ({"task_id": "a b"}, ("task_id",)),
        ({"data": []}, ("data",)),
        ({"data": {"expected_seconds": -1}}, ()),
        ({"data": {"expected_seconds": True}}, ()),
        ({"data": {"expected_seconds": "60"}}, ()),
        ({"data": {"x": float("nan")}}, ()),
        ({"data": {"x": "y" * 9000}}, ()),
        ({"student_id": "a/b"}, ("student_id",)),
    ],
)
def test_a_wrong_event_names_its_field(change: dict[str, object], field: tuple[str, ...]) -> None:
    right = {"event_id": "e", "session_id": "g", "type": "task_started", "at": "2026-01-01T00:00:00Z"}
    EventRecord.model_validate(right)
    with pytest.raises(ValidationError) as raised:
        EventRecord.model_validate(right | change)
    assert raised.value.errors()[0]["loc"] == field


@pytest.mark.parametrize("wrong", [1, 9, 4.5, "4", True])
def test_a_grade_is_a_whole_number_from_2_to_8(wrong: object) -> None:
    with pytest.raises(ValidationError):
        StudentRecord.model_validate({"student_id": "s", "grade": wrong})
