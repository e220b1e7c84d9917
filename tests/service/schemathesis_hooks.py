"""What schemathesis needs to be told: how NDJSON is written, and to leave Idempotency-Key alone.

A key that comes with two requests is refused, rightly, and a generator sends the same few keys with everything; keys
have tests of their own. The whole run, against a service that is started elsewhere (`docs/api.md` has the commands):

    SCHEMATHESIS_HOOKS=schemathesis_hooks schemathesis --config-file schemathesis.toml run URL/openapi.json \
        -H "Authorization: Bearer TOKEN" --checks all
"""

from typing import Any

import schemathesis

__all__ = ["ndjson", "without_keys"]


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: Any, value: Any) -> bytes:
    """Text as it is; what is no text cannot be sent as lines, so nothing."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""


def without_keys(schema: dict[str, Any]) -> dict[str, Any]:
    """The description without the parameter Idempotency-Key."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [item for item in parameters if item["name"] != "Idempotency-Key"]
    return schema


@schemathesis.hook("before_load_schema")
def _drop_keys(_context: Any, schema: dict[str, Any]) -> None:
    without_keys(schema)
