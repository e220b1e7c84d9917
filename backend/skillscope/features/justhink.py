"""The logs of JUSThink (Norman et al. 2022, CC BY 4.0) as events: two children and a robot connect gold mines by
tracks.

A log row is `team_no attempt_no turn_no event_no time subject verb object`, tab-separated; subjects are the children
A and B, the team T and the robot R. The team is the student, its game one session and one task, of which every
submitted solution is a try:

| row | event |
|---|---|
| the first row | `session_started`, `task_started` |
| A or B adds, removes or loads tracks | `task_progressed`; the first one after a failed try also `task_retried` |
| A or B presses submit (enabled) | `group_decision_proposed` by the first, `joint_decision` when the other agrees |
| T submits a solution dearer than the cheapest | `task_failed` |
| T submits the cheapest one | `task_completed` |
| A or B presses help (enabled) | `help_asked` (the robot says its instructions again) |
| any other press of A or B | `other` |
| R | none: a robot's doings are not the children's; they are counted |
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from skillscope.errors import FileError
from skillscope.events.model import Event, EventType
from skillscope.features.behavioral import events_frame, extract_telemetry

__all__ = ["NOT_TO_BE_HAD", "JusthinkLogs", "justhink_features", "read_justhink"]

TASK: Final = "connect-gold-mines"
STARTED: Final = datetime(2019, 1, 1, tzinfo=UTC)
"""The logs hold seconds from the start, no date; every game is put at the start of the year of the study."""

NOT_TO_BE_HAD: Final[dict[str, str]] = {
    "time_efficiency": "the logs tell no expected time",
    "distraction_resistance": "the logs tell nothing of distraction",
    "focus_duration": "the logs tell nothing of distraction",
}

_COLUMNS: Final = ("team_no", "attempt_no", "turn_no", "event_no", "time", "subject", "verb", "object")
_COST: Final = re.compile(r"cost=(\d+) \(opt_cost=(\d+)\)")
_EDITS: Final = frozenset({"adds", "removes", "loads"})


@dataclass(frozen=True, slots=True)
class JusthinkLogs:
    """The events of all teams, the teams, and how many rows of the robot were passed over."""

    events: list[Event]
    teams: list[str]
    robot_rows: int


def read_justhink(folder: Path) -> JusthinkLogs:
    """Read every log of a folder, or of its `logs` folder.

    Raises:
        FileError: there is none, or one is not such a log; the message names file and line.
    """
    logs = folder / "logs" if (folder / "logs").is_dir() else folder
    paths = sorted(logs.glob("*log*.csv"))
    if not paths:
        raise FileError(f"{folder} holds no JUSThink log; right is a folder with justhink19_log_*.csv, or one above it")
    events: list[Event] = []
    teams: list[str] = []
    robot_rows = 0
    for path in paths:
        rows = list(_rows(path))
        robot_rows += sum(row.subject == "R" for row in rows)
        found = _events(rows)
        events += found
        teams += sorted({event.student_id for event in found})
    return JusthinkLogs(events, teams, robot_rows)


def justhink_features(folder: Path) -> pl.DataFrame:
    """One row a team: the columns of `extract_telemetry`; those in `NOT_TO_BE_HAD` are NaN.

    Raises:
        FileError: as `read_justhink`.
    """
    table = extract_telemetry(events_frame(read_justhink(folder).events))
    return table.with_columns(pl.lit(float("nan")).alias(name) for name in NOT_TO_BE_HAD)


@dataclass(frozen=True, slots=True)
class _Row:
    team: str
    number: int
    seconds: float
    subject: str
    verb: str
    object: str


def _rows(path: Path) -> Iterator[_Row]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as UTF-8: {error}") from error
    table = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(next(table, ())) != _COLUMNS:
        raise FileError(f"{path}, line 1: the columns are not {', '.join(_COLUMNS)}, separated by tabs")
    for line, cells in enumerate(table, start=2):
        try:
            team, _, _, number, seconds, subject, verb, thing = cells
            yield _Row(f"justhink-{int(team):02d}", int(number), float(seconds), subject, verb, thing)
        except ValueError:
            raise FileError(f"{path}, line {line}: not {len(_COLUMNS)} columns with numbers in their places") from None


def _events(rows: list[_Row]) -> list[Event]:
    """The events of one game."""
    if not rows:
        return []
    first = rows[0]
    events = [
        _event(first, EventType.SESSION_STARTED, "session"),
        _event(first, EventType.TASK_STARTED, "task"),
    ]
    failed, proposed = False, ""
    for row in rows:
        if row.subject == "R":
            continue
        kind = _type(row)
        if row.verb in _EDITS and failed:
            events.append(_event(row, EventType.TASK_RETRIED, "retry"))
            failed = False
        if row.verb == "presses" and row.object == "submit (enabled)":
            agrees = bool(proposed) and proposed != row.subject
            kind = EventType.JOINT_DECISION if agrees else EventType.GROUP_DECISION_PROPOSED
            proposed = "" if agrees else row.subject
        if row.verb == "submits":
            failed, proposed = kind == EventType.TASK_FAILED, ""
        events.append(_event(row, kind, "row"))
    return events


def _type(row: _Row) -> EventType:
    if row.verb in _EDITS:
        return EventType.TASK_PROGRESSED
    if row.verb == "submits":
        cost = _COST.fullmatch(row.object)
        cheapest = cost is not None and cost[1] == cost[2]
        return EventType.TASK_COMPLETED if cheapest else EventType.TASK_FAILED
    if row.verb == "presses" and row.object == "help (enabled)":
        return EventType.HELP_ASKED
    return EventType.OTHER


def _event(row: _Row, kind: EventType, part: str) -> Event:
    of_task = kind.value.startswith("task_")
    return Event(
        event_id=f"{row.team}-{row.number:05d}-{part}",
        student_id=row.team,
        session_id=f"{row.team}-game",
        type=kind,
        at=STARTED + timedelta(seconds=row.seconds),
        task_id=TASK if of_task else None,
        data={"subject": row.subject, "verb": row.verb, "object": row.object[:200]},
    )
