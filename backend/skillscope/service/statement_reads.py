"""xAPI statements as they are given back: one by its id, or those that are asked for, a page at a time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse

from skillscope.assessment.records import storable
from skillscope.errors import AccessError, EventError, NotFoundError
from skillscope.events.xapi import student_of
from skillscope.service.access import SecuredRoute, caller_of, runtime_of, saw
from skillscope.service.problems import ProblemError
from skillscope.service.replies import Cursor, problem_docs, read_cursor, write_cursor
from skillscope.service.scope import reached
from skillscope.service.statements import HEADER, VERSION, StatementVersion, check_version
from skillscope.service.strict_json import JsonError, parse_json
from skillscope.store import records
from skillscope.store.statements import Filter, find_statement, page_of_statements

__all__ = ["StatementResult", "router"]

router = APIRouter(route_class=SecuredRoute, tags=["events"])

MOST: Final = 500
"""Statements in one answer; also what `limit=0` gives."""

_THROUGH: Final = "X-Experience-API-Consistent-Through"
_SETTLED: Final = timedelta(seconds=30)
"""After which no transaction that stores statements is still open."""


class StatementResult(BaseModel):
    """Statements, and where more of them are: an address without its host; empty where there are no more."""

    statements: list[dict[str, Any]]
    more: str = Field(examples=["", "/api/v1/xapi/statements?limit=100&cursor=v1-7"])


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years 1 to 9999") from None


_Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
_Text = Annotated[str, AfterValidator(storable)]


class Asked(BaseModel):
    """The query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement_id: UUID | None = Field(default=None, alias="statementId", description="this one alone")
    voided_id: UUID | None = Field(default=None, alias="voidedStatementId", description="this one, which is voided")
    agent: _Text | None = Field(
        default=None,
        max_length=4000,
        description="whose",
        examples=['{"account": {"homePage": "https://school.example", "name": "s-0147"}}'],
    )
    verb: _Text | None = Field(default=None, max_length=4000, examples=["http://adlnet.gov/expapi/verbs/completed"])
    activity: _Text | None = Field(default=None, max_length=4000, description="the object's id")
    registration: UUID | None = None
    since: _Moment | None = Field(default=None, description="stored after this moment")
    until: _Moment | None = Field(default=None, description="stored at this moment or before")
    limit: int = Field(default=0, ge=0, le=1_000_000, description=f"0, and more than {MOST}: {MOST}")
    ascending: bool = Field(default=False, description="oldest first")
    kind: Literal["exact"] = Field(default="exact", alias="format")
    attachments: Literal["false"] = "false"
    cursor: Cursor = None


def _headers(through: datetime) -> dict[str, str]:
    return {HEADER: VERSION, _THROUGH: (through - _SETTLED).isoformat().replace("+00:00", "Z")}


def _student_key(session: Session, request: Request, agent: str) -> int | None:
    """The key of the student that an agent is; None where there is none.

    Raises:
        ProblemError: it is no agent.
        AccessError: the caller does not reach that student.
    """
    try:
        student_id = student_of(parse_json(agent.encode()), "agent")
    except (JsonError, EventError) as error:
        raise ProblemError("bad-request", f"agent: {error}".removeprefix("agent: agent, "), field="agent") from None
    if not reached(session, caller_of(request), [student_id]):
        raise AccessError("the agent is a student whom this token does not reach", authenticated=True)
    return records.student_keys(session, [student_id]).get(student_id)


def _one(request: Request, statement_id: UUID, *, voided: bool) -> Response:
    began = datetime.now(UTC)
    with runtime_of(request).sessions() as session:
        found = find_statement(session, str(statement_id), voided=voided)
        if found is None or not reached(session, caller_of(request), [found.student_id]):
            raise NotFoundError(f"no statement {'that is voided ' if voided else ''}has this id")
    saw(request, [found.student_id])
    changed = found.stored_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return JSONResponse(found.statement, headers=_headers(began) | {"Last-Modified": changed})


@router.get(
    "/xapi/statements",
    responses=problem_docs("bad-request", "not-found", "invalid")
    | {200: {"description": "Statements, or the one", "model": StatementResult | dict[str, Any]}},
)
def read_statements(request: Request, asked: Annotated[Asked, Query()], version: StatementVersion = "") -> Response:
    """Statements that are not voided, newest first; with `statementId` or `voidedStatementId` one, not in a list.

    A student's and a teacher's token see those of the students in reach. Statements that refer to others are found by
    their own parts alone.
    """
    check_version(version)
    if len(request.query_params.multi_items()) != len(request.query_params):
        raise ProblemError("bad-request", "a parameter stands twice in the query", field="query")
    found = asked.statement_id or asked.voided_id
    if found is not None:
        if asked.model_fields_set - {"kind", "attachments"} not in ({"statement_id"}, {"voided_id"}):
            raise ProblemError("bad-request", "one id stands alone: no other parameter goes with it", field="query")
        return _one(request, found, voided=asked.voided_id is not None)
    began = datetime.now(UTC)
    most = min(asked.limit or MOST, MOST)
    after = read_cursor(asked.cursor)
    with runtime_of(request).sessions() as session:
        chosen = _chosen(session, request, asked)
        rows = (
            page_of_statements(session, chosen, limit=most + 1, ascending=asked.ascending, cursor=after)
            if chosen is not None
            else []
        )
    shown = rows[:most]
    saw(request, sorted({row.student_id for row in shown}))
    more = ""
    if len(rows) > most:
        again = {name: value for name, value in request.query_params.items() if name != "cursor"}
        more = f"{request.url.path}?{urlencode(again | {'cursor': write_cursor(shown[-1].key)})}"
    return JSONResponse({"statements": [row.statement for row in shown], "more": more}, headers=_headers(began))


def _chosen(session: Session, request: Request, asked: Asked) -> Filter | None:
    """What is asked for, within the caller's reach; None where that is nothing."""
    caller = caller_of(request)
    key: int | None = None
    if asked.agent is not None:
        key = _student_key(session, request, asked.agent)
    elif caller.student_id is not None:
        key = records.student_keys(session, [caller.student_id]).get(caller.student_id)
    if key is None and (asked.agent is not None or not (caller.is_staff or caller.teacher_id)):
        return None
    return Filter(
        student_key=key,
        teacher_id=caller.teacher_id if key is None else None,
        verb=asked.verb,
        activity=asked.activity,
        registration=None if asked.registration is None else str(asked.registration),
        since=asked.since,
        until=asked.until,
    )
