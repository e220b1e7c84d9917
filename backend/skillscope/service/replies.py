"""Answers as they leave, and how the API's description tells of the ones that are problems."""

import base64
import binascii
import re
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from skillscope.service.problems import PROBLEMS, Problem, ProblemError

__all__ = ["problem_docs", "read_cursor", "reply", "write_cursor"]


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
    """Where a page ended, as an opaque word."""
    return base64.urlsafe_b64encode(f"v1:{key}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """The key that a page ended with.

    Raises:
        ProblemError: it is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    match = re.fullmatch(r"v1:([0-9]{1,18})", text)
    if match is None:
        raise ProblemError("invalid", "cursor: is no `next` of an earlier page", field="cursor")
    return int(match[1])
