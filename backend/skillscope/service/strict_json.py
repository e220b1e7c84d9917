"""JSON as RFC 8259 and I-JSON (RFC 7493) have it: no NaN, no key twice, no number or text that cannot be kept."""

import json
import math
from typing import Any, Final

__all__ = ["MAX_DEPTH", "JsonError", "parse_json"]

MAX_DEPTH: Final = 32
_MAX_INTEGER: Final = 2**63 - 1
_MAX_DIGITS: Final = 19


class JsonError(ValueError):
    """The text is no JSON that can be kept; `field` names the part where there is one."""

    def __init__(self, message: str, field: str = "body") -> None:
        super().__init__(message)
        self.field = field


def _constant(name: str) -> Any:
    raise JsonError(f"holds {name}, which JSON does not know; an unknown number is null")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS + 1 or abs(value := int(digits)) > _MAX_INTEGER:
        raise JsonError("holds an integer beyond 64 bits")
    return -abs(value) if digits.startswith("-") else value


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonError("holds a number beyond the range of a double")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)[:64]
        raise JsonError("stands twice in one object", twice)
    return found


def _storable(value: Any, field: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise JsonError(f"is nested more than {MAX_DEPTH} levels deep", field)
    if isinstance(value, str):
        if "\x00" in value:
            raise JsonError("holds a NUL character, which no database can store", field)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise JsonError("holds an unpaired surrogate, which is no character", field)
    elif isinstance(value, dict):
        for name, item in value.items():
            _storable(name, field, depth)
            _storable(item, f"{field}.{name[:64]}" if field != "body" else name[:64], depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _storable(item, f"{field}.{number}" if field != "body" else str(number), depth + 1)


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        JsonError: it is no JSON, or holds NaN, infinity, an integer beyond 64 bits, a key twice in an object, a NUL
            character, an unpaired surrogate, or more than `MAX_DEPTH` levels.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise JsonError(f"is not UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise JsonError(f"is nested more than {MAX_DEPTH} levels deep") from error
    except json.JSONDecodeError as error:
        raise JsonError(f"is not JSON: {error.msg.lower()} at character {error.pos}") from error
    deep = raw.count(b"[") + raw.count(b"{") > MAX_DEPTH
    if deep or b"\\u" in raw:  # only an escape can bring a NUL or a lone surrogate in
        _storable(value, "body", 0)
    return value
