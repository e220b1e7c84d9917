"""Telemetry of simulated students, event by event, made for many sessions at once.

A session has its own working clock: tasks follow one another, each with its attempts, progress and social events.
Distractions stop that clock; an event's wall time is its working time plus every distraction before it.

| trait | drives |
|---|---|
| problem solving | success at the first attempt, working speed |
| self-regulation | stretches between distractions, and how long each lasts |
| resilience | attempts before giving up, hence retries and recovered tasks |
| empathy | use of occasions to collaborate and to encourage |
| a mix of all four | delegating, leading, proposing |

Grade has a small effect on speed. Every session holds three or four hard tasks that fail at first, and one
easy task that is always completed, so that no feature of a session is undefined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from skillscope.errors import InputError
from skillscope.events.model import EventType
from skillscope.simulation.seeds import normals, row_keys, uniforms
from skillscope.simulation.students import SimulatedStudent

__all__ = ["EVENT_SCHEMA", "simulate_sessions"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

EVENT_SCHEMA: Final = pl.Schema(
    {
        "event_id": pl.String(),
        "student_id": pl.String(),
        "session_id": pl.String(),
        "type": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "task_id": pl.String(),
        "expected_seconds": pl.Float64(),
    }
)

_TYPES: Final = tuple(EventType)
_CHUNK: Final = 20_000
_TASKS: Final = 10
_ATTEMPTS: Final = 7
_DISTRACTIONS: Final = 20
_OCCASIONS: Final = 24
_LEADS: Final = 10
_LONGEST_SECONDS: Final = 1_490.0
_FIRST_DAY_US: Final = 1_756_684_800_000_000  # 2025-09-01T00:00:00Z, a Monday
_DAY_US: Final = 86_400_000_000
_NO_TASK: Final = -1


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks of n sessions, arrays (n, 10): `attempts` (0: no such task), whether completed, times in working seconds.

    `ends` is (n, 10, 7): when each attempt ended.
    """

    attempts: NDArray[np.int64]
    completed: Mask
    expected: Floats
    starts: Floats
    ends: Floats
    total: Floats


@dataclass(slots=True)
class _Events:
    """Events gathered kind by kind: session number, working time, type, task number."""

    session: list[NDArray[np.int64]]
    time: list[Floats]
    kind: list[NDArray[np.int64]]
    task: list[NDArray[np.int64]]
    expected: list[Floats]

    def add(
        self,
        mask: Mask,
        time: Floats,
        kind: EventType | NDArray[np.int64],
        *,
        task: NDArray[np.int64] | None = None,
        expected: Floats | None = None,
    ) -> None:
        """Add the events where `mask` is true; all arrays have its shape (the first axis is the session)."""
        where = np.nonzero(mask)
        size = len(where[0])
        self.session.append(where[0])
        self.time.append(time[where])
        self.kind.append(np.full(size, _TYPES.index(kind)) if isinstance(kind, EventType) else kind[where])
        self.task.append(np.full(size, _NO_TASK) if task is None else task[where])
        self.expected.append(np.full(size, np.nan) if expected is None else expected[where])


