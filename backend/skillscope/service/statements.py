"""xAPI statements and Caliper envelopes, as events.

Statements follow IEEE 9274.1.1 (xAPI 1.0.3 and 2.0): a statement that is stored already changes nothing (200, or 204 on
PUT), another one of its id is a conflict (409), an array is stored whole or not at all, and what is wrong is a 400. The
digest that says whether two statements are the same leaves out what the standard leaves out: `id`, `stored`,
`authority`, `version`, attachments, and the descriptions of verb and activity.

A voiding statement takes another one back, and its event with it; it may come before the one that it voids. It is kept
with the student of that one, makes no event of its own, and is nothing that a student may send.
"""

import contextlib
import copy
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse

from skillscope.assessment.ingest import Added, add_events, remove_events
from skillscope.assessment.records import MAX_EVENTS
from skillscope.errors import AccessError, ConflictError, EventError, NotFoundError
from skillscope.events import Event
from skillscope.events.caliper import events_from_caliper
from skillscope.events.xapi import events_from_statements
from skillscope.service.access import SecuredRoute, caller_of, runtime_of
from skillscope.service.problems import ProblemError
from skillscope.service.replies import problem_docs, reply
from skillscope.service.scope import reached
from skillscope.service.tokens import Caller, Role
from skillscope.store import queries, records, writing
from skillscope.store.record_tables import StatementContentsRow, StatementRow
from skillscope.store.statements import Target, targets, voided_among

__all__ = [
    "HEADER",
    "VERSION",
    "EnvelopeAnswer",
    "StatementVersion",
    "check_version",
    "contents_of",
    "digest_of",
    "router",
    "voids_of",
]

router = APIRouter(route_class=SecuredRoute, tags=["events"])

