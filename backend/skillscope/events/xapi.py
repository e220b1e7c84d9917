"""xAPI statements (IEEE 9274.1.1, version 1.0.3 and 2.0) onto events, by the table `xapi.yaml`."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from skillscope.errors import EventError
from skillscope.events.foreign import Mapped, fit_identifier, load_table, own_id, read_duration, text_at
from skillscope.events.model import Event, EventType
from skillscope.events.validate import parse_event

__all__ = ["events_from_statements", "student_of"]

_ACTOR: Final = ("account.name", "mbox", "mbox_sha1sum", "openid")


def events_from_statements(raw: object, *, now: datetime | None = None) -> Mapped:
    """The events of one statement or a list of them (decoded JSON), one each; all or none.

    A statement whose verb has no counterpart becomes an event of type `other`, which counts in `event_count`, and its
    verb is counted in `unmapped`. A statement without an id gets one made from its contents.

    Raises:
        EventError: a statement is wrong; the message names its number, from 0, and `field` the part.
    """
    statements = raw if isinstance(raw, list) else [raw]
    unmapped: Counter[str] = Counter()
    events = [_event(item, f"statement {index}", unmapped, now) for index, item in enumerate(statements)]
    return Mapped(events, dict(sorted(unmapped.items())))


def student_of(actor: object, where: str) -> str:
    """The student id of an actor: the name of its account, or its address, digest or OpenID.

    Raises:
        EventError: the actor has none of them (an anonymous group, say).
    """
    if not isinstance(actor, dict):
        raise EventError(f"{where}, actor: is missing or no object", field="actor")
    for path in _ACTOR:
        found = text_at(actor, path, f"{where}, actor", required=False)
        if found:
            return fit_identifier(found.removeprefix("mailto:"))
    raise EventError(f"{where}, actor: needs one of {', '.join(_ACTOR)}", field="actor")


def _event(raw: object, where: str, unmapped: Counter[str], now: datetime | None) -> Event:
    if not isinstance(raw, dict):
        raise EventError(f"{where} is {type(raw).__name__}, not an object", field="")
    verb = text_at(raw, "verb.id", where) or ""
    result = raw.get("result") if isinstance(raw.get("result"), dict) else {}
    kind = _type(verb, result or {})
    if kind is None:
        unmapped[verb] += 1
    at = text_at(raw, "timestamp", where, required="stored" not in raw) or text_at(raw, "stored", where)
    student = student_of(raw.get("actor"), where)
    body: dict[str, Any] = {
        "event_id": fit_identifier(text_at(raw, "id", where, required=False) or own_id(raw)),
        "student_id": student,
        "session_id": _session(raw, student, at or "", where),
        "type": (kind or EventType.OTHER).value,
        "at": at,
        "task_id": fit_identifier(text_at(raw, "object.id", where, required=_is_activity(raw)) or "actor"),
        "data": _data(raw, verb, result or {}),
    }
    try:
        return parse_event(body, now=now)
    except EventError as error:
        field = {"at": "timestamp", "event_id": "id"}.get(error.field or "", error.field)
        raise EventError(f"{where}, {str(error).removeprefix('the event, ')}", field=field) from None


def _is_activity(raw: Mapping[str, Any]) -> bool:
    thing = raw.get("object")
    if not isinstance(thing, dict):
        return True
    kind = thing.get("objectType", "Activity")
    return isinstance(kind, str) and kind in {"Activity", "StatementRef"}


def _type(verb: str, result: Mapping[str, Any]) -> EventType | None:
    row = load_table("xapi.yaml")["verbs"].get(verb)
    if row is None:
        return None
    success = result.get("success")
    if success is False and "failure" in row:
        return EventType(row["failure"])
    if success is True and "success" in row:
        return EventType(row["success"])
    return EventType(row["type"])


def _extensions(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in (("context",), ("object", "definition")):
        part: Any = raw
        for key in (*path, "extensions"):
            part = part.get(key) if isinstance(part, dict) else None
        if isinstance(part, dict):
            found.update(part)
    return found


def _session(raw: Mapping[str, Any], student: str, at: str, where: str) -> str:
    extensions = _extensions(raw)
    for name in load_table("xapi.yaml")["sessions"]:
        if isinstance(extensions.get(name), str):
            return fit_identifier(extensions[name])
    registration = text_at(raw, "context.registration", where, required=False)
    return fit_identifier(registration or f"{student}:{at[:10]}")


def _data(raw: Mapping[str, Any], verb: str, result: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"verb": verb[:256]}
    score = result.get("score")
    scaled = score.get("scaled") if isinstance(score, dict) else None
    if isinstance(scaled, int | float) and not isinstance(scaled, bool) and -1 <= scaled <= 1:
        data["score"] = scaled
    if isinstance(result.get("success"), bool):
        data["success"] = result["success"]
    extensions = _extensions(raw)
    for name in load_table("xapi.yaml")["expected_seconds"]:
        seconds = read_duration(extensions.get(name))
        if seconds is not None:
            data["expected_seconds"] = seconds
            break
    return data
