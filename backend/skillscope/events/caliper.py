"""IMS Caliper 1.2 envelopes onto events, by the table `caliper.yaml`."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from skillscope.errors import EventError
from skillscope.events.foreign import Mapped, fit_identifier, load_table, own_id, read_duration, text_at
from skillscope.events.model import Event, EventType
from skillscope.events.validate import parse_event

__all__ = ["events_from_caliper"]


def events_from_caliper(raw: object, *, now: datetime | None = None) -> Mapped:
    """The events of an envelope (decoded JSON), or of one Caliper event; all or none.

    Entity descriptions in an envelope are passed over. A pair of type and action without a counterpart becomes an
    event of type `other` and is counted in `unmapped`.

    Raises:
        EventError: the envelope or an event is wrong; the message names its number, from 0, and `field` the part.
    """
    if not isinstance(raw, dict):
        raise EventError(f"the envelope is {type(raw).__name__}, not an object", field="")
    items = raw.get("data", [raw])
    if not isinstance(items, list):
        raise EventError("the envelope, data: not a list of events", field="data")
    unmapped: Counter[str] = Counter()
    events = []
    for index, item in enumerate(items):
        where = f"event {index}"
        if not isinstance(item, dict):
            raise EventError(f"{where} is {type(item).__name__}, not an object", field="data")
        if "action" not in item and "eventTime" not in item and item is not raw:
            continue  # the description of an entity
        events.append(_event(item, where, unmapped, now))
    return Mapped(events, dict(sorted(unmapped.items())))


def _event(raw: dict[str, Any], where: str, unmapped: Counter[str], now: datetime | None) -> Event:
    pair = f"{text_at(raw, 'type', where)} {text_at(raw, 'action', where)}"
    table = load_table("caliper.yaml")["actions"]
    kind = table.get(pair) or table.get(f"* {pair.rsplit(maxsplit=1)[-1]}")
    if kind is None:
        unmapped[pair] += 1
    student = fit_identifier(_identity(raw, "actor", where) or "")
    at = text_at(raw, "eventTime", where) or ""
    task = _identity(raw, "assignable", where, required=False) or _identity(raw, "object", where, required=False)
    session = _identity(raw, "session", where, required=False)
    body: dict[str, Any] = {
        "event_id": fit_identifier(text_at(raw, "id", where, required=False) or own_id(raw)),
        "student_id": student,
        "session_id": fit_identifier(session or f"{student}:{at[:10]}"),
        "type": kind or EventType.OTHER.value,
        "at": at,
        "task_id": fit_identifier(task) if task else None,
        "data": {"action": pair[:256], **_expected(raw)},
    }
    try:
        return parse_event(body, now=now)
    except EventError as error:
        field = {"at": "eventTime", "event_id": "id", "task_id": "object"}.get(error.field or "", error.field)
        raise EventError(f"{where}, {str(error).removeprefix('the event, ')}", field=field) from None


def _identity(raw: Mapping[str, Any], field: str, where: str, *, required: bool = True) -> str | None:
    """The identifier of a participant, given as text or as an entity with an `id`."""
    if isinstance(raw.get(field), dict):
        return text_at(raw, f"{field}.id", where, required=required)
    return text_at(raw, field, where, required=required)


def _expected(raw: Mapping[str, Any]) -> dict[str, float]:
    thing = raw.get("object")
    extensions = thing.get("extensions") if isinstance(thing, dict) else None
    if isinstance(extensions, dict):
        for name in load_table("caliper.yaml")["expected_seconds"]:
            seconds = read_duration(extensions.get(name))
            if seconds is not None:
                return {"expected_seconds": seconds}
    return {}
