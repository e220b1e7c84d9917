"""What the service answers when it refuses, as an exception."""

from typing import Any

from skillscope.errors import SkillscopeError

__all__ = ["ServiceError"]


class ServiceError(SkillscopeError):
    """A problem that the service answered (RFC 9457): `kind` is the last part of its `type`."""

    def __init__(self, status: int, body: dict[str, Any], *, retry_after: float | None = None) -> None:
        self.status = status
        self.kind = str(body.get("type", "")).rpartition(":")[2]
        self.detail = str(body.get("detail", ""))
        self.errors: list[dict[str, str]] = list(body.get("errors", []))
        self.missing: list[str] = list(body.get("missing", []))
        self.retry_after = retry_after
        super().__init__(f"{status} {self.kind}: {self.detail}")
