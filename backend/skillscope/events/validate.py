"""Raw telemetry into events; what is wrong is said with the event's number and the field."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from skillscope.errors import EventError
from skillscope.events.model import Event, EventType

__all__ = ["EARLIEST", "LATEST_AHEAD", "MAX_DATA_BYTES", "MAX_SECONDS", "parse_event", "parse_events"]

MAX_DATA_BYTES: Final = 4096
"""`data` of one event, as UTF-8 JSON."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_AHEAD: Final = timedelta(days=1)
"""How far a sender's clock may be ahead of ours."""

MAX_SECONDS: Final = 1e9
"""The longest time that a task may be expected to take."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_RIGHT_TIME: Final = "right is 2026-03-01T09:30:00Z"
_OF_TASKS: Final = frozenset(
    {
        EventType.TASK_STARTED,
        EventType.TASK_PROGRESSED,
        EventType.TASK_FAILED,
        EventType.TASK_RETRIED,
        EventType.TASK_COMPLETED,
    }
)


def parse_event(raw: object, *, index: int | None = None, now: datetime | None = None) -> Event:
    """One event from decoded JSON. `index` is its number in the batch, from 0; `now` is our clock.

    Raises:
        EventError: it is no valid event; the message and `field` name what is wrong.
    """
    where = "the event" if index is None else f"event {index}"
    if not isinstance(raw, dict):
        raise EventError(f"{where} is {type(raw).__name__}, not an object", field="")
    at = raw.get("at")
    if "at" in raw and not isinstance(at, datetime) and not (isinstance(at, str) and _RFC_3339.fullmatch(at)):
        raise EventError(f"{where}, at: no RFC 3339 time with an offset; {_RIGHT_TIME}", field="at")
    if "data" in raw:
        _check_data(raw["data"], where)
    try:
        event = Event.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "event"
        raise EventError(f"{where}, {field}: {_plain(first['type'], first['msg'])}", field=field) from None
    _check_time(event.at, where, now or datetime.now(UTC))
    if event.type in _OF_TASKS and event.task_id is None:
        raise EventError(f"{where}, task_id: an event of type {event.type} names its task", field="task_id")
    return event


def parse_events(raw: Iterable[object], *, now: datetime | None = None) -> list[Event]:
    """A batch of events, in order; all or none.

    Raises:
        EventError: one is wrong; the message names its number, from 0, and the field.
    """
    clock = now or datetime.now(UTC)
    return [parse_event(item, index=index, now=clock) for index, item in enumerate(raw)]


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "enum":
        return f"unknown type; right is one of {', '.join(kind.value for kind in EventType)}"
    if kind == "extra_forbidden":
        return f"unknown field; right are {', '.join(Event.model_fields)}"
    return message[0].lower() + message[1:]


def _check_time(at: datetime, where: str, now: datetime) -> None:
    if at < EARLIEST:
        raise EventError(f"{where}, at: before {EARLIEST.year}; {_RIGHT_TIME}", field="at")
    if at > now + LATEST_AHEAD:
        raise EventError(f"{where}, at: more than a day in the future; check the sender's clock", field="at")


def _check_data(data: Any, where: str) -> None:
    if not isinstance(data, dict):
        raise EventError(f"{where}, data: {type(data).__name__}, not an object", field="data")
    try:
        size = len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    except (TypeError, ValueError, RecursionError):
        raise EventError(f"{where}, data: cannot be written as JSON (NaN, or no text)", field="data") from None
    if size > MAX_DATA_BYTES:
        raise EventError(f"{where}, data: {size} bytes as JSON; at most {MAX_DATA_BYTES}", field="data")
    if "expected_seconds" in data and not _is_duration(data["expected_seconds"]):
        raise EventError(
            f"{where}, data.expected_seconds: not a positive number of seconds, at most {MAX_SECONDS:.0e}",
            field="data.expected_seconds",
        )


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_SECONDS
