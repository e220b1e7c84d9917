"""Features 17 to 25: every edge by hand, and equal to the reference to the last bit on random sessions."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillscope.errors import SchemaError
from skillscope.events import Event, EventType
from skillscope.features.behavioral import EVENT_COLUMNS, SESSION_COLUMNS, events_frame, extract_telemetry
from skillscope.features.reference import reference_telemetry
from skillscope.features.schema import TELEMETRY

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMES = [item.name for item in TELEMETRY]


def event(
    kind: str, at: float, task: str | None = None, *, number: str = "", session: str = "s", **data: object
) -> Event:
    return Event(
        event_id=number or f"{session}-{kind}-{at}-{task}",
        student_id="x",
        session_id=session,
        type=EventType(kind),
        at=START + timedelta(seconds=at),
        task_id=task,
        data=data,
    )


def measure(*events: Event) -> dict[str, float]:
    """The features of one session, checked against the reference."""
    table = extract_telemetry(events_frame(events))
    assert table.height == 1
    found = {name: table[name][0] for name in NAMES}
    np.testing.assert_array_equal(list(found.values()), [reference_telemetry(events)[name] for name in NAMES])
    return found


def test_a_session_by_hand():
    found = measure(
        event("session_started", 0),
        event("task_started", 10, "a", expected_seconds=60),
        event("task_failed", 40, "a"),
        event("task_retried", 45, "a"),
        event("help_asked", 50),
        event("task_completed", 70, "a"),
        event("distraction_started", 80),
        event("distraction_ended", 100),
        event("task_started", 110, "b", expected_seconds=20),
        event("peer_encouraged", 120),
        event("task_completed", 150, "b"),
        event("task_started", 160, "c", expected_seconds=30),
        event("session_ended", 200),
    )
    assert found["task_completion_rate"] == 2 / 3
    assert found["time_efficiency"] == (60 / 60 + 20 / 40) / 2
    assert found["retry_count"] == 1
    assert found["recovery_rate"] == 1
    assert found["distraction_resistance"] == 1 - 20 / 200
    assert found["focus_duration"] == (80 + 100) / 2
    assert found["collaboration_indicators"] == 1
    assert found["leadership_indicators"] == 1
    assert found["event_count"] == 13


def test_a_session_that_never_ended_ends_with_its_last_event():
    found = measure(event("session_started", 0), event("distraction_started", 30), event("help_given", 40))
    assert found["distraction_resistance"] == 1 - 10 / 40  # the distraction never ended either
    assert found["focus_duration"] == 30


def test_a_clock_that_runs_backwards_is_put_in_order():
    forwards = [
        event("task_started", 0, "a", expected_seconds=10),
        event("task_failed", 5, "a"),
        event("task_completed", 9, "a"),
    ]
    np.testing.assert_equal(measure(*reversed(forwards)), measure(*forwards))
    assert measure(*forwards)["recovery_rate"] == 1


def test_one_event_has_no_session_time():
    found = measure(event("distraction_started", 0))
    assert found["event_count"] == 1
    for name in (
        "distraction_resistance",
        "focus_duration",
        "task_completion_rate",
        "time_efficiency",
        "recovery_rate",
    ):
        assert np.isnan(found[name])


def test_an_event_seen_again_changes_nothing():
    events = [event("task_retried", 0, "a", number="one"), event("help_given", 5, number="two")]
    again = event("peer_encouraged", 9, number="one")
    np.testing.assert_equal(measure(*events, again), measure(*events))


def test_interleaved_sessions_are_told_apart():
    mixed = [event("help_given", at, session="s" if at % 2 else "t") for at in range(7)]
    table = extract_telemetry(events_frame(mixed))
    assert table["session_id"].to_list() == ["s", "t"]
    assert table["event_count"].to_list() == [3, 4]
    assert table["started_at"].to_list() == [START + timedelta(seconds=1), START]
    assert table["ended_at"].to_list() == [START + timedelta(seconds=5), START + timedelta(seconds=6)]
    assert table.columns == list(SESSION_COLUMNS)


def test_overlapping_distractions_are_counted_once():
    found = measure(
        event("session_started", 0),
        event("distraction_started", 10),
        event("distraction_started", 20),
        event("distraction_ended", 30),
        event("distraction_ended", 40),
        event("session_ended", 100),
    )
    assert found["distraction_resistance"] == 1 - 30 / 100
    assert found["focus_duration"] == (10 + 60) / 2


def test_an_end_without_a_distraction_closes_nothing():
    found = measure(
        event("distraction_ended", 0),
        event("distraction_started", 10),
        event("help_given", 15),
        event("session_ended", 20),
    )
    assert found["distraction_resistance"] == 1 - 10 / 20


def test_a_distraction_of_no_length_splits_nothing():
    found = measure(
        event("session_started", 0),
        event("distraction_started", 10, number="1"),
        event("distraction_ended", 10, number="2"),
        event("session_ended", 50),
    )
    assert found["focus_duration"] == 50


def test_distracted_throughout_is_no_focus():
    found = measure(event("distraction_started", 0), event("session_ended", 50))
    assert (found["distraction_resistance"], found["focus_duration"]) == (0, 0)


def test_tasks_without_a_start_failure_or_time():
    found = measure(
        event("task_completed", 0, "no-start"),
        event("task_started", 5, "instant", expected_seconds=10),
        event("task_completed", 5, "instant"),
        event("task_retried", 9),
        event("task_started", 10, "slow", expected_seconds=-3),
        event("task_completed", 20, "slow"),
    )
    assert found["task_completion_rate"] == 1
    assert np.isnan(found["time_efficiency"])
    assert np.isnan(found["recovery_rate"])
    assert found["retry_count"] == 1


def test_a_fast_task_is_capped():
    assert (
        measure(event("task_started", 0, "a", expected_seconds=100), event("task_completed", 1, "a"))["time_efficiency"]
        == 3
    )


def test_a_completion_before_the_failure_is_no_recovery():
    found = measure(event("task_started", 0, "a"), event("task_completed", 5, "a"), event("task_failed", 9, "a"))
    assert found["recovery_rate"] == 0


def test_no_events():
    table = extract_telemetry(events_frame([]))
    assert table.height == 0
    assert table.columns == list(SESSION_COLUMNS)


def test_a_wrong_frame_is_refused():
    frame = events_frame([event("help_given", 0)])
    with pytest.raises(SchemaError, match="no column at"):
        extract_telemetry(frame.drop("at"))
    with pytest.raises(SchemaError, match="column at of the event frame is"):
        extract_telemetry(frame.with_columns(pl.col("at").dt.replace_time_zone(None)))
    with pytest.raises(SchemaError, match="1 nulls"):
        extract_telemetry(frame.with_columns(pl.lit(None, pl.String).alias("student_id")))


def test_an_unknown_type_counts_as_an_event():
    frame = events_frame([event("help_given", 0)]).with_columns(pl.lit("danced").alias("type"))
    table = extract_telemetry(frame)
    assert (table["event_count"][0], table["collaboration_indicators"][0]) == (1, 0)
    assert frame.schema == pl.Schema(EVENT_COLUMNS)


EVENTS = st.builds(
    lambda kind, at, task, number, session, expected: event(
        kind,
        at,
        task,
        number=number,
        session=session,
        **({"expected_seconds": expected} if expected is not None else {}),
    ),
    st.sampled_from([kind.value for kind in EventType]),
    st.one_of(st.integers(0, 6), st.floats(0, 900, allow_nan=False)),
    st.sampled_from(["a", "b", "c", None]),
    st.integers(0, 60).map(str),
    st.sampled_from(["s", "t"]),
    st.sampled_from([None, 0, -1, 7, 30.5, 600, "soon", True]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=60))
def test_equal_to_the_reference_to_the_last_bit(events):
    table = extract_telemetry(events_frame(events))
    first = {e.event_id: e for e in reversed(events)}  # an id seen again, in whatever session, changes nothing
    kept = [e for e in events if first[e.event_id] is e]
    assert table["session_id"].to_list() == sorted({e.session_id for e in kept})
    for session in table["session_id"]:
        wanted = reference_telemetry([e for e in kept if e.session_id == session])
        row = table.filter(pl.col("session_id") == session).select(NAMES).row(0)
        assert np.array(row).tobytes() == np.array([wanted[name] for name in NAMES]).tobytes()


@settings(max_examples=50, deadline=None)
@given(st.lists(EVENTS, max_size=40, unique_by=lambda e: e.event_id), st.randoms())
def test_the_order_of_rows_changes_nothing(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert extract_telemetry(events_frame(events)).equals(extract_telemetry(events_frame(shuffled)))
