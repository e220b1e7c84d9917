"""Features 17 to 25: from telemetry events to one row of numbers a session. Columnar; no loop over events.

`reference.py` holds the same definitions as plain code that walks from event to event; a test holds the two equal to
the last bit. Every edge is defined there.
"""

import sys
from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from skillscope.errors import SchemaError
from skillscope.events.model import COLLABORATION, LEADERSHIP, Event, EventType
from skillscope.features.schema import TELEMETRY

__all__ = ["EVENT_COLUMNS", "SESSION_COLUMNS", "events_frame", "extract_telemetry"]

EVENT_COLUMNS: Final[dict[str, pl.DataType]] = {
    "event_id": pl.String(),
    "student_id": pl.String(),
    "session_id": pl.String(),
    "type": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "task_id": pl.String(),
    "expected_seconds": pl.Float64(),
}
"""The event frame: one row an event. `task_id` and `expected_seconds` may be null; the latter is read on
`task_started` events."""

SESSION_COLUMNS: Final = ("student_id", "session_id", "started_at", "ended_at", *(item.name for item in TELEMETRY))

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_CODES: Final = {kind.value: code for code, kind in enumerate(EventType)}
_OTHER: Final = _CODES[EventType.OTHER.value]
_CAP: Final = next(item.high for item in TELEMETRY if item.name == "time_efficiency") or np.inf
_LATEST: Final = np.iinfo(np.int64).max


def events_frame(events: Iterable[Event]) -> pl.DataFrame:
    """The event frame of validated events. An `expected_seconds` that is no positive number is left out."""
    rows = [
        (
            e.event_id,
            e.student_id,
            e.session_id,
            e.type.value,
            e.at,
            e.task_id,
            _expected(e.data.get("expected_seconds")),
        )
        for e in events
    ]
    return pl.DataFrame(rows, schema=EVENT_COLUMNS, orient="row")


