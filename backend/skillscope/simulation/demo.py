"""A made-up class with some weeks of history, for the demonstration database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from skillscope.errors import InputError
from skillscope.simulation.plan import ResponseSpec
from skillscope.simulation.responses import render_response
from skillscope.simulation.scenarios import load_scenarios, load_wording
from skillscope.simulation.seeds import row_random
from skillscope.simulation.students import SimulatedStudent, draw_student_free
from skillscope.simulation.telemetry import simulate_sessions
from skillscope.skills import GRADES, LEVELS, SKILLS, Level, Skill

__all__ = ["DemoResponse", "DemoStudent", "demo_class"]

_RESPONSES_EACH: Final = 6
_SESSIONS_EACH: Final = 4
_HISTORY_DAYS: Final = 56
_TERM_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class DemoResponse:
    """An answer to a scenario's prompt; `at` is in UTC."""

    skill: Skill
    scenario: str
    prompt: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DemoStudent:
    """A student of the demo class. `sessions` holds events shaped like `skillscope.events.Event`, times as RFC 3339."""

    student_id: str
    name: str
    grade: int
    student: SimulatedStudent
    responses: tuple[DemoResponse, ...]
    sessions: tuple[tuple[dict[str, Any], ...], ...]


def _level(trait: float) -> Level:
    return LEVELS[min(int(trait * len(LEVELS)), len(LEVELS) - 1)]


def _responses(
    student: SimulatedStudent, seed: int, number: int, *, random: Random, now: datetime, term: int
) -> tuple[DemoResponse, ...]:
    made = []
    for turn in range(_RESPONSES_EACH):
        skill = SKILLS[(number + turn) % len(SKILLS)]
        scenario = random.choice(sorted(load_scenarios()[skill]))
        row = (term * _TERM_ROWS + number) * _RESPONSES_EACH + turn
        spec = ResponseSpec(row, skill, _level(student.trait(skill)), student.grade, scenario)
        days = _HISTORY_DAYS * (1 - (turn + random.random()) / _RESPONSES_EACH)
        made.append(
            DemoResponse(
                skill,
                scenario,
                load_scenarios()[skill][scenario].prompt,
                render_response(spec, student, seed),
                now - timedelta(days=days, hours=2),
            )
        )
    return tuple(made)


def _session(
    student: SimulatedStudent,
    seed: int,
    number: int,
    *,
    turn: int,
    term: int,
    student_id: str,
    session_id: str,
    end: datetime,
) -> tuple[dict[str, Any], ...]:
    """One session whose last event is at `end`."""
    frame = simulate_sessions([student], seed, [term * _TERM_ROWS + number], session=turn)
    shift = end - frame["at"][-1]
    events = []
    for nth, row in enumerate(frame.iter_rows(named=True)):
        event: dict[str, Any] = {
            "event_id": f"{session_id}-{nth}",
            "student_id": student_id,
            "session_id": session_id,
            "type": row["type"],
            "at": (row["at"] + shift).isoformat(),
        }
        if row["task_id"] is not None:
            event["task_id"] = row["task_id"]
        if row["expected_seconds"] is not None:
            event["data"] = {"expected_seconds": row["expected_seconds"]}
        events.append(event)
    return tuple(events)


def demo_class(seed: int, size: int = 12, *, now: datetime | None = None, term: int = 0) -> list[DemoStudent]:
    """`size` students, each with 6 responses and 4 sessions over the 8 weeks before `now` (default: the present).

    Grades cycle, traits come from the whole population. Same seed, size, `now` and term: the same class. Another term
    has the same students with new responses and sessions.

    Raises:
        InputError: `size` is not between 1 and 40, or `now` has no time zone.
    """
    names = load_wording()["names"]
    everyone = [*names["girl"], *names["boy"]]
    if not 1 <= size <= len(everyone):
        raise InputError(f"a demo class has 1 to {len(everyone)} students, not {size}", field="size")
    until = (now or datetime.now(UTC)).replace(microsecond=0)
    if until.tzinfo is None:
        raise InputError("the time that a demo class ends at needs a time zone", field="now")
    chosen = row_random(seed, "demo-names", 0).sample(everyone, size)
    students = []
    for number, name in enumerate(chosen):
        random = row_random(seed, "demo", number, *([term] if term else []))
        grade = GRADES[number % len(GRADES)]
        student = draw_student_free(seed, number, grade)
        student_id = f"demo-{number + 1:02d}"
        stem = f"{student_id}-{term}-" if term else f"{student_id}-"
        sessions = tuple(
            _session(
                student,
                seed,
                number,
                turn=turn,
                term=term,
                student_id=student_id,
                session_id=f"{stem}{turn}",
                end=until - timedelta(days=_HISTORY_DAYS * (1 - (turn + random.random()) / _SESSIONS_EACH), hours=1),
            )
            for turn in range(_SESSIONS_EACH)
        )
        responses = _responses(student, seed, number, random=random, now=until, term=term)
        students.append(DemoStudent(student_id, name, grade, student, responses, sessions))
    return students
