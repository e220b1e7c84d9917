"""The API's description (OpenAPI), with what every route has: rate limits, keys on POST, the roles that it serves."""

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi

from skillscope.service.access import SecuredRoute
from skillscope.service.keyed import HEADER
from skillscope.service.replies import problem_docs
from skillscope.service.tokens import Role

__all__ = ["describe"]

_PROBLEM: Final = "application/problem+json"
_BEARER: Final = "HTTPBearer"
_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "made with `skillscope token create --role …`"}
"""The check itself is `SecuredRoute`'s."""
_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "sent again with the same key and body within a day, the request gives its first answer",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
}


def _checks(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _checks(part)


def _roles(route: SecuredRoute) -> list[str]:
    """The roles that a route serves: those of its `allow`, or all."""
    allowed = [check.roles for check in _checks(route.dependant) if hasattr(check, "roles")]
    return sorted(frozenset(Role).intersection(*allowed))


def _add(operation: dict[str, Any], *names: str) -> None:
    """Problems that a route has beside those that it tells of itself."""
    base = set(problem_docs())
    for status, told in problem_docs(*names).items():
        if status in base:
            continue
        known = operation["responses"].get(str(status))
        if known is None:
            described = {key: value for key, value in told.items() if key != "model"}
            operation["responses"][str(status)] = described
        else:
            parts = [*known["description"].split("; "), *told["description"].split("; ")]
            known["description"] = "; ".join(dict.fromkeys(parts))


def describe(app: FastAPI, routers: Sequence[tuple[APIRouter, str]]) -> dict[str, Any]:
    """OpenAPI, made once; a problem has one media type, where FastAPI would add a second.

    `routers` are those of the description with their prefixes.
    """
    if app.openapi_schema:
        return app.openapi_schema
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for operations in described["paths"].values():
        for operation in operations.values():
            for told in operation["responses"].values():
                problem = told.get("content", {}).get(_PROBLEM)
                if problem is not None:
                    told["content"] = {_PROBLEM: problem}
    for router, prefix in routers:
        for route in router.routes:
            if isinstance(route, SecuredRoute):
                _complete(described["paths"][prefix + route.path], route)
    described.setdefault("components", {})["securitySchemes"] = {_BEARER: _SCHEME}
    _show(described)
    app.openapi_schema = described
    return described


def _show(described: dict[str, Any]) -> None:
    """Put the examples in: real requests and answers, kept in a file that a test takes anew."""
    examples = json.loads(files(__package__).joinpath("examples.json").read_text(encoding="utf-8"))
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            shown = examples.get(f"{method.upper()} {path}", {})
            asked = operation.get("requestBody", {}).get("content", {})
            answered = [told for status, told in operation["responses"].items() if status.startswith("2")]
            for part, contents in (("request", [asked]), ("response", [told.get("content", {}) for told in answered])):
                for content in (kind for found in contents for kind in found.values()):
                    if part in shown:
                        content["example"] = shown[part]


def _complete(operations: dict[str, Any], route: SecuredRoute) -> None:
    for method in route.methods or ():
        operation = operations[method.lower()]
        operation["x-roles"] = _roles(route)
        operation["security"] = [{_BEARER: []}]
        _add(operation, "rate-limited")
        if method == "POST":
            operation.setdefault("parameters", []).append(_KEY)
            _add(operation, "in-flight", "key-reused")