def _expected(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= sys.float_info.max else None


def extract_telemetry(events: pl.DataFrame) -> pl.DataFrame:
    """One row a (student_id, session_id), sorted: `started_at`, `ended_at` and the nine telemetry features.

    The order of the rows and an event_id seen again change nothing: events are sorted by time, then event_id, and of
    equal ids the first row counts.

    Raises:
        SchemaError: a column is missing, of another type, or null where it may not be.
    """
    frame = _checked(events).unique("event_id", keep="first", maintain_order=True)
    sessions = (
        frame.select("student_id", "session_id").unique().sort("student_id", "session_id").with_row_index("session")
    )
    frame = (
        frame.join(sessions, on=["student_id", "session_id"], how="left")
        .with_columns(pl.col("type").replace_strict(_CODES, default=_OTHER, return_dtype=pl.Int64))
        .sort("session", "at", "event_id")
    )
    session = frame["session"].to_numpy().astype(np.int64)
    at = frame["at"].dt.timestamp("us").to_numpy()
    kind = frame["type"].to_numpy()
    count = len(sessions)
    counts = np.bincount(session, minlength=count)
    last = np.cumsum(counts) - 1
    started, ended = (at[last - counts + 1], at[last]) if count else (at, at)
    values = {
        **_task_features(frame, session, count),
        "retry_count": _count(session, kind == _CODES[EventType.TASK_RETRIED], count),
        **_attention(session, at, kind, counts),
        "collaboration_indicators": _count(session, np.isin(kind, [_CODES[k] for k in COLLABORATION]), count),
        "leadership_indicators": _count(session, np.isin(kind, [_CODES[k] for k in LEADERSHIP]), count),
        "event_count": counts.astype(np.float64),
    }
    return sessions.select("student_id", "session_id").with_columns(
        pl.Series("started_at", started).cast(EVENT_COLUMNS["at"]),
        pl.Series("ended_at", ended).cast(EVENT_COLUMNS["at"]),
        *(pl.Series(item.name, values[item.name], dtype=pl.Float64) for item in TELEMETRY),
    )


def _checked(events: pl.DataFrame) -> pl.DataFrame:
    for name, kind in EVENT_COLUMNS.items():
        if name not in events.columns:
            raise SchemaError(f"the event frame has no column {name}; it needs {', '.join(EVENT_COLUMNS)}", field=name)
        found = events.schema[name]
        if found != kind and found != pl.Null():
            raise SchemaError(f"column {name} of the event frame is {found}, not {kind}", field=name)
        if name not in {"task_id", "expected_seconds"} and events[name].null_count():
            raise SchemaError(f"column {name} of the event frame has {events[name].null_count()} nulls", field=name)
    return events.select(pl.col(name).cast(kind) for name, kind in EVENT_COLUMNS.items())


def _count(session: Ints, chosen: Flags, count: int) -> Floats:
    return np.bincount(session[chosen], minlength=count).astype(np.float64)


def _ratio(over: Floats, under: Floats) -> Floats:
    out = np.full(len(under), np.nan)
    np.divide(over, under, out=out, where=under > 0)
    return out


def _task_features(frame: pl.DataFrame, session: Ints, count: int) -> dict[str, Floats]:
    """`task_completion_rate`, `time_efficiency` and `recovery_rate`."""
    kind, at, row = pl.col("type"), pl.col("at").dt.timestamp("us"), pl.col("row")
    start, fail, done = (_CODES[k] for k in (EventType.TASK_STARTED, EventType.TASK_FAILED, EventType.TASK_COMPLETED))
    of_tasks = [code for name, code in _CODES.items() if name.startswith("task_") and code != _CODES["task_delegated"]]
    expected = pl.col("expected_seconds")
    told = (kind == start) & expected.is_finite() & (expected > 0)
    tasks = (
        frame.with_row_index("row")
        .filter(kind.is_in(of_tasks) & pl.col("task_id").is_not_null())
        .select(
            "session",
            "task_id",
            pl.when(kind == start).then(at).alias("start"),
            pl.when(kind == done).then(at).alias("done"),
            pl.when(kind == done).then(row).alias("done_row"),
            pl.when(kind == fail).then(row).alias("fail_row"),
            pl.when(told).then(row).alias("told_row"),
        )
        .group_by("session", "task_id")
        .agg(
            pl.col("start", "done", "fail_row", "told_row").min(),
            pl.col("done_row").max(),
        )
    )
    owner = tasks["session"].to_numpy().astype(np.int64)
    completed = tasks["done"].is_not_null().to_numpy()
    failed = tasks["fail_row"].is_not_null().to_numpy()
    recovered = (tasks["done_row"] > tasks["fail_row"]).fill_null(value=False).to_numpy()
    timed = tasks.filter((pl.col("done") > pl.col("start")) & pl.col("told_row").is_not_null())
    seconds = (timed["done"] - timed["start"]).to_numpy() / 1_000_000
    wanted = frame["expected_seconds"].to_numpy()[timed["told_row"].to_numpy()]
    return {
        "task_completion_rate": _ratio(
            _count(owner, completed, count), _count(owner, np.ones(len(owner), dtype=bool), count)
        ),
        "time_efficiency": _medians(
            timed["session"].to_numpy().astype(np.int64), np.minimum(wanted / seconds, _CAP), count
        ),
        "recovery_rate": _ratio(_count(owner, recovered, count), _count(owner, failed, count)),
    }


def _medians(owner: Ints, values: Floats, count: int) -> Floats:
    """The median of each owner's values; the mean of the middle two where their number is even; NaN without any."""
    out = np.full(count, np.nan)
    order = np.lexsort((values, owner))
    ranked = values[order]
    sizes = np.bincount(owner, minlength=count)
    first = np.cumsum(sizes) - sizes
    some = sizes > 0
    low = ranked[(first + (sizes - 1) // 2)[some]]
    high = ranked[(first + sizes // 2)[some]]
    out[some] = (low + high) / 2
    return out


def _attention(session: Ints, at: Ints, kind: Ints, counts: Ints) -> dict[str, Floats]:
    """`distraction_resistance` and `focus_duration`."""
    count = len(counts)
    if not count:
        return {"distraction_resistance": np.empty(0), "focus_duration": np.empty(0)}
    step = (kind == _CODES[EventType.DISTRACTION_STARTED]).astype(np.int64)
    step -= kind == _CODES[EventType.DISTRACTION_ENDED]
    distracted = _open_distractions(session, step, counts) > 0
    same = session[1:] == session[:-1]
    length = np.where(same, at[1:] - at[:-1], 0)
    away = distracted[:-1]
    lost = _sum(session[:-1], np.where(away, length, 0), count)
    total = _sum(session[:-1], length, count)
    real = length > 0  # a distraction of no length splits no stretch
    owner, focused = session[:-1][real], ~away[real]
    follows = np.concatenate(([False], (owner[1:] == owner[:-1]) & focused[:-1])) if len(owner) else focused
    stretches = np.bincount(owner[focused & ~follows], minlength=count)
    seconds = total / 1_000_000
    focus = (total - lost) / 1_000_000 / np.maximum(stretches, 1)
    return {
        "distraction_resistance": 1 - _ratio(lost / 1_000_000, seconds),
        "focus_duration": np.where(total > 0, focus, np.nan),
    }


def _sum(owner: Ints, values: Ints, count: int) -> Ints:
    """Exact integer sums (a float would lose microseconds past 285 years, and the last bit before)."""
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, owner, values)
    return sums


def _open_distractions(session: Ints, step: Ints, counts: Ints) -> Ints:
    """How many distractions are open after each event; an end without a start closes nothing.

    The count is the running sum less the lowest value that it has had in the session, if that is below 0 (a reflected
    walk).
    """
    running = np.cumsum(step)
    first = np.cumsum(counts) - counts
    running -= np.repeat(running[first] - step[first], counts)
    # sessions are laid far apart, each below the one before, so that one running minimum serves all
    apart = np.arange(len(counts)) * (2 * len(step) + 2)
    shifted = np.minimum(running, 0) - np.repeat(apart, counts)
    lowest = np.minimum.accumulate(shifted) + np.repeat(apart, counts)
    depth: Ints = running - np.minimum(lowest, 0)
    return depth
