"""What the mappings of foreign records share: the result, and identifiers that fit ours."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from skillscope.errors import EventError
from skillscope.events.model import Event

__all__ = ["Mapped", "fit_identifier", "load_table", "own_id", "read_duration", "text_at"]

_FITTING: Final = re.compile(r"[A-Za-z0-9._:@/\-]{1,128}")
_DURATION: Final = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_LONGEST: Final = 1e9
_UNITS: Final = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True, slots=True)
class Mapped:
    """Events in the order of their records, and how often each verb without a counterpart came (their type is
    `other`)."""

    events: list[Event]
    unmapped: dict[str, int]


def fit_identifier(text: str) -> str:
    """The text where it fits our identifiers (128 letters, digits and `._:@/-`), else `sha256:` and half its
    digest."""
    if _FITTING.fullmatch(text):
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def own_id(record: Mapping[str, Any]) -> str:
    """An identifier made from a record that has none; the same record gives the same one."""
    body = json.dumps(record, sort_keys=True, default=str)
    return "sha256:" + hashlib.sha256(body.encode("utf-8")).hexdigest()[:32]


def text_at(record: Mapping[str, Any], path: str, where: str, *, required: bool = True) -> str | None:
    """The text at a dotted path.

    Raises:
        EventError: it is missing though required, or no text; `field` is the path.
    """
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, str) and value.strip():
        return value
    if value is None and not required:
        return None
    raise EventError(f"{where}, {path}: {'is missing' if value is None else 'is no text'}", field=path)


def read_duration(value: object) -> float | None:
    """Seconds of a number or an ISO 8601 duration (`PT1M30S`); None for anything else or what is not positive."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value <= _LONGEST else None
    if not isinstance(value, str) or len(value) > 64:
        return None
    found = _DURATION.fullmatch(value)
    if found is None:
        return None
    seconds = sum(float(found[unit]) * size for unit, size in _UNITS.items() if found[unit])
    return seconds if 0 < seconds <= _LONGEST else None


@cache
def load_table(name: str) -> dict[str, Any]:
    """A mapping table that ships with the package."""
    table: dict[str, Any] = yaml.safe_load(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return table
