"""One telemetry record: its types, its shape, and what makes it invalid."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

__all__ = ["COLLABORATION", "LEADERSHIP", "Event", "EventType"]


class EventType(StrEnum):
    """What happened. `other` stands for a foreign verb that has no counterpart here; it counts as an event."""

    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    TASK_STARTED = "task_started"
    TASK_PROGRESSED = "task_progressed"
    TASK_FAILED = "task_failed"
    TASK_RETRIED = "task_retried"
    TASK_COMPLETED = "task_completed"
    DISTRACTION_STARTED = "distraction_started"
    DISTRACTION_ENDED = "distraction_ended"
    HELP_GIVEN = "help_given"
    HELP_ASKED = "help_asked"
    RESOURCE_SHARED = "resource_shared"
    JOINT_DECISION = "joint_decision"
    TASK_DELEGATED = "task_delegated"
    DISCUSSION_LED = "discussion_led"
    PEER_ENCOURAGED = "peer_encouraged"
    GROUP_DECISION_PROPOSED = "group_decision_proposed"
    OTHER = "other"


COLLABORATION: Final = frozenset(
    {EventType.HELP_GIVEN, EventType.HELP_ASKED, EventType.RESOURCE_SHARED, EventType.JOINT_DECISION}
)
LEADERSHIP: Final = frozenset(
    {
        EventType.TASK_DELEGATED,
        EventType.DISCUSSION_LED,
        EventType.PEER_ENCOURAGED,
        EventType.GROUP_DECISION_PROPOSED,
    }
)

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:@/\-]+$")]


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the calendar in UTC; right is 2026-03-01T09:30:00Z") from None


class Event(BaseModel):
    """A telemetry record. Times are RFC 3339 with an offset and are kept in UTC.

    `data.expected_seconds` of a `task_started` event is how long the task should take (positive, seconds);
    everything else in `data` is kept and not interpreted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: Identifier
    student_id: Identifier
    session_id: Identifier
    type: EventType
    at: Annotated[AwareDatetime, AfterValidator(_to_utc)]
    task_id: Identifier | None = None
    data: dict[str, Any] = Field(default_factory=dict)
