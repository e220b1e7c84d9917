"""A pydantic model as the JSON schema that providers accept for structured output."""

from typing import Any

from pydantic import BaseModel

__all__ = ["structured_schema"]

_DROPPED = ("title", "default", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern")


def structured_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema with references put in place, every property required and no other allowed.

    Bounds are left out (strict modes differ in which they accept): pydantic checks them when the answer arrives.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def tidy(node: Any) -> Any:
        if isinstance(node, list):
            return [tidy(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return tidy(definitions[node["$ref"].rsplit("/", 1)[-1]])
        properties = node.get("properties")
        kept = {name: tidy(value) for name, value in node.items() if name not in _DROPPED and name != "properties"}
        if isinstance(properties, dict):
            kept["properties"] = {name: tidy(value) for name, value in properties.items()}
            kept["required"] = list(properties)
            kept["additionalProperties"] = False
        return kept

    tidied: dict[str, Any] = tidy(schema)
    return tidied
