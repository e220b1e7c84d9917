"""Every error as RFC 9457 problem+json, its kinds in one table.

`type` is a stable URN, `urn:skillscope:problem:<name>`; `detail` is for people; `errors` names the fields; `missing`
says what evidence is needed. No body quotes what was sent, and `instance` is the request's own number.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from skillscope.errors import (
    AccessError,
    BundleError,
    ConflictError,
    EvidenceError,
    InputError,
    NotFoundError,
)

__all__ = [
    "PROBLEMS",
    "FieldProblem",
    "Problem",
    "ProblemError",
    "ProblemKind",
    "problem_body",
    "problem_of",
    "problem_response",
    "safe_field",
]

_URN: Final = "urn:skillscope:problem:"
_MAX_ERRORS: Final = 20
_PART: Final = re.compile(r"[a-z_][A-Za-z0-9_]{0,47}|[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: its name in the URN, its status, its title."""

    name: str
    status: int
    title: str

    @property
    def urn(self) -> str:
        """The problem's `type`."""
        return _URN + self.name


PROBLEMS: Final[dict[str, ProblemKind]] = {
    kind.name: kind
    for kind in (
        ProblemKind("unauthenticated", 401, "A valid bearer token is needed"),
        ProblemKind("forbidden", 403, "This token may not do that"),
        ProblemKind("not-found", 404, "There is no such thing"),
        ProblemKind("method-not-allowed", 405, "The address knows other methods"),
        ProblemKind("too-slow", 408, "The body came too slowly"),
        ProblemKind("conflict", 409, "It exists already, differently"),
        ProblemKind("in-flight", 409, "The first request with this key is not answered yet"),
        ProblemKind("model-refused", 409, "The model cannot be served"),
        ProblemKind("too-large", 413, "The body is too large"),
        ProblemKind("unsupported-media-type", 415, "The body is of another type"),
        ProblemKind("invalid", 422, "A field is wrong"),
        ProblemKind("too-little-evidence", 422, "Too little is known to assess"),
        ProblemKind("key-reused", 422, "The Idempotency-Key belongs to another request"),
        ProblemKind("rate-limited", 429, "Too many requests"),
        ProblemKind("bad-request", 400, "The request cannot be understood"),
        ProblemKind("internal", 500, "Something went wrong here"),
        ProblemKind("model-unavailable", 503, "No model is loaded"),
        ProblemKind("store-unavailable", 503, "The database does not answer"),
    )
}


class FieldProblem(BaseModel):
    """One wrong field."""

    field: str = Field(examples=["responses.0.text"])
    message: str = Field(examples=["is blank; a response is at least one word"])


class Problem(BaseModel):
    """The body of every error, `application/problem+json`."""

    type: str = Field(examples=["urn:skillscope:problem:invalid"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="the number of this request", examples=["urn:uuid:…"])
    errors: list[FieldProblem] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list, description="evidence that is needed")


class ProblemError(HTTPException):
    """A problem raised by the service itself."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = PROBLEMS[name]
        self.field = field
        super().__init__(self.kind.status, detail, dict(headers or {}))


def problem_response(
    kind: ProblemKind,
    detail: str,
    request_id: str,
    *,
    errors: Sequence[FieldProblem] = (),
    missing: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
) -> JSONResponse:
    """The problem as a response."""
    body: dict[str, Any] = {
        "type": kind.urn,
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id}",
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    if missing:
        body["missing"] = list(missing)
    return JSONResponse(body, status or kind.status, dict(headers or {}), media_type="application/problem+json")


def safe_field(*parts: object) -> str:
    """A field's path to show; what does not look like the name of a field, but like data sent as one, is `?`."""
    split = [piece for part in parts for piece in str(part).split(".")]
    return ".".join(piece if _PART.fullmatch(piece) else "?" for piece in split)


def _field_name(location: Sequence[Any]) -> str:
    parts = list(location)
    if parts and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:] or parts
    return safe_field(*parts)


