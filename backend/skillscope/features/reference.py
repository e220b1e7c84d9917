"""Features 17 to 25 as plain code, one session at a time: the definitions, slow and readable.

Events are put in order by time, then event_id; a clock that ran backwards is thereby mended. Of events with one
event_id the first counts.

- **Session**: lasts from its first to its last event, whatever `session_started` and `session_ended` say, so one that
  never ended ends with its last event. One event, or all at one instant: no session time, and what needs it is NaN.
- **Task**: known by its first task event of any type, so a completion without a start is a task started and
  completed. A task event without a task_id belongs to no task; a retry still counts as a retry. A task started twice
  is one task.
- **Time taken**: from the task's first start to its first completion. No start, no expected time, or a completion
  that does not come after the start: the task has no ratio.
- **Recovery**: a completion later than the first failure. Retries count with or without a failure.
- **Distraction**: open from each start to the matching end; overlapping ones are counted once; an end without a start
  changes nothing; one that never ended lasts as long as the session.
- **Stretch**: the time between distractions. One distraction of no length splits nothing. A session distracted
  throughout has a focus of 0.
"""

import sys
from collections.abc import Iterable
from itertools import pairwise
from math import inf, nan
from statistics import median

from skillscope.events.model import COLLABORATION, LEADERSHIP, Event, EventType
from skillscope.features.schema import feature

__all__ = ["reference_telemetry"]

_OF_TASKS = {
    EventType.TASK_STARTED,
    EventType.TASK_PROGRESSED,
    EventType.TASK_FAILED,
    EventType.TASK_RETRIED,
    EventType.TASK_COMPLETED,
}


def reference_telemetry(events: Iterable[Event]) -> dict[str, float]:
    """The nine telemetry features of the events of one session, by name."""
    first_of_id: dict[str, Event] = {}
    for event in events:
        first_of_id.setdefault(event.event_id, event)
    ordered = sorted(first_of_id.values(), key=lambda event: (event.at, event.event_id))
    return {
        **_tasks(ordered),
        "retry_count": float(sum(event.type == EventType.TASK_RETRIED for event in ordered)),
        **_attention(ordered),
        "collaboration_indicators": float(sum(event.type in COLLABORATION for event in ordered)),
        "leadership_indicators": float(sum(event.type in LEADERSHIP for event in ordered)),
        "event_count": float(len(ordered)),
    }


def _tasks(ordered: list[Event]) -> dict[str, float]:
    tasks: dict[str, list[tuple[int, Event]]] = {}
    for place, event in enumerate(ordered):
        if event.type in _OF_TASKS and event.task_id is not None:
            tasks.setdefault(event.task_id, []).append((place, event))
    completed = failed = recovered = 0
    ratios = []
    for history in tasks.values():
        starts = [event for _, event in history if event.type == EventType.TASK_STARTED]
        ends = [(place, event) for place, event in history if event.type == EventType.TASK_COMPLETED]
        failures = [place for place, event in history if event.type == EventType.TASK_FAILED]
        completed += bool(ends)
        failed += bool(failures)
        recovered += bool(failures) and any(place > failures[0] for place, _ in ends)
        expected = [_expected(event) for event in starts if _expected(event) is not None]
        if starts and ends and expected and expected[0] is not None:
            taken = (ends[0][1].at - starts[0].at).total_seconds()
            if taken > 0:
                ratios.append(min(expected[0] / taken, feature("time_efficiency").high or inf))
    return {
        "task_completion_rate": completed / len(tasks) if tasks else nan,
        "time_efficiency": median(ratios) if ratios else nan,
        "recovery_rate": recovered / failed if failed else nan,
    }


def _expected(event: Event) -> float | None:
    value = event.data.get("expected_seconds")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        return None
    return float(value)


def _attention(ordered: list[Event]) -> dict[str, float]:
    open_now = total = lost = stretches = 0  # times in microseconds, exact
    focused_before = False
    for event, following in pairwise(ordered):
        if event.type == EventType.DISTRACTION_STARTED:
            open_now += 1
        elif event.type == EventType.DISTRACTION_ENDED:
            open_now = max(open_now - 1, 0)
        between = following.at - event.at
        length = (between.days * 86_400 + between.seconds) * 1_000_000 + between.microseconds
        if length == 0:
            continue
        total += length
        if open_now:
            lost += length
        elif not focused_before:
            stretches += 1
        focused_before = not open_now
    if total == 0:
        return {"distraction_resistance": nan, "focus_duration": nan}
    return {
        "distraction_resistance": 1 - (lost / 1_000_000) / (total / 1_000_000),
        "focus_duration": (total - lost) / 1_000_000 / max(stretches, 1),
    }
