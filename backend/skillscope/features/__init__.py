"""From responses and events to the 29 features."""

from skillscope.features.aggregate import AggregationPolicy, StoredRow, aggregate
from skillscope.features.behavioral import events_frame, extract_telemetry
from skillscope.features.derived import derive
from skillscope.features.linguistic import MAX_RESPONSE_CHARS, extract_linguistic, iter_linguistic
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