def _of_validation(error: RequestValidationError, request_id: str) -> JSONResponse:
    found = error.errors()
    errors = [
        FieldProblem(field=_field_name(item["loc"]), message=str(item["msg"]).removeprefix("Value error, "))
        for item in found[:_MAX_ERRORS]
    ]
    more = f" (and {len(found) - _MAX_ERRORS} more)" if len(found) > _MAX_ERRORS else ""
    detail = f"{errors[0].field}: {errors[0].message}{more}" if errors else "the request is not valid"
    return problem_response(PROBLEMS["invalid"], detail, request_id, errors=errors)


_BY_STATUS: Final = {
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
}


def _of_http(error: HTTPException, request_id: str) -> JSONResponse:
    if isinstance(error, ProblemError):
        errors = [FieldProblem(field=error.field, message=error.detail)] if error.field else []
        return problem_response(error.kind, error.detail, request_id, errors=errors, headers=error.headers)
    status = HTTPStatus(error.status_code)
    name = _BY_STATUS.get(status, "bad-request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal")
    details = {"not-found": "no route has this address; /docs lists them", "method-not-allowed": "see the Allow header"}
    kind = PROBLEMS[name]
    return problem_response(kind, details.get(name, kind.title), request_id, headers=error.headers, status=int(status))


def _is_outage(error: SQLAlchemyError) -> bool:
    """Whether the database is away, locked or full, rather than asked something wrong."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or type(error).__name__ in {"OperationalError", "InterfaceError"}
    return type(error).__name__ == "TimeoutError"


def _of_access(error: AccessError, request_id: str) -> JSONResponse:
    if error.authenticated:
        return problem_response(PROBLEMS["forbidden"], str(error), request_id)
    challenge = {"WWW-Authenticate": 'Bearer realm="skillscope"'}
    return problem_response(PROBLEMS["unauthenticated"], str(error), request_id, headers=challenge)


def _of_input(error: InputError, request_id: str) -> JSONResponse:
    if isinstance(error, EvidenceError):
        return problem_response(PROBLEMS["too-little-evidence"], str(error), request_id, missing=error.missing)
    errors = [FieldProblem(field=safe_field(error.field), message=str(error))] if error.field else []
    return problem_response(PROBLEMS["invalid"], str(error), request_id, errors=errors)


def _of_bundle(_error: BundleError, request_id: str) -> JSONResponse:
    detail = "the model cannot be loaded; the service's log says why"
    return problem_response(PROBLEMS["model-unavailable"], detail, request_id, headers={"Retry-After": "5"})


def _of_store(error: SQLAlchemyError, request_id: str) -> JSONResponse:
    if not _is_outage(error):
        return _of_unforeseen(error, request_id)
    detail = "the database does not answer; nothing was stored"
    return problem_response(PROBLEMS["store-unavailable"], detail, request_id, headers={"Retry-After": "5"})


def _of_unforeseen(_error: Exception, request_id: str) -> JSONResponse:
    return problem_response(PROBLEMS["internal"], "the service's log has this request's number", request_id)


_ANSWERS: Final[tuple[tuple[type[Exception], Callable[[Any, str], JSONResponse]], ...]] = (
    (RequestValidationError, _of_validation),
    (HTTPException, _of_http),
    (AccessError, _of_access),
    (NotFoundError, lambda error, number: problem_response(PROBLEMS["not-found"], str(error), number)),
    (ConflictError, lambda error, number: problem_response(PROBLEMS["conflict"], str(error), number)),
    (InputError, _of_input),
    (BundleError, _of_bundle),
    (SQLAlchemyError, _of_store),
    (Exception, _of_unforeseen),
)


def problem_body(error: Exception, request_id: str) -> Problem:
    """The problem that an exception stands for, to stand inside another answer."""
    return Problem.model_validate_json(bytes(problem_of(error, request_id).body))


def problem_of(error: Exception, request_id: str) -> JSONResponse:
    """The problem that an exception stands for; one that nobody foresaw gives 500 and no details."""
    return next(answer(error, request_id) for kind, answer in _ANSWERS if isinstance(error, kind))
