"""Prometheus metrics by route template. No address, no student, no token is ever a label."""

import os
from functools import lru_cache
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["CONTENT_TYPE", "METHODS", "UNMATCHED", "metrics_text", "observe"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
UNMATCHED: Final = "unmatched"
"""The route of requests that no route has the address of."""

_REGISTRY: Final = CollectorRegistry()
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

_REQUESTS: Final = Counter(
    "skillscope_requests", "Requests answered", ["method", "route", "status"], registry=_REGISTRY
)
_SECONDS: Final = Histogram(
    "skillscope_request_duration_seconds",
    "Time from a request's first byte to the end of its answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    registry=_REGISTRY,
)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is a template such as `/students/{student_id}`."""
    known = method if method in METHODS else "other"
    requests, durations = _children(known, route, status)
    requests.inc()
    durations.observe(seconds)


@lru_cache(maxsize=1024)
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Looked up once: finding a child by its labels costs more than counting."""
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(method, route)


def metrics_text() -> bytes:
    """All metrics of all workers, in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(_REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    return generate_latest(registry)