VERSION: Final = "1.0.3"
_VERSIONS: Final = re.compile(r"(1\.0(\.[0-9]+)?|2\.0(\.[0-9]+)?)")
HEADER: Final = "X-Experience-API-Version"
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"
_AUTHORITY: Final = "urn:skillscope:roles"
_PEOPLE: Final = frozenset({"actor", "authority", "instructor", "team", "member"})
_SECONDS: Final = re.compile(r"\.(\d+)")
_EXAMPLE: Final = {
    "actor": {"account": {"homePage": "https://school.example", "name": "s-0147"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://game.example/bridge-3"},
    "timestamp": "2026-03-01T09:30:00Z",
}
_ENVELOPE: Final = {
    "sensor": "https://game.example",
    "sendTime": "2026-03-01T09:31:00Z",
    "dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p2",
    "data": [
        {
            "id": "urn:uuid:3a648e68-f00d-4c08-aa59-8738e1884f2c",
            "type": "AssessmentItemEvent",
            "action": "Completed",
            "actor": "s-0147",
            "object": "https://game.example/bridge-3",
            "eventTime": "2026-03-01T09:30:00.000Z",
        }
    ],
}
StatementVersion = Annotated[
    str,
    Header(
        alias=HEADER,
        description="1.0.x or 2.0.x; needed, and a 400 without it",
        examples=[VERSION],
        json_schema_extra={"pattern": f"^{_VERSIONS.pattern}$"},
    ),
]
_Statement = dict[str, Any]
_Docs = problem_docs("bad-request", "not-found", "conflict", "invalid", "too-large", "unsupported-media-type")


class EnvelopeAnswer(BaseModel):
    """Events stored now, events stored before, and how often each action without a counterpart came."""

    added: list[str]
    unchanged: list[str]
    unmapped: dict[str, int] = Field(examples=[{"NavigationEvent NavigatedTo": 2}])


def _moment(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return (
            datetime.fromisoformat(_SECONDS.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text))
            .astimezone(UTC)
            .isoformat()
        )
    except (ValueError, OverflowError):
        return text


def digest_of(statement: _Statement) -> str:
    """SHA-256 of the parts of a statement that make it the same statement."""
    told = copy.deepcopy(
        {k: v for k, v in statement.items() if k not in {"id", "stored", "authority", "version", "attachments"}}
    )
    if isinstance(told.get("verb"), dict):
        told["verb"].pop("display", None)
    if isinstance(told.get("object"), dict):
        told["object"].pop("definition", None)
        told["object"].setdefault("objectType", "Activity")
    if isinstance(told.get("actor"), dict):
        told["actor"].setdefault("objectType", "Agent")
        told["actor"].pop("name", None)
    if "timestamp" in told:
        told["timestamp"] = _moment(told["timestamp"])
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def check_version(version: str) -> None:
    """See that a request names a version that is spoken here.

    Raises:
        ProblemError: it does not.
    """
    if not _VERSIONS.fullmatch(version):
        raise ProblemError("bad-request", f"the header {HEADER} names version 1.0.x or 2.0.x", field=HEADER)


def _identified(statements: Sequence[_Statement], request: Request) -> list[_Statement]:
    """The statements with their ids, in lower case; one without gets one."""
    found = []
    for number, statement in enumerate(statements):
        given = statement.get("id")
        if given is None:
            name = str(uuid.uuid4())
        else:
            try:
                name = str(uuid.UUID(given))
            except (ValueError, AttributeError, TypeError):
                raise ProblemError("bad-request", f"statement {number}, id: is no UUID", field="id") from None
            if len(given) != len(name):
                raise ProblemError("bad-request", f"statement {number}, id: is no UUID", field="id")
        found.append({**statement, "id": name})
    if len({statement["id"] for statement in found}) != len(found):
        raise ProblemError("bad-request", "two statements of the array have the same id", field="id")
    return found


def _events(statements: list[_Statement]) -> list[Event]:
    try:
        return events_from_statements(statements).events
    except EventError as error:
        raise ProblemError("bad-request", str(error), field=error.field or "statement") from error


def _check_students(
    session: Session, request: Request, events: Sequence[tuple[int, Event]], what: str
) -> dict[str, int]:
    """Keys of the students of these events, which come with their numbers in the request.

    Raises:
        AccessError: the caller does not reach one of them.
        NotFoundError: one is not registered.
    """
    names = {event.student_id for _, event in events}
    if reached(session, caller_of(request), names) != names:
        raise AccessError(f"a {what} is of a student whom this token does not reach", authenticated=True)
    keys = records.student_keys(session, names)
    for number, event in events:
        if event.student_id not in keys:
            raise NotFoundError(f"{what} {number}: no student has the id of its actor; register one first")
    return keys


def voids_of(statement: _Statement, number: int) -> str | None:
    """The id of the statement that this one voids, if it voids one.

    Raises:
        ProblemError: it voids, and names none.
    """
    if statement["verb"]["id"] != VOIDED:
        return None
    thing = statement.get("object")
    target = thing.get("id") if isinstance(thing, dict) and thing.get("objectType") == "StatementRef" else None
    try:
        return str(uuid.UUID(target))
    except (ValueError, AttributeError, TypeError):
        raise ProblemError(
            "bad-request", f"statement {number}, object: of a voiding statement is a StatementRef", field="object"
        ) from None


def _nameless(value: Any, *, person: bool = False) -> Any:
    """A part of a statement without the names of people, which are kept in one place alone."""
    if isinstance(value, list):
        return [_nameless(item, person=person) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("objectType")
    named = person or (isinstance(kind, str) and kind in {"Agent", "Group"})
    return {key: _nameless(item, person=key in _PEOPLE) for key, item in value.items() if not (named and key == "name")}


def contents_of(statement: _Statement) -> dict[str, Any]:
    """What is kept of a statement that became an event: itself without names, and the parts that it is found by."""
    thing, context = statement.get("object"), statement.get("context")
    about = thing["id"] if isinstance(thing, dict) and thing.get("objectType", "Activity") == "Activity" else None
    registration = context.get("registration") if isinstance(context, dict) else None
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        registration = str(uuid.UUID(registration))
    return {
        "statement_id": statement["id"],
        "statement": _nameless(statement),
        "verb": statement["verb"]["id"],
        "activity": about,
        "registration": registration if isinstance(registration, str) else None,
    }


@dataclass(slots=True)
class _Item:
    """One statement of a request, its event, the statement that it voids, and whose it is."""

    number: int
    statement: _Statement
    event: Event
    voids: str | None
    student_key: int = 0

    @property
    def name(self) -> str:
        """The statement's id."""
        found: str = self.statement["id"]
        return found

    def contents(self, caller: Caller, now: datetime) -> dict[str, Any]:
        """The row that is given back."""
        told = contents_of(self.statement)
        stored = now.isoformat().replace("+00:00", "Z")
        authority = {"objectType": "Agent", "account": {"homePage": _AUTHORITY, "name": caller.role.value}}
        made = {"timestamp": stored, "version": VERSION, **told["statement"], "stored": stored, "authority": authority}
        return {**told, "statement": made, "student_key": self.student_key, "voids": self.voids, "stored_at": now}


def _place(session: Session, request: Request, items: Sequence[_Item]) -> dict[str, Target]:
    """Find whose each statement is, and give those stored before that are now voided.

    A voiding statement belongs to the student of the one that it voids; where that is not stored yet, to its actor.

    Raises:
        AccessError: the caller does not reach a student, or is a student that would void.
        NotFoundError: a student is not registered.
        ProblemError: a voiding statement is to be voided.
    """
    caller = caller_of(request)
    known = targets(session, {item.voids for item in items if item.voids is not None})
    here = {item.name: item for item in items}
    for item in items:
        if item.voids is None:
            continue
        if caller.role is Role.STUDENT:
            raise AccessError("a student's token voids no statement", authenticated=True)
        target = known.get(item.voids)
        if target is not None and not reached(session, caller, [target.student.student_id]):
            raise AccessError("a statement is of a student whom this token does not reach", authenticated=True)
        if (target is not None and target.voids) or (item.voids in here and here[item.voids].voids is not None):
            raise ProblemError("bad-request", "a statement that voids another cannot be voided", field="object")
    actors = [item for item in items if item.voids is None or item.voids not in known.keys() | here.keys()]
    keys = _check_students(session, request, [(item.number, item.event) for item in actors], "statement")
    for item in actors:
        item.student_key = keys[item.event.student_id]
    for item in items:
        if item.voids is not None and item.voids in known:
            item.student_key = known[item.voids].student.key
        elif item.voids is not None and item.voids in here:
            item.student_key = here[item.voids].student_key
    return known


def _store(request: Request, statements: list[_Statement]) -> None:
    """Store statements and what follows from them: events of those that count, none of those that are voided."""
    items = [
        _Item(number, statement, event, voids_of(statement, number))
        for number, (statement, event) in enumerate(zip(statements, _events(statements), strict=True))
    ]
    digests = {item.name: digest_of(item.statement) for item in items}
    with runtime_of(request).sessions.begin() as session:
        voided = _place(writing(session), request, items)
        now = datetime.now(UTC)
        rows = [
            {"statement_id": item.name, "student_key": item.student_key, "digest": digests[item.name], "stored_at": now}
            for item in items
        ]
        queries.insert_new(session, StatementRow, rows)
        stored = session.execute(
            select(StatementRow.statement_id, StatementRow.digest).where(StatementRow.statement_id.in_(digests))
        )
        if any(row.digest != digests[row.statement_id] for row in stored):
            raise ConflictError("a statement of this id is stored with other contents")
        caller = caller_of(request)
        queries.insert_new(session, StatementContentsRow, [item.contents(caller, now) for item in items])
        counted = [item for item in items if item.voids is None]
        gone = voided_among(session, [(item.name, item.student_key) for item in counted])
        add_events(session, [item.event for item in counted if item.name not in gone])
        for name, target in voided.items():
            remove_events(session, target.student, [name])


@router.post(
    "/xapi/statements",
    responses=_Docs | {200: {"description": "The ids of the statements, in their order", "model": list[str]}},
)
def bring_statements(
    request: Request,
    body: Annotated[_Statement | list[_Statement], Body(examples=[[_EXAMPLE]])],
    version: StatementVersion = "",
) -> Response:
    """Store xAPI statements as events: one, or an array that is stored whole or not at all."""
    check_version(version)
    given = body if isinstance(body, list) else [body]
    if len(given) > MAX_EVENTS:
        raise ProblemError("bad-request", f"an array holds {MAX_EVENTS} statements at most; send several", field="body")
    statements = _identified(given, request)
    if statements:
        _store(request, statements)
    return JSONResponse([statement["id"] for statement in statements], headers={HEADER: VERSION})


@router.put("/xapi/statements", status_code=204, responses=_Docs)
def put_statement(
    request: Request,
    body: Annotated[_Statement, Body(examples=[_EXAMPLE])],
    statement_id: Annotated[uuid.UUID, Query(alias="statementId", examples=["7ccd3322-e1a5-411a-a67d-6a735c76f119"])],
    version: StatementVersion = "",
) -> Response:
    """Store one xAPI statement under the id of the address; again, it changes nothing."""
    check_version(version)
    (statement,) = _identified([{"id": str(statement_id), **body}], request)
    if statement["id"] != str(statement_id):
        raise ProblemError("bad-request", "statement 0, id: is not the statementId of the address", field="id")
    _store(request, [statement])
    return Response(status_code=204, headers={HEADER: VERSION})


@router.post(
    "/caliper/envelopes",
    status_code=201,
    response_model=EnvelopeAnswer,
    responses=problem_docs("not-found", "invalid", "too-large", "unsupported-media-type"),
)
def bring_envelope(request: Request, body: Annotated[dict[str, Any], Body(examples=[_ENVELOPE])]) -> Response:
    """Store the events of a Caliper 1.2 envelope, all or none; one whose id was seen before changes nothing."""
    mapped = events_from_caliper(body)
    if len(mapped.events) > MAX_EVENTS:
        raise EventError(f"an envelope holds {MAX_EVENTS} events at most; send several", field="data")
    added = Added((), ())
    if mapped.events:
        with runtime_of(request).sessions.begin() as session:
            _check_students(writing(session), request, list(enumerate(mapped.events)), "event")
            added = add_events(session, mapped.events)
    return reply(
        EnvelopeAnswer(added=list(added.added), unchanged=list(added.unchanged), unmapped=mapped.unmapped), 201
    )
