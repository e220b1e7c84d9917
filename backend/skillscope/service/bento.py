"""The BentoML service: `bentoml serve` and `bentoml build` start here.

BentoML's own routes answer errors as plain text and JSON arrays, its metrics carry every address as a label, and its
access log names it. Its layers around a request make spans that nobody reads, hold a timer for two minutes, and cost a
third of what a request may. So the FastAPI app takes every request before they do; it is mounted too, so that BentoML
knows of it. BentoML keeps what it is good at: packing, workers, sockets, signals.

The app is made in the workers alone: what supervises them starts in a second, where all of the imports take ten.
"""

import gc
import os
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import bentoml
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from skillscope.service.orphans import end_with
from skillscope.settings import get_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["SkillscopeService"]

_PARENT: Final = os.getppid()
"""Of a worker: what supervises it."""


class _WorkersApp:
    """The FastAPI app of this worker."""

    def __init__(self) -> None:
        self.made: FastAPI | None = None

    def start(self) -> None:
        if bentoml.server_context.worker_index is not None:  # otherwise this process is nobody's worker
            end_with(_PARENT)
        from skillscope.service.app import create_app
        from skillscope.service.runtime import Runtime
        from skillscope.tutoring.external import external_answerer
        from skillscope.tutoring.writing.small_model import small_model

        settings = get_settings()
        found = (small_model(settings), external_answerer(settings))
        runtime = Runtime(settings, answerers=[answerer for answerer in found if answerer is not None])
        runtime.warm()
        self.made = create_app(runtime)
        # What was loaded stays until the end: the garbage collector need not walk through it again and again.
        gc.collect()
        gc.freeze()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.made is None:
            raise RuntimeError("BentoML sent a request before it had started the service")
        await self.made(scope, receive, send)


_app = _WorkersApp()


class _TakesAll:
    """Hands every request to our app; the rest (start and stop) goes on to BentoML's.

    BentoML puts it in as the innermost layer; at the start it moves itself to the front of all of them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.bentos = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _app(scope, receive, send)
            return
        server = scope.get("app")
        if scope["type"] == "lifespan" and isinstance(server, Starlette) and server.middleware_stack is not None:
            server.middleware_stack = _TakesAll(server.middleware_stack)
        await self.bentos(scope, receive, send)


@bentoml.service(
    name="skillscope",
    workers=get_settings().http_workers,
    traffic={"timeout": 120},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(_app, path="/")
class SkillscopeService:
    """Loads the champion, the language pipeline and the store once a worker."""

    def __init__(self) -> None:
        _app.start()


def _take_all(service: Any) -> None:
    service.add_asgi_middleware(_TakesAll)


_take_all(SkillscopeService)
