"""Raw events: each thing that can be wrong names the event and the field."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import EventError
from skillscope.events import Event, parse_event, parse_events
from skillscope.events.validate import MAX_DATA_BYTES

GOOD = {
    "event_id": "e1",
    "student_id": "s1",
    "session_id": "x1",
    "type": "task_started",
    "at": "2026-03-02T10:00:00+01:00",
    "task_id": "t1",
    "data": {"expected_seconds": 30},
}


def changed(**changes):
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}


def test_a_good_event_is_kept_in_utc():
    event = parse_event(GOOD)
    assert event.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert event.at.tzinfo == UTC
    assert event.data == {"expected_seconds": 30}


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"event_id": ...}, "event_id", "is missing"),
        ({"student_id": ""}, "student_id", "at least 1"),
        ({"student_id": "a b"}, "student_id", "pattern"),
        ({"session_id": "x" * 129}, "session_id", "at most 128"),
        ({"type": "danced"}, "type", "task_started"),
        ({"at": "2026-03-02 10:00"}, "at", "RFC 3339"),
        ({"at": 1_772_442_000}, "at", "RFC 3339"),
        ({"at": "2026-13-02T10:00:00Z"}, "at", ""),
        ({"at": "1999-12-31T23:59:59Z"}, "at", "before 2000"),
        ({"at": "2999-01-01T00:00:00Z"}, "at", "future"),
        ({"task_id": ...}, "task_id", "names its task"),
        ({"grade": 5}, "grade", "unknown field"),
        ({"data": []}, "data", "not an object"),
        ({"data": {"x": "y" * MAX_DATA_BYTES}}, "data", "4096"),
        ({"data": {"x": float("nan")}}, "data", "JSON"),
        ({"data": {"expected_seconds": 0}}, "data.expected_seconds", "positive"),
        ({"data": {"expected_seconds": "30"}}, "data.expected_seconds", "positive"),
        ({"data": {"expected_seconds": True}}, "data.expected_seconds", "positive"),
        ({"data": {"expected_seconds": 10**400}}, "data.expected_seconds", "positive"),
        ({"data": {"expected_seconds": None}}, "data.expected_seconds", "positive"),
    ],
)
def test_what_is_wrong_is_named(changes, field, says):
    with pytest.raises(EventError, match=f"event 1, {field}") as caught:
        parse_events([GOOD, changed(**changes)])
    assert caught.value.field == field
    assert says in str(caught.value)


@pytest.mark.parametrize("raw", [None, 7, "x", [], [GOOD]])
def test_no_object_is_refused(raw):
    with pytest.raises(EventError, match="not an object"):
        parse_event(raw)


def test_our_clock_decides_what_is_the_future():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert parse_event(GOOD, now=now + timedelta(hours=10))
    with pytest.raises(EventError, match="future"):
        parse_event(GOOD, now=now)


def test_a_deep_object_is_refused():
    deep: dict = {}
    for _ in range(100_000):
        deep = {"x": deep}
    with pytest.raises(EventError, match="data"):
        parse_event(changed(data=deep))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "more"]), VALUES, max_size=5))
def test_an_event_or_our_error(changes):
    try:
        event = parse_event({**GOOD, **changes})
    except EventError:
        return
    assert isinstance(event, Event)
