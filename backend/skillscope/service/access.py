"""Who may do what. A token is checked before a body is read; a route says which roles it serves."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from skillscope.assessment.records import StudentId
from skillscope.errors import AccessError
from skillscope.service.problems import ProblemError
from skillscope.service.runtime import Runtime
from skillscope.service.strict_json import JsonError, parse_json
from skillscope.service.tokens import Caller, Role

__all__ = [
    "SecuredRoute",
    "StudentOfPath",
    "allow",
    "bearer",
    "caller_of",
    "no_body",
    "runtime_of",
]

bearer = HTTPBearer(auto_error=False, description="made with `skillscope token create --role …`")
"""Stands in the API's description; the check itself is `SecuredRoute`'s."""

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
    if runtime.revocations_are_fresh:
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
            raise ProblemError("invalid", f"{error.field}: {error}", field=error.field) from error


class SecuredRoute(APIRoute):
    """A route that checks the token first, then the body's type, then reads the body as strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler with the checks before it."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            request.state.caller = await _authenticate(request)
            if takes_body:
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json":
                    raise ProblemError("unsupported-media-type", "send the body as Content-Type: application/json")
            return await handle(_StrictRequest(request.scope, request.receive))

        return handler


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
