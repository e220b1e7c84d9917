"""Many records of one student as NDJSON, one a line; a line that is wrong costs no other.

Lines are stored in chunks, each in a transaction of its own. Where one of a chunk is refused, its lines are stored one
by one, so that the others are kept.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from skillscope.assessment.ingest import Added, add_events, add_responses
from skillscope.assessment.records import EventRecord, ResponseRecord
from skillscope.errors import ConflictError, InputError
from skillscope.service.access import SecuredRoute, StudentOfPath, runtime_of
from skillscope.service.keyed import derived_id
from skillscope.service.problems import ProblemError, safe_field
from skillscope.service.replies import problem_docs, reply
from skillscope.service.scope import own_student
from skillscope.service.strict_json import JsonError, parse_json
from skillscope.store import queries

__all__ = ["BulkAnswer", "LineProblem", "router"]

router = APIRouter(route_class=SecuredRoute, tags=["students"])

NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
Record = TypeVar("Record", ResponseRecord, EventRecord)
_RESPONSES_AT_ONCE: Final = 100
_EVENTS_AT_ONCE: Final = 1000


class LineProblem(BaseModel):
    """One line that was not stored, and why."""

    line: int = Field(description="from 1", examples=[7])
    field: str = Field(examples=["text"])
    message: str = Field(examples=["is blank; a response is at least one word"])


class BulkAnswer(BaseModel):
    """What became of the lines: ids stored now, ids stored before, and lines that were refused."""

    lines: int = Field(examples=[3])
    added: list[str] = Field(examples=[["r-1", "r-2"]])
    unchanged: list[str] = Field(examples=[[]])
    errors: list[LineProblem] = Field(examples=[[{"line": 3, "field": "text", "message": "is blank"}]])


@dataclass(frozen=True, slots=True)
class _Line(Generic[Record]):
    number: int
    record: Record


def _problem(number: int, error: Exception) -> LineProblem:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        field = safe_field(*first["loc"]) if first["loc"] else "line"
        return LineProblem(line=number, field=field, message=first["msg"].removeprefix("Value error, "))
    field = getattr(error, "field", None) or ("response_id" if isinstance(error, ConflictError) else "line")
    return LineProblem(line=number, field=safe_field(field.rpartition(".")[2]), message=str(error))


def _parsed(raw: bytes, kind: type[Record], problems: list[LineProblem]) -> Iterator[_Line[Record]]:
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _Line(number, kind.model_validate(parse_json(line)))
        except (JsonError, ValidationError) as error:
            problems.append(_problem(number, error))


def _stored(
    lines: Sequence[_Line[Record]], store: Callable[[Sequence[_Line[Record]]], Added], answer: BulkAnswer
) -> None:
    """Store a chunk; where it is refused, its lines one by one."""
    try:
        done = store(lines)
    except (InputError, ConflictError) as error:
        if len(lines) == 1:
            answer.errors.append(_problem(lines[0].number, error))
            return
        for line in lines:
            _stored([line], store, answer)
    else:
        answer.added += done.added
        answer.unchanged += done.unchanged


def _ingest(
    raw: bytes, kind: type[Record], at_once: int, store: Callable[[Sequence[_Line[Record]]], Added]
) -> BulkAnswer:
    answer = BulkAnswer(lines=sum(1 for line in raw.split(b"\n") if line.strip()), added=[], unchanged=[], errors=[])
    chunk: list[_Line[Record]] = []
    for line in _parsed(raw, kind, answer.errors):
        chunk.append(line)
        if len(chunk) == at_once:
            _stored(chunk, store, answer)
            chunk = []
    if chunk:
        _stored(chunk, store, answer)
    answer.errors.sort(key=lambda problem: problem.line)
    return answer


async def _lines(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in NDJSON:
        raise ProblemError(
            "unsupported-media-type", "send one JSON object a line as Content-Type: application/x-ndjson"
        )
    raw = await request.body()
    if not raw.strip():
        raise ProblemError("invalid", "body: holds no line", field="body")
    return raw


def _body(example: str) -> dict[str, Any]:
    schema = {"type": "string", "description": "one JSON object a line, 10 MB at most"}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": schema, "example": example}},
        }
    }


_Docs = problem_docs("not-found", "invalid", "too-large", "unsupported-media-type")


@router.post(
    "/students/{student_id}/responses:bulk",
    response_model=BulkAnswer,
    responses=_Docs,
    dependencies=[Depends(own_student)],
    openapi_extra=_body('{"response_id": "r-1", "text": "I asked her what was wrong."}\n{"text": "We shared."}\n'),
)
async def bring_many_responses(request: Request, student_id: StudentOfPath) -> Response:
    """Store and measure responses, one JSON object a line as in `responses`. A wrong line costs no other."""
    raw = await _lines(request)
    sessions = runtime_of(request).sessions

    def named(line: _Line[ResponseRecord]) -> ResponseRecord:
        if line.record.response_id is not None:
            return line.record
        name = derived_id(request, line.number) or str(uuid.uuid4())
        return line.record.model_copy(update={"response_id": name})

    def store(lines: Sequence[_Line[ResponseRecord]]) -> Added:
        with sessions.begin() as session:
            return add_responses(session, student_id, [named(line) for line in lines])

    def work() -> BulkAnswer:
        with sessions() as session:
            queries.require_student_key(session, student_id)
        return _ingest(raw, ResponseRecord, _RESPONSES_AT_ONCE, store)

    return reply(await run_in_threadpool(work))


@router.post(
    "/students/{student_id}/events:bulk",
    response_model=BulkAnswer,
    responses=_Docs,
    dependencies=[Depends(own_student)],
    openapi_extra=_body(
        '{"event_id": "e-1", "session_id": "g-1", "type": "task_started", "at": "2026-03-01T09:30:00Z", '
        '"task_id": "t"}\n'
    ),
)
async def bring_many_events(request: Request, student_id: StudentOfPath) -> Response:
    """Store events and measure their sessions, one JSON object a line as in `events`. A wrong line costs no other."""
    raw = await _lines(request)
    sessions = runtime_of(request).sessions

    def store(lines: Sequence[_Line[EventRecord]]) -> Added:
        for line in lines:
            if line.record.student_id not in {None, student_id}:
                raise InputError("is another student than the address names", field="student_id")
        with sessions.begin() as session:
            return add_events(session, [line.record.of_student(student_id) for line in lines])

    def work() -> BulkAnswer:
        with sessions() as session:
            queries.require_student_key(session, student_id)
        return _ingest(raw, EventRecord, _EVENTS_AT_ONCE, store)

    return reply(await run_in_threadpool(work))
