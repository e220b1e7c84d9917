"""OpenTelemetry traces where an endpoint is set: one span a request, named by its route template.

The standard instrumentations put whole addresses into their spans, and with them students' ids; so the spans are made
here, with method, template, status and the request's number, and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from skillscope import __version__
from skillscope.errors import ConfigurationError
from skillscope.settings import Settings

__all__ = ["Tracing", "make_tracing"]

_PATH: Final = "/v1/traces"


class Tracing:
    """Makes spans and sends them in batches, beside the requests."""

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise ConfigurationError(
                "traces need opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http; install them or unset "
                "SKILLSCOPE_OTLP_ENDPOINT"
            ) from error
        address = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
        resource = Resource({"service.name": "skillscope", "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=5)))
        self._tracer = self._provider.get_tracer("skillscope", __version__)
        self._caller = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Callable[[str, int, str], None]]:
        """A span of a request, below the caller's where its headers name one; told of its end with what it calls."""
        context = self._caller.extract({"traceparent": headers.get("traceparent", "")})
        span = self._tracer.start_span(method, context=context, kind=self._kind)

        def told(route: str, status: int, request_id: str) -> None:
            span.update_name(f"{method} {route}")
            attributes: dict[str, Any] = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "skillscope.request": request_id,
            }
            span.set_attributes(attributes)

        try:
            yield told
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def make_tracing(settings: Settings) -> Tracing | None:
    """Tracing to the endpoint of the settings; None where none is set.

    Raises:
        ConfigurationError: its packages are not installed.
    """
    return Tracing(settings.otlp_endpoint) if settings.otlp_endpoint else None
