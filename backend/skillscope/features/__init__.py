"""From responses and events to the 29 features."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skillscope.features.aggregate import AggregationPolicy, StoredRow, aggregate
from skillscope.features.derived import derive
from skillscope.features.schema import (
    BEHAVIORAL,
    DERIVED,
    FEATURE_NAMES,
    FEATURES,
    LINGUISTIC,
    SCHEMA_VERSION,
    TELEMETRY,
    Feature,
    feature,
)

if TYPE_CHECKING:
    from skillscope.features.behavioral import events_frame, extract_telemetry
    from skillscope.features.linguistic import MAX_RESPONSE_CHARS, extract_linguistic, iter_linguistic

__all__ = [
    "BEHAVIORAL",
    "DERIVED",
    "FEATURES",
    "FEATURE_NAMES",
    "LINGUISTIC",
    "MAX_RESPONSE_CHARS",
    "SCHEMA_VERSION",
    "TELEMETRY",
    "AggregationPolicy",
    "Feature",
    "StoredRow",
    "aggregate",
    "derive",
    "events_frame",
    "extract_linguistic",
    "extract_telemetry",
    "feature",
    "iter_linguistic",
]

# these load spaCy, NLTK or Polars, which a reader of the schema need not wait for
_ON_FIRST_USE = {
    "MAX_RESPONSE_CHARS": "linguistic",
    "extract_linguistic": "linguistic",
    "iter_linguistic": "linguistic",
    "events_frame": "behavioral",
    "extract_telemetry": "behavioral",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_FIRST_USE[name]}"), name)
