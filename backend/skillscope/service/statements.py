"""xAPI statements and Caliper envelopes, as events.

Statements follow IEEE 9274.1.1 (xAPI 1.0.3 and 2.0): a statement that is stored already changes nothing (200, or 204 on
PUT), another one of its id is a conflict (409), an array is stored whole or not at all, and what is wrong is a 400. The
digest that says whether two statements are the same leaves out what the standard leaves out: `id`, `stored`,
`authority`, `version`, attachments, and the descriptions of verb and activity.
"""

import copy
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse

from skillscope.assessment.ingest import Added, add_events
from skillscope.assessment.records import MAX_EVENTS
from skillscope.errors import AccessError, ConflictError, EventError, NotFoundError
from skillscope.events import Event
from skillscope.events.caliper import events_from_caliper
from skillscope.events.xapi import events_from_statements
from skillscope.service.access import SecuredRoute, caller_of, runtime_of
from skillscope.service.problems import ProblemError
from skillscope.service.replies import problem_docs, reply
from skillscope.service.scope import reached
from skillscope.store import queries, records, writing
from skillscope.store.record_tables import StatementRow

__all__ = ["EnvelopeAnswer", "digest_of", "router"]

router = APIRouter(route_class=SecuredRoute, tags=["events"])

VERSION: Final = "1.0.3"
_VERSIONS: Final = re.compile(r"(1\.0(\.[0-9]+)?|2\.0(\.[0-9]+)?)")
_HEADER: Final = "X-Experience-API-Version"
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
_Version = Annotated[
    str,
    Header(
        alias=_HEADER,
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


def _check_version(version: str) -> None:
    if not _VERSIONS.fullmatch(version):
        raise ProblemError("bad-request", f"the header {_HEADER} names version 1.0.x or 2.0.x", field=_HEADER)


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


def _check_students(session: Session, request: Request, events: Sequence[Event], what: str) -> dict[str, int]:
    """Keys of the students of these events.

    Raises:
        AccessError: the caller does not reach one of them.
        NotFoundError: one is not registered.
    """
    names = {event.student_id for event in events}
    if reached(session, caller_of(request), names) != names:
        raise AccessError(f"a {what} is of a student whom this token does not reach", authenticated=True)
    keys = records.student_keys(session, names)
    for number, event in enumerate(events):
        if event.student_id not in keys:
            raise NotFoundError(f"{what} {number}: no student has the id of its actor; register one first")
    return keys


def _store(request: Request, statements: list[_Statement]) -> None:
    events = _events(statements)
    digests = {statement["id"]: digest_of(statement) for statement in statements}
    now = datetime.now(UTC)
    with runtime_of(request).sessions.begin() as session:
        keys = _check_students(writing(session), request, events, "statement")
        rows = [
            {"statement_id": name, "student_key": keys[event.student_id], "digest": digest, "stored_at": now}
            for (name, digest), event in zip(digests.items(), events, strict=True)
        ]
        queries.insert_new(session, StatementRow, rows)
        stored = session.execute(
            select(StatementRow.statement_id, StatementRow.digest).where(StatementRow.statement_id.in_(digests))
        )
        if any(row.digest != digests[row.statement_id] for row in stored):
            raise ConflictError("a statement of this id is stored with other contents")
        add_events(session, events)


@router.post(
    "/xapi/statements",
    responses=_Docs | {200: {"description": "The ids of the statements, in their order", "model": list[str]}},
)
def bring_statements(
    request: Request,
    body: Annotated[_Statement | list[_Statement], Body(examples=[[_EXAMPLE]])],
    version: _Version = "",
) -> Response:
    """Store xAPI statements as events: one, or an array that is stored whole or not at all."""
    _check_version(version)
    given = body if isinstance(body, list) else [body]
    if len(given) > MAX_EVENTS:
        raise ProblemError("bad-request", f"an array holds {MAX_EVENTS} statements at most; send several", field="body")
    statements = _identified(given, request)
    if statements:
        _store(request, statements)
    return JSONResponse([statement["id"] for statement in statements], headers={_HEADER: VERSION})


@router.put("/xapi/statements", status_code=204, responses=_Docs)
def put_statement(
    request: Request,
    body: Annotated[_Statement, Body(examples=[_EXAMPLE])],
    statement_id: Annotated[uuid.UUID, Query(alias="statementId", examples=["7ccd3322-e1a5-411a-a67d-6a735c76f119"])],
    version: _Version = "",
) -> Response:
    """Store one xAPI statement under the id of the address; again, it changes nothing."""
    _check_version(version)
    (statement,) = _identified([{"id": str(statement_id), **body}], request)
    if statement["id"] != str(statement_id):
        raise ProblemError("bad-request", "statement 0, id: is not the statementId of the address", field="id")
    _store(request, [statement])
    return Response(status_code=204, headers={_HEADER: VERSION})


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
            _check_students(writing(session), request, mapped.events, "event")
            added = add_events(session, mapped.events)
    return reply(
        EnvelopeAnswer(added=list(added.added), unchanged=list(added.unchanged), unmapped=mapped.unmapped), 201
    )