class _Draws:
    """Columns of each row's stream, handed out one block after another."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self._keys = keys
        self._next = 0

    def uniform(self, count: int) -> Floats:
        self._next += count
        return uniforms(self._keys, self._next - count, count)

    def normal(self, count: int) -> Floats:
        self._next += 2 * count
        return normals(self._keys, self._next - 2 * count, count)


def _between(low: float, high: float, trait: Floats) -> Floats:
    """From `low` at trait 0 to `high` at trait 1, in equal ratios."""
    return np.asarray(low * (high / low) ** trait)


def _tasks(draws: _Draws, solving: Floats, resilience: Floats, grade: Floats) -> _Tasks:
    n = len(solving)
    number = 4 + np.floor(3.5 * draws.uniform(2).sum(axis=1)).astype(np.int64)
    index = np.arange(_TASKS)
    real = index[None, :] < number[:, None]
    rank = np.where(real, draws.uniform(_TASKS), 2.0).argsort(axis=1).argsort(axis=1)
    hard = rank < (3 + (number >= 7))[:, None]
    sure = rank == (number - 1)[:, None]

    first_try = (draws.uniform(_TASKS) < (0.5 + 0.46 * solving)[:, None]) & ~hard | sure
    luck = draws.uniform(_TASKS)
    needed = np.floor(np.where(rank == 0, 6.0 + 2.0 * luck, 2.0 + np.where(hard, 4.0, 2.0) * luck))
    needed = np.where(first_try, 1, needed).astype(np.int64)
    mood = draws.normal(1)
    patience = np.rint(0.7 + 6.4 * resilience[:, None] + 0.22 * mood + 0.45 * draws.normal(_TASKS))
    patience = np.clip(patience, 1, _ATTEMPTS).astype(np.int64)
    attempts = np.where(real, np.minimum(needed, patience), 0)
    completed = real & (patience >= needed)

    # The expected time of a task allows for the attempts that it takes, so speed alone makes it efficient.
    size = 0.7 + 0.6 * draws.uniform(_TASKS)
    whole = size * (1.0 + 0.45 * (needed - 1))
    speed = _between(0.55, 1.75, solving) * np.exp(0.04 * grade + 0.06 * draws.normal(1)[:, 0])
    pace = np.exp(0.14 * draws.normal(_TASKS)) / speed[:, None]
    share = np.where(np.arange(_ATTEMPTS)[None, None, :] == 0, 1.0, 0.45) * size[:, :, None]
    made = np.arange(_ATTEMPTS)[None, None, :] < attempts[:, :, None]
    spent = np.where(made, share * pace[:, :, None], 0.0)

    wanted = 480.0 + 480.0 * (0.6 * draws.uniform(1)[:, 0] + 0.4 * (1.0 - solving))
    pauses = np.where(real, 3.0 + 5.0 * draws.uniform(_TASKS), 0.0)
    unit = (wanted - pauses.sum(axis=1)) / spent.sum(axis=(1, 2))
    expected = np.maximum(5.0 * np.rint(whole * unit[:, None] / 5.0), 10.0)
    spent *= (expected / whole)[:, :, None]

    taken = spent.sum(axis=2)
    starts = np.cumsum(pauses + np.hstack([np.zeros((n, 1)), taken[:, :-1]]), axis=1)
    ends = starts[:, :, None] + np.cumsum(spent, axis=2)
    return _Tasks(attempts, completed, expected, starts, ends, (starts + taken).max(axis=1) + 3.0)


def _add_task_events(events: _Events, tasks: _Tasks, draws: _Draws) -> None:
    n = len(tasks.total)
    task = np.broadcast_to(np.arange(_TASKS), (n, _TASKS))
    real = tasks.attempts > 0
    events.add(real, tasks.starts, EventType.TASK_STARTED, task=task, expected=tasks.expected)
    first_end = tasks.ends[:, :, 0]
    for point in (0.1, 0.55):
        moment = tasks.starts + (point + 0.35 * draws.uniform(_TASKS)) * (first_end - tasks.starts)
        events.add(real & (draws.uniform(_TASKS) < 0.6), moment, EventType.TASK_PROGRESSED, task=task)
    for attempt in range(_ATTEMPTS):
        made = tasks.attempts > attempt
        last = tasks.attempts == attempt + 1
        if attempt:
            events.add(made, tasks.ends[:, :, attempt - 1] + 1.0, EventType.TASK_RETRIED, task=task)
        end = tasks.ends[:, :, attempt]
        events.add(made & ~(last & tasks.completed), end, EventType.TASK_FAILED, task=task)
        events.add(last & tasks.completed, end, EventType.TASK_COMPLETED, task=task)


def _regular(draws: _Draws, count: int) -> Floats:
    """Uniform columns, even within each block of four, as habits are: a half-hearted student takes two of four."""
    blocks = count // 4
    order = draws.uniform(count).reshape(-1, blocks, 4).argsort(axis=2)
    within = draws.uniform(count).reshape(-1, blocks, 4)
    return np.asarray(((order + within) / 4.0).reshape(-1, count))


def _add_social_events(events: _Events, tasks: _Tasks, draws: _Draws, traits: Floats) -> None:
    """Occasions to act together come at even chances; a student takes each with a probability that traits set."""
    empathy, solving, regulation, resilience = traits.T
    others = (solving + regulation + resilience) / 3.0
    moments = tasks.total[:, None] * (0.02 + 0.96 * draws.uniform(_OCCASIONS))
    occasions = np.arange(_OCCASIONS)[None, :] < (20 + np.floor(5 * draws.uniform(1)))
    warmth = np.clip(empathy + 0.06 * draws.normal(1)[:, 0], 0.0, 1.0)
    joins = _regular(draws, _OCCASIONS) < (0.04 + 0.80 * warmth + 0.08 * others)[:, None]
    kinds = np.array(
        [
            _TYPES.index(kind)
            for kind in (
                EventType.HELP_GIVEN,
                EventType.HELP_ASKED,
                EventType.RESOURCE_SHARED,
                EventType.JOINT_DECISION,
            )
        ]
    )
    which = np.searchsorted(np.array([0.35, 0.55, 0.8]), draws.uniform(_OCCASIONS))
    events.add(occasions & joins, moments, kinds[which])

    moments = tasks.total[:, None] * (0.02 + 0.96 * draws.uniform(_LEADS))
    drive = 0.3 * solving + 0.2 * regulation + 0.2 * resilience + 0.3 * empathy
    leads = draws.uniform(_LEADS) < (0.02 + 0.75 * drive)[:, None]
    kinds = np.array(
        [
            _TYPES.index(kind)
            for kind in (
                EventType.TASK_DELEGATED,
                EventType.DISCUSSION_LED,
                EventType.GROUP_DECISION_PROPOSED,
                EventType.PEER_ENCOURAGED,
            )
        ]
    )
    kind_draw = draws.uniform(_LEADS)
    encourages = draws.uniform(_LEADS) < (0.15 + 0.7 * empathy)[:, None]
    which = np.where(encourages, 3, np.floor(3 * kind_draw).astype(np.int64))
    events.add(leads, moments, kinds[which])


def _distractions(draws: _Draws, tasks: _Tasks, regulation: Floats) -> tuple[Floats, Floats]:
    """When distractions come, in working seconds (infinite: none), and how long they last; shapes (n, 20)."""
    calm = np.exp(0.12 * draws.normal(1))
    gaps = _between(55.0, 420.0, regulation)[:, None] * calm * np.exp(0.3 * draws.normal(_DISTRACTIONS))
    gaps[:, 0] *= draws.uniform(1)[:, 0] * 0.5 + 0.5
    begins = np.cumsum(gaps, axis=1)
    begins[begins > tasks.total[:, None] - 5.0] = np.inf
    lasting = _between(26.0, 6.0, regulation)[:, None] * np.exp(0.3 * draws.normal(_DISTRACTIONS))
    lasting = np.where(np.isfinite(begins), lasting, 0.0)
    room = _LONGEST_SECONDS - tasks.total
    lasting *= np.minimum(1.0, room / np.maximum(lasting.sum(axis=1), 1.0))[:, None]
    return begins, lasting


def _simulate(
    students: Sequence[SimulatedStudent], seed: int, rows: Sequence[int], session: int, out: list[pl.DataFrame]
) -> None:
    n = len(students)
    traits = np.array([student.traits for student in students], dtype=np.float64)
    grade = (np.array([student.grade for student in students], dtype=np.float64) - 5.0) / 3.0
    draws = _Draws(row_keys(seed, "telemetry", rows, session))
    _, solving, regulation, resilience = traits.T
    tasks = _tasks(draws, solving, resilience, grade)
    begins, lasting = _distractions(draws, tasks, regulation)
    events = _Events([], [], [], [], [])
    everyone = np.ones(n, dtype=np.bool_)
    events.add(everyone, np.zeros(n), EventType.SESSION_STARTED)
    _add_task_events(events, tasks, draws)
    _add_social_events(events, tasks, draws, traits)
    events.add(everyone, tasks.total, EventType.SESSION_ENDED)

    who = np.concatenate(events.session)
    wall = np.concatenate(events.time)
    working = wall.copy()
    for number in range(_DISTRACTIONS):
        wall += np.where(working > begins[who, number], lasting[who, number], 0.0)

    came = np.isfinite(begins)
    waited = np.hstack([np.zeros((n, 1)), np.cumsum(lasting, axis=1)[:, :-1]])
    pauses = _Events([], [], [], [], [])
    pauses.add(came, begins + waited, EventType.DISTRACTION_STARTED)
    pauses.add(came, begins + waited + lasting, EventType.DISTRACTION_ENDED)
    out.append(
        _frame(
            who=np.concatenate([who, *pauses.session]),
            wall=np.concatenate([wall, *pauses.time]),
            kind=np.concatenate([*events.kind, *pauses.kind]),
            task=np.concatenate([*events.task, *pauses.task]),
            expected=np.concatenate([*events.expected, *pauses.expected]),
            begin=_first_moments(draws, session),
            rows=rows,
            session=session,
        )
    )


def _first_moments(draws: _Draws, session: int) -> NDArray[np.int64]:
    """When sessions begin: a weekday of the school year, afternoon; later sessions come later. Microseconds, UTC."""
    choice = draws.uniform(2)
    day = np.floor(choice[:, 0] * 150).astype(np.int64) + 3 * session
    weekday = day // 5 * 7 + day % 5
    second = 13 * 3600 + np.floor(choice[:, 1] * 7 * 3600).astype(np.int64)
    return _FIRST_DAY_US + weekday * _DAY_US + second * 1_000_000


def _frame(
    *,
    who: NDArray[np.int64],
    wall: Floats,
    kind: NDArray[np.int64],
    task: NDArray[np.int64],
    expected: Floats,
    begin: NDArray[np.int64],
    rows: Sequence[int],
    session: int,
) -> pl.DataFrame:
    millis = np.rint(wall * 1000.0).astype(np.int64)
    # Within one millisecond a session's start goes first and its end last.
    place = np.where(kind == _TYPES.index(EventType.SESSION_STARTED), 0, 1)
    place = np.where(kind == _TYPES.index(EventType.SESSION_ENDED), 2, place)
    order = np.argsort((who << 26) | (millis << 2) | place, kind="stable")
    who, kind, task = who[order], kind[order], task[order]
    counts = np.bincount(who, minlength=len(rows))
    nth = np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)
    student = pl.Series([f"row-{row}" for row in rows], dtype=pl.String)
    sitting = pl.Series([f"row-{row}-{session}" for row in rows], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "student_id": student.gather(who),
            "session_id": sitting.gather(who),
            "type": pl.Series([str(kind) for kind in _TYPES], dtype=pl.String).gather(kind),
            "at": pl.Series(begin[who] + millis[order] * 1000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "task": pl.Series(task + 1),
            "expected_seconds": pl.Series(expected[order]).fill_nan(None),
            "nth": pl.Series(nth),
        }
    )
    return frame.select(
        pl.concat_str("session_id", pl.lit("-"), "nth").alias("event_id"),
        "student_id",
        "session_id",
        "type",
        "at",
        pl.when(pl.col("task") > 0).then(pl.concat_str(pl.lit("task-"), "task")).alias("task_id"),
        "expected_seconds",
    )


def simulate_sessions(
    students: Sequence[SimulatedStudent], seed: int, rows: Sequence[int], *, session: int = 0
) -> pl.DataFrame:
    """One session of each student as an event frame (`EVENT_SCHEMA`), in the order of `rows`, then of time.

    `student_id` is `row-<row>`, `session_id` is `row-<row>-<session>`; `session` numbers a student's sittings.
    A session lasts 8 to 25 minutes and holds 4 to 10 tasks. A row's events depend on seed, row, session and
    student only.

    Raises:
        InputError: as many rows as students are not given.
    """
    if len(students) != len(rows):
        raise InputError(f"{len(students)} students need as many row numbers, not {len(rows)}", field="rows")
    frames: list[pl.DataFrame] = [pl.DataFrame(schema=EVENT_SCHEMA)]
    for begin in range(0, len(students), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        _simulate(students[part], seed, rows[part], session, frames)
    return pl.concat(frames)
