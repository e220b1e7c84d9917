"""What is brought in: responses and events as a caller may give them, and what makes one unusable."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from skillscope.events import Event, EventType
from skillscope.features import MAX_RESPONSE_CHARS

__all__ = [
    "EARLIEST",
    "MAX_EVENTS",
    "MAX_EVENT_DATA_CHARS",
    "MAX_PROMPT_CHARS",
    "MAX_RESPONSES",
    "EventRecord",
    "Identifier",
    "Moment",
    "ResponseRecord",
    "StudentId",
    "StudentRecord",
    "storable",
]

MAX_RESPONSES: Final = 100
"""Responses in one batch."""

MAX_EVENTS: Final = 1000
"""Events in one batch."""

MAX_PROMPT_CHARS: Final = 4000
MAX_EVENT_DATA_CHARS: Final = 8000
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)


def _read_moment(value: object) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str) and "T" in value.upper():
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is no RFC 3339 moment; right is 2026-03-01T09:30:00Z") from None
    else:
        raise ValueError("is no RFC 3339 moment; right is 2026-03-01T09:30:00Z")
    if moment.tzinfo is None:
        raise ValueError("has no time zone; right is 2026-03-01T09:30:00Z")
    if moment.year < EARLIEST.year:
        raise ValueError(f"is before {EARLIEST.year}")
    if moment > datetime.now(UTC) + _AHEAD:
        raise ValueError("is more than a day in the future; check the sender's clock")
    return moment.astimezone(UTC)


def storable(text: str) -> str:
    """The text, where every database can keep it.

    Raises:
        ValueError: it holds a NUL character or an unpaired surrogate.
    """
    if "\x00" in text:
        raise ValueError("holds a NUL character, which no database can store")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds an unpaired surrogate, which is no character") from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank; a response is at least one word")
    return text


_DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

Moment = Annotated[
    datetime,
    BeforeValidator(
        _read_moment, json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    ),
]
"""RFC 3339 with an offset, kept in UTC; from 2000 on, and at most a day ahead of this machine's clock."""

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:@/\-]+$")]
"""What an event, a session, a task or a response goes by."""

StudentId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@\-]*$")]
"""What a student goes by: the school's own id. No slash, for it stands in addresses."""


_Source = Annotated[str, Field(max_length=256, pattern=r"^[a-z][a-z0-9\-]*:.+$"), AfterValidator(storable)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudentRecord(_Record):
    """A student to register: the school's id, and the grade where it is known. No name is asked for."""

    student_id: StudentId = Field(description="the school's own id for the student", examples=["s-0147"])
    grade: Annotated[int, Field(strict=True, ge=2, le=8)] | None = Field(default=None, examples=[4])


class ResponseRecord(_Record):
    """One response. Without `response_id` it gets one; without `at` it counts as given now."""

    text: Annotated[
        str, Field(min_length=1, max_length=MAX_RESPONSE_CHARS), AfterValidator(storable), AfterValidator(_not_blank)
    ] = Field(
        description="what the student wrote or said",
        examples=["She looked sad, so I asked if she wanted to sit with us."],
    )
    prompt: Annotated[str, Field(max_length=MAX_PROMPT_CHARS), AfterValidator(storable)] | None = Field(
        default=None, description="what the student was asked", examples=["Your friend lost her library book. Then?"]
    )
    source: Annotated[str, Field(max_length=256, pattern=r"^[a-z][a-z0-9\-]*:.+$"), AfterValidator(storable)] | None = (
        Field(default=None, description="<kind>:<scenario>", examples=["human:lost-library-book"])
    )
    response_id: Identifier | None = Field(default=None, description="sent again with the same text: no change")
    at: Moment | None = Field(default=None, examples=["2026-03-01T09:30:00Z"])


class EventRecord(_Record):
    """One telemetry event of a student who is named elsewhere; an `event_id` seen again changes nothing."""

    event_id: Identifier = Field(examples=["e-1"])
    session_id: Identifier = Field(examples=["game-7"])
    type: EventType
    at: Moment = Field(examples=["2026-03-01T09:30:00Z"])
    task_id: Identifier | None = Field(default=None, examples=["bridge-3"])
    student_id: StudentId | None = Field(default=None, description="if given, the student of the address")
    data: dict[str, Any] = Field(
        default_factory=dict,
        description="`expected_seconds` of a task_started event is read; the rest is kept and not interpreted",
        examples=[{"expected_seconds": 90}],
    )

    @model_validator(mode="after")
    def _usable_data(self) -> Self:
        try:
            size = len(json.dumps(self.data, allow_nan=False))
        except (ValueError, TypeError, RecursionError):
            raise ValueError("data holds what JSON cannot (NaN, infinity, or too deep a nesting)") from None
        if size > MAX_EVENT_DATA_CHARS:
            raise ValueError(f"data has {size} characters; at most {MAX_EVENT_DATA_CHARS} are kept")
        expected = self.data.get("expected_seconds")
        if expected is not None:
            number = isinstance(expected, int | float) and not isinstance(expected, bool)
            if not number or not 0 < expected <= 86_400:
                raise ValueError("data.expected_seconds is seconds above 0, at most 86400")
        return self

    def of_student(self, student_id: str) -> Event:
        """The event with its student."""
        return Event.model_construct(
            event_id=self.event_id,
            student_id=student_id,
            session_id=self.session_id,
            type=self.type,
            at=self.at,
            task_id=self.task_id,
            data=self.data,
        )
