"""Answers as they leave, and how the API's description tells of the ones that are problems."""

import re
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from skillscope.service.problems import PROBLEMS, Problem, ProblemError

__all__ = ["Cursor", "problem_docs", "read_cursor", "reply", "write_cursor"]

_CURSOR: Final = r"v1-([0-9]{1,18})"

Cursor = Annotated[
    str | None,
    Query(description="`next` of the page before", examples=["v1-7"], json_schema_extra={"pattern": f"^{_CURSOR}$"}),
]
"""The query parameter that continues a list."""


def reply(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A body as JSON, serialised once (FastAPI would validate it a second time)."""
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def problem_docs(*names: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for these kinds of problems, and for those that every route has."""
    found: dict[int | str, list[str]] = {}
    for name in (*names, "unauthenticated", "forbidden", "internal", "store-unavailable"):
        kind = PROBLEMS[name]
        found.setdefault(kind.status, []).append(f"{kind.title} (`{kind.urn}`)")
    return {
        status: {
            "description": "; ".join(dict.fromkeys(titles)),
            "model": Problem,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, titles in sorted(found.items(), key=lambda item: int(item[0]))
    }


def write_cursor(key: int) -> str:
    """Where a page ended, as a word that a caller need not understand."""
    return f"v1-{key}"


def read_cursor(cursor: str | None) -> int | None:
    """The key that a page ended with.

    Raises:
        ProblemError: it is no cursor of ours.
    """
    if cursor is None:
        return None
    match = re.fullmatch(_CURSOR, cursor)
    if match is None:
        raise ProblemError("invalid", "cursor: is no `next` of an earlier page", field="cursor")
    return int(match[1])
