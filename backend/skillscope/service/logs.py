"""Logs: one JSON object a line in production, a readable line otherwise; no student's id, name or text in either."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["REQUESTS", "SERVICE", "set_up_logs"]

SERVICE: Final = "skillscope.service"
REQUESTS: Final = "skillscope.requests"


class _Json(logging.Formatter):
    """Time, level, logger and message; a request's fields beside them."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        told |= fields if isinstance(fields, dict) else {"message": record.getMessage()}
        return json.dumps(told)


def set_up_logs(*, production: bool) -> None:
    """Attach one handler to the service's loggers; called again, it changes the form alone."""
    form = _Json() if production else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in (SERVICE, REQUESTS):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.StreamHandler())
        for handler in logger.handlers:
            handler.setFormatter(form)
        logger.setLevel(logging.INFO)
        logger.propagate = False
