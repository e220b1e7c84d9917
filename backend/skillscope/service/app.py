"""The FastAPI app: routes, guards and problems put together."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from skillscope import __version__
from skillscope.errors import SkillscopeError
from skillscope.service import (
    bulk,
    classes,
    inference,
    models,
    practice,
    privacy,
    statement_reads,
    statements,
    students,
    system,
)
from skillscope.service.description import describe
from skillscope.service.logs import set_up_logs
from skillscope.service.middleware import RequestGuard
from skillscope.service.problems import problem_of
from skillscope.service.runtime import Runtime
from skillscope.service.tracing import make_tracing

__all__ = ["PREFIX", "create_app"]

PREFIX = "/api/v1"
_MODULES = (inference, students, bulk, statements, statement_reads, classes, practice, models, privacy)
"""Addresses are looked for in this order, so the busiest come first."""
_DESCRIPTION = """
Measures empathy, problem solving, self-regulation and resilience from what students say and do.

Every route but health wants a bearer token (`skillscope token create --role service`); this page holds no data.
Errors are `application/problem+json` (RFC 9457). A score of a model trained on simulated students is no measurement of
a child: `label_source` says who gave the labels.
"""


async def _on_problem(request: Request, error: Exception) -> Response:
    response = problem_of(error, request.scope["state"]["request_id"])
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["allow"] = ", ".join(_methods(request.app.state.addresses, request.url.path))
    return response


def _methods(addresses: Sequence[tuple[re.Pattern[str], frozenset[str]]], path: str) -> list[str]:
    """All that an address answers, where the routes below it know one method each."""
    return sorted(set().union(*(methods for pattern, methods in addresses if pattern.match(path))))


def _addresses(routers: Sequence[tuple[APIRouter, str]]) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    return [
        (compile_path(prefix + route.path)[0], frozenset(route.methods or ()))
        for router, prefix in routers
        for route in router.routes
        if isinstance(route, APIRoute)
    ]


def create_app(runtime: Runtime) -> FastAPI:
    """The whole API. The inference routes answer with and without `/api/v1`."""
    app = FastAPI(
        title="Skillscope",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.runtime = runtime
    routers = [*((module.router, PREFIX) for module in _MODULES), (system.router, "")]
    app.state.describe = lambda: describe(app, routers)
    for router, prefix in routers:
        app.include_router(router, prefix=prefix)
    app.include_router(inference.router, include_in_schema=False)
    app.include_router(system.open_router)
    app.state.addresses = _addresses([*routers, (system.open_router, ""), (inference.router, "")])
    handled: tuple[Any, ...] = (HTTPException, RequestValidationError, SkillscopeError)
    for kind in handled:
        app.add_exception_handler(kind, _on_problem)
    production = runtime.settings.production
    set_up_logs(production=production)
    app.state.tracing = make_tracing(runtime.settings)
    app.add_middleware(RequestGuard, log_requests=production, tracing=app.state.tracing)
    return app
