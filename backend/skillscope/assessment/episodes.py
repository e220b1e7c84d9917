"""What a student did that stands behind a score: events of the counted sessions, told in a few words each.

For a reason about play, those events are chosen from which its features are computed, on the side that the reason
takes: where coming back after failing raised the score, tasks that failed and were completed; where it lowered it,
tasks that failed and were left.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol

from skillscope.events import EventType
from skillscope.events.model import COLLABORATION, LEADERSHIP

__all__ = ["MOST_EPISODES", "Episode", "Happening", "by_session", "find_episodes", "types_of"]

MOST_EPISODES: Final = 3
"""Episodes told for a score."""

_DONE: Final = {
    EventType.HELP_GIVEN: "gave help",
    EventType.HELP_ASKED: "asked for help",
    EventType.RESOURCE_SHARED: "shared something",
    EventType.JOINT_DECISION: "decided together with others",
    EventType.TASK_DELEGATED: "handed on a task",
    EventType.DISCUSSION_LED: "led a discussion",
    EventType.PEER_ENCOURAGED: "encouraged somebody",
    EventType.GROUP_DECISION_PROPOSED: "proposed a decision to the group",
}


class Happening(Protocol):
    """A stored event, as far as it is read here."""

    @property
    def event_id(self) -> str: ...
    @property
    def session_id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def task_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Episode:
    """Some events of one session that belong together, and what happened; `weight` puts the most telling first."""

    session_id: str
    event_ids: tuple[str, ...]
    at: datetime
    text: str
    weight: float


def by_session(events: Sequence[Happening]) -> list[list[Happening]]:
    """The events of each session in the order of time, sessions in any order."""
    sessions: dict[str, list[Happening]] = {}
    for event in sorted(events, key=lambda event: event.at):
        sessions.setdefault(event.session_id, []).append(event)
    return list(sessions.values())


def find_episodes(group: str, *, raised: bool, sessions: Sequence[Sequence[Happening]]) -> list[Episode]:
    """The most telling episodes of a group of features, on one side, at most `MOST_EPISODES`."""
    if group not in _FINDERS:
        return []
    finder, types = _FINDERS[group]
    read = ([event for event in events if event.type in types] for events in sessions)
    found = [episode for events in read for episode in finder(events, raised)]
    return sorted(found, key=lambda episode: (-episode.weight, -episode.at.timestamp()))[:MOST_EPISODES]


def _tasks(events: Sequence[Happening]) -> dict[str, list[Happening]]:
    tasks: dict[str, list[Happening]] = {}
    for event in events:
        if event.task_id is not None:
            tasks.setdefault(event.task_id, []).append(event)
    return tasks


def _episode(events: Sequence[Happening], text: str, weight: float) -> Episode:
    return Episode(events[0].session_id, tuple(event.event_id for event in events), events[0].at, text, weight)


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _coming_back(events: Sequence[Happening], raised: bool) -> list[Episode]:
    found = []
    for task, of_task in _tasks(events).items():
        failed = sum(event.type == EventType.TASK_FAILED for event in of_task)
        done = any(event.type == EventType.TASK_COMPLETED for event in of_task)
        if failed and done == raised:
            end = "and then completed it" if done else "and left it"
            found.append(_episode(of_task, f"failed at {task} {_times(failed)} {end}", failed))
    return found


def _finishing(events: Sequence[Happening], raised: bool) -> list[Episode]:
    found = []
    for task, of_task in _tasks(events).items():
        failed = sum(event.type == EventType.TASK_FAILED for event in of_task)
        done = any(event.type == EventType.TASK_COMPLETED for event in of_task)
        seconds = (of_task[-1].at - of_task[0].at).total_seconds()
        if raised and done and not failed:
            found.append(_episode(of_task, f"completed {task} at the first try in {seconds:.0f} seconds", -seconds))
        elif not raised and not done and of_task[0].type == EventType.TASK_STARTED:
            found.append(_episode(of_task, f"began {task} and did not complete it", seconds))
    return found


def _attention(events: Sequence[Happening], raised: bool) -> list[Episode]:
    if not raised:
        found, begun = [], None
        for event in events:
            if event.type == EventType.DISTRACTION_STARTED:
                begun = begun or event
            elif event.type == EventType.DISTRACTION_ENDED and begun is not None:
                seconds = (event.at - begun.at).total_seconds()
                found.append(_episode([begun, event], f"was distracted for {seconds:.0f} seconds", seconds))
                begun = None
        return found
    ends = (
        {EventType.SESSION_STARTED, EventType.DISTRACTION_ENDED},
        {EventType.SESSION_ENDED, EventType.DISTRACTION_STARTED},
    )
    marks = [event for event in events if event.type in ends[0] | ends[1]]
    return [
        _episode([first, last], f"worked on for {_duration(first, last)} without a distraction", _seconds(first, last))
        for first, last in pairwise(marks)
        if first.type in ends[0] and last.type in ends[1]
    ]


def _seconds(first: Happening, last: Happening) -> float:
    return (last.at - first.at).total_seconds()


def _duration(first: Happening, last: Happening) -> str:
    seconds = _seconds(first, last)
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def _acts(types: frozenset[EventType]) -> Callable[[Sequence[Happening], bool], list[Episode]]:
    def find(events: Sequence[Happening], raised: bool) -> list[Episode]:
        if not raised:  # what was not done has no event
            return []
        acts: dict[str, list[Happening]] = {}
        for event in events:
            if event.type in types:
                acts.setdefault(event.type, []).append(event)
        return [
            _episode(of_type, f"{_DONE[EventType(kind)]} {_times(len(of_type))} in one session", len(of_type))
            for kind, of_type in acts.items()
        ]

    return find


_TRIES: Final = frozenset({EventType.TASK_FAILED, EventType.TASK_RETRIED, EventType.TASK_COMPLETED})
_FINDERS: Final[dict[str, tuple[Callable[[Sequence[Happening], bool], list[Episode]], frozenset[EventType]]]] = {
    "coming_back": (_coming_back, _TRIES),
    "finishing": (_finishing, _TRIES | {EventType.TASK_STARTED}),
    "attention": (
        _attention,
        frozenset(
            {
                EventType.SESSION_STARTED,
                EventType.SESSION_ENDED,
                EventType.DISTRACTION_STARTED,
                EventType.DISTRACTION_ENDED,
            }
        ),
    ),
    "working_together": (_acts(COLLABORATION), COLLABORATION),
    "leading": (_acts(LEADERSHIP), LEADERSHIP),
}


def types_of(groups: Iterable[str]) -> frozenset[EventType]:
    """The types of events that the episodes of these groups are told from."""
    return frozenset().union(*(_FINDERS[group][1] for group in groups if group in _FINDERS))
