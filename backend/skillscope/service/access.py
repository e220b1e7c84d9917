"""Who may do what. A token is checked before a body is read; a route says which roles it serves."""

from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from skillscope.assessment.records import StudentId
from skillscope.errors import AccessError
from skillscope.service.keyed import HEADER, keyed
from skillscope.service.problems import ProblemError, safe_field
from skillscope.service.runtime import Runtime
from skillscope.service.strict_json import JsonError, parse_json
from skillscope.service.tokens import Caller, Role
from skillscope.store import records, writing
from skillscope.store.records import Seen

__all__ = [
    "SecuredRoute",
    "StudentOfPath",
    "allow",
    "caller_of",
    "no_body",
    "note_access",
    "runtime_of",
    "saw",
    "seen_by",
]

StudentOfPath = Annotated[StudentId, Path(description="the school's own id for the student", examples=["s-0147"])]


def runtime_of(request: Request) -> Runtime:
    """The worker's runtime."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def caller_of(request: Request) -> Caller:
    """Whoever is calling."""
    caller: Caller = request.state.caller
    return caller


async def _authenticate(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AccessError("no bearer token was sent; make one with `skillscope token create`")
    runtime = runtime_of(request)
    caller = runtime.authenticate(token.strip())
    if runtime.knows_revocation(caller):
        revoked = runtime.is_revoked(caller)
    else:
        revoked = await run_in_threadpool(runtime.is_revoked, caller)
    if revoked:
        raise AccessError("the token was revoked; make another with `skillscope token create`")
    return caller


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body as strict JSON."""
        try:
            return parse_json(await self.body())
        except JsonError as error:
            field = safe_field(error.field)
            raise ProblemError("invalid", f"{field}: {error}", field=field) from error


class SecuredRoute(APIRoute):
    """A route that checks the token and its rate first, then the body's type, then reads the body as strict JSON.

    A POST with an Idempotency-Key is answered once. Whoever was shown a student is noted before the answer leaves: the
    student of the address on routes that read or assess, or those that the route itself names (`saw`).
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler with the checks before it and the notes after it."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        methods = self.methods or set()
        shows = "{student_id}" in self.path and ("GET" in methods or "/inference/" in self.path)

        async def handler(request: Request) -> Response:
            caller = await _authenticate(request)
            request.state.caller = caller
            runtime = runtime_of(request)
            runtime.take(caller)
            if takes_body:
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json":
                    raise ProblemError("unsupported-media-type", "send the body as Content-Type: application/json")
            strict = _StrictRequest(request.scope, request.receive)
            if "POST" in methods and HEADER in request.headers:
                response = await keyed(runtime.sessions, strict, caller, handle)
            else:
                response = await handle(strict)
            seen = getattr(request.state, "seen", None)
            if seen is None and shows:
                seen = [request.path_params["student_id"]]
            if seen:
                await run_in_threadpool(_note, request, seen)
            return response

        return handler


def _note(request: Request, student_ids: Sequence[str]) -> None:
    with runtime_of(request).sessions.begin() as session:
        note_access(writing(session), request, records.student_keys(session, student_ids).values())


def seen_by(request: Request) -> Seen:
    """The caller of a request and its route, as they are noted; nothing is then noted after the answer."""
    caller = caller_of(request)
    route = f"{request.method} {request.scope['route'].path}"
    request.state.seen = []
    return Seen(caller.role.value, caller.name, route, request.state.request_id)


def note_access(session: Session, request: Request, student_keys: Collection[int]) -> None:
    """Note in this transaction that the caller sees these students; nothing is then noted after the answer."""
    records.add_access(session, student_keys, seen_by(request))


def saw(request: Request, student_ids: Sequence[str]) -> None:
    """Say which students the answer shows; they are noted before it leaves."""
    request.state.seen = list(student_ids)


def allow(*roles: Role) -> Any:
    """A dependency that lets these roles through.

    Raises:
        AccessError: the caller has another.
    """
    allowed = frozenset(roles)

    async def check(request: Request) -> Caller:
        caller = caller_of(request)
        if caller.role not in allowed:
            names = ", ".join(sorted(allowed))
            raise AccessError(f"the role {caller.role} may not do this; it takes {names}", authenticated=True)
        return caller

    check.roles = allowed  # type: ignore[attr-defined]  # read by the API's description
    return Depends(check)


async def no_body(request: Request) -> None:
    """A dependency of routes that take none: an empty body and `{}` are fine.

    Raises:
        ProblemError: there is more in it.
    """
    if (await request.body()).strip() not in {b"", b"{}"}:
        raise ProblemError("invalid", "body: this route takes none; its options stand in the query", field="body")
