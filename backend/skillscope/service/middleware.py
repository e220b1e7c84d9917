"""Around every request: its number, its body's limit, its metric and log line, and an answer to the unforeseen."""

import asyncio
import logging
import time
import traceback
import uuid
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skillscope.service.logs import REQUESTS, SERVICE
from skillscope.service.metrics import METHODS, UNMATCHED, observe
from skillscope.service.problems import ProblemError, problem_of
from skillscope.service.tracing import Tracing

__all__ = ["MAX_BODY_BYTES", "MAX_BULK_BYTES", "RequestGuard"]

MAX_BODY_BYTES: Final = 1_000_000
MAX_BULK_BYTES: Final = 10_000_000
"""Of routes that end with `:bulk`."""

BODY_SECONDS: Final = 60.0
"""In which a whole body is to have come; whoever sends it byte by byte holds a connection no longer."""

_DRAINED_BYTES: Final = 64_000_000

_log = logging.getLogger(SERVICE)
_requests = logging.getLogger(REQUESTS)

_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


def _where(error: BaseException) -> str:
    """The error's kinds and places, without their messages: those may quote what was sent."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} at {' < '.join(reversed(places[-6:]))}"


class RequestGuard:
    """Pure ASGI, so that it costs microseconds.

    A body over the limit is read to its end and thrown away (up to 64 MB), so that the sender hears the answer.
    """

    def __init__(self, app: ASGIApp, *, log_requests: bool = False, tracing: Tracing | None = None) -> None:
        self.app = app
        self.log_requests = log_requests
        self.tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.tracing is None:
            await self._serve(scope, receive, send)
        else:
            method = scope["method"] if scope["method"] in METHODS else "other"
            with self.tracing.request(method, Headers(scope=scope)) as told:
                route, status, request_id = await self._serve(scope, receive, send)
                told(route, status, request_id)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> tuple[str, int, str]:
        """The request's route template, status and number."""
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0
        received = 0
        most = MAX_BULK_BYTES if scope["path"].endswith(":bulk") else MAX_BODY_BYTES

        deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        whole = False

        async def counted() -> Message:
            nonlocal received, whole
            if whole:
                return await receive()  # waits for the sender to leave
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
                    received += len(message.get("body", b""))
                    while received > most and message.get("more_body") and received < _DRAINED_BYTES:
                        message = await receive()
                        received += len(message.get("body", b""))
            except TimeoutError:
                detail = f"a body is to come within {BODY_SECONDS:g} seconds; send less at once"
                raise ProblemError("too-slow", detail, headers={"Connection": "close"}) from None
            if received > most:
                raise ProblemError("too-large", f"a body has at most {most} bytes here; send several")
            whole = not message.get("more_body")
            return message

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = {name.lower() for name, _ in message["headers"]}
                extra = [(name, value) for name, value in _HEADERS if name not in named]
                message["headers"] = [*message["headers"], *extra, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, counted, marked)
        except Exception as error:
            _log.error("request %s failed: %s", request_id, _where(error))
            if status:
                raise
            response = problem_of(error, request_id)
            await response(scope, receive, marked)
        finally:
            self._report(scope, status, time.perf_counter() - started, request_id)
        return getattr(scope.get("route"), "path", UNMATCHED), status, request_id

    def _report(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        observe(scope["method"], route, status, seconds)
        if self.log_requests:
            fields = {
                "method": scope["method"] if scope["method"] in METHODS else "other",
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "request": request_id,
            }
            _requests.info("%(method)s %(route)s %(status)s %(ms)s ms %(request)s", fields, extra={"fields": fields})
