"""Telemetry: valid events, in order, reproducible, with everything that a session's features need."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from skillscope.errors import InputError
from skillscope.events.model import Event, EventType
from skillscope.features.behavioral import extract_telemetry
from skillscope.features.schema import TELEMETRY
from skillscope.simulation.students import SimulatedStudent, draw_student
from skillscope.simulation.telemetry import EVENT_SCHEMA, simulate_sessions
from skillscope.skills import GRADES, LEVELS, SKILLS

SEED = 11
ROWS = range(840)


@pytest.fixture(scope="module")
def students() -> list[SimulatedStudent]:
    return [draw_student(SEED, row, SKILLS[row % 4], LEVELS[row % 3], GRADES[row % 7]) for row in ROWS]


@pytest.fixture(scope="module")
def events(students: list[SimulatedStudent]) -> pl.DataFrame:
    return simulate_sessions(students, SEED, ROWS)


@pytest.fixture(scope="module")
def features(events: pl.DataFrame) -> pl.DataFrame:
    row = pl.col("student_id").str.strip_prefix("row-").cast(pl.Int64)
    return extract_telemetry(events).sort(row)


def test_order_and_batch_change_nothing(students: list[SimulatedStudent], events: pl.DataFrame) -> None:
    some = [700, 3, 41]
    apart = simulate_sessions([students[row] for row in some], SEED, some)
    together = pl.concat([events.filter(pl.col("student_id") == f"row-{row}") for row in some])
    assert apart.equals(together)
    assert not simulate_sessions([students[3]], SEED + 1, [3]).equals(apart.filter(pl.col("student_id") == "row-3"))


def test_the_frame_has_its_columns_and_its_identifiers(events: pl.DataFrame) -> None:
    assert events.schema == EVENT_SCHEMA
    assert events["event_id"].n_unique() == events.height
    assert events["student_id"].unique(maintain_order=True).to_list() == [f"row-{row}" for row in ROWS]
    assert (events["session_id"] == events["student_id"] + "-0").all()
    assert simulate_sessions([], SEED, []).schema == EVENT_SCHEMA


def test_events_are_valid_and_plausible(events: pl.DataFrame) -> None:
    for row in events.head(300).iter_rows(named=True):
        fields = {key: row[key] for key in ("event_id", "student_id", "session_id", "type", "at", "task_id")}
        assert Event.model_validate(fields).at.tzinfo == UTC
    assert events["type"].is_in([str(kind) for kind in EventType]).all()
    assert events["at"].min() >= datetime(2025, 9, 1, 12, tzinfo=UTC)
    assert events["at"].dt.weekday().max() <= 5


def test_sessions_begin_and_end_and_last_8_to_25_minutes(events: pl.DataFrame) -> None:
    sessions = events.group_by("session_id", maintain_order=True).agg(
        first=pl.col("type").first(),
        last=pl.col("type").last(),
        ordered=pl.col("at").is_sorted(),
        minutes=(pl.col("at").last() - pl.col("at").first()).dt.total_seconds() / 60,
        tasks=pl.col("task_id").n_unique() - 1,
        started=(pl.col("type") == "task_started").sum(),
    )
    assert set(sessions["first"]) == {"session_started"}
    assert set(sessions["last"]) == {"session_ended"}
    assert sessions["ordered"].all()
    assert sessions["minutes"].is_between(8, 25).all()
    assert sessions["tasks"].is_between(4, 10).all()
    assert (sessions["tasks"] == sessions["started"]).all()


def test_tasks_tell_a_consistent_story(events: pl.DataFrame) -> None:
    tasks = (
        events.filter(pl.col("task_id").is_not_null())
        .group_by("session_id", "task_id")
        .agg(
            first=pl.col("type").first(),
            last=pl.col("type").last(),
            failed=(pl.col("type") == "task_failed").sum(),
            retried=(pl.col("type") == "task_retried").sum(),
            completed=(pl.col("type") == "task_completed").sum(),
            expected=pl.col("expected_seconds").drop_nulls().len(),
            positive=(pl.col("expected_seconds") > 0).all(),
        )
    )
    assert set(tasks["first"]) == {"task_started"}
    assert set(tasks["last"]) <= {"task_failed", "task_completed"}
    assert tasks["completed"].max() == 1
    assert (tasks["expected"] == 1).all()
    assert tasks["positive"].all()
    # A completed task was retried after each failure, an abandoned one after each but the last.
    assert (tasks["failed"] - tasks["retried"] == 1 - tasks["completed"]).all()
    sessions = tasks.group_by("session_id").agg(failing=(pl.col("failed") > 0).sum(), done=pl.col("completed").sum())
    assert sessions["failing"].min() >= 1
    assert sessions["done"].min() >= 1


def test_distractions_open_and_close_in_turn(events: pl.DataFrame) -> None:
    pauses = events.filter(pl.col("type").str.starts_with("distraction")).group_by("session_id").agg("type")
    for kinds in pauses["type"]:
        assert list(kinds) == ["distraction_started", "distraction_ended"] * (len(kinds) // 2)


def test_no_feature_of_a_session_is_missing(features: pl.DataFrame) -> None:
    values = features.select([feature.name for feature in TELEMETRY]).to_numpy()
    assert features.height == len(ROWS)
    assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("feature", "skill", "least"),
    [
        ("time_efficiency", "problem_solving", 0.8),
        ("distraction_resistance", "self_regulation", 0.8),
        ("focus_duration", "self_regulation", 0.7),
        ("retry_count", "resilience", 0.7),
        ("recovery_rate", "resilience", 0.7),
        ("collaboration_indicators", "empathy", 0.8),
    ],
)
def test_each_trait_drives_its_features_most(
    features: pl.DataFrame, students: list[SimulatedStudent], feature: str, skill: str, least: float
) -> None:
    traits = np.array([student.traits for student in students])
    found = [np.corrcoef(features[feature], column)[0, 1] for column in traits.T]
    assert SKILLS[int(np.argmax(found))] == skill
    assert least < max(found) < 0.98


def test_leading_comes_from_a_mix(features: pl.DataFrame, students: list[SimulatedStudent]) -> None:
    traits = np.array([student.traits for student in students])
    found = [np.corrcoef(features["leadership_indicators"], column)[0, 1] for column in traits.T]
    assert min(found) > 0.3


def test_later_sessions_come_later_and_differ(students: list[SimulatedStudent]) -> None:
    first, second = (simulate_sessions(students[:5], SEED, range(5), session=number) for number in (0, 1))
    assert set(second["session_id"]) == {f"row-{row}-1" for row in range(5)}
    assert not set(first["event_id"]) & set(second["event_id"])
    assert first["type"].to_list() != second["type"].to_list()


def test_rows_must_match_students(students: list[SimulatedStudent]) -> None:
    with pytest.raises(InputError, match="2 students need as many row numbers, not 1"):
        simulate_sessions(students[:2], 1, [0])
