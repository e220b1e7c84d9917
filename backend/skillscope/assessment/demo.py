"""The demo class: simulated students with some weeks of history, brought in through the same path as real ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.ingest import add_events, measure_responses, register_student, store_responses
from skillscope.assessment.records import ResponseRecord
from skillscope.events import parse_events
from skillscope.simulation.demo import DemoStudent, demo_class
from skillscope.store import queries

__all__ = ["DEMO_SEED", "DemoLoaded", "load_demo_class"]

DEMO_SEED: Final = 7
_STALE: Final = timedelta(days=42)  # assessments look back 90 days: the class comes again long before they find nothing


@dataclass(frozen=True, slots=True)
class DemoLoaded:
    """The class as it stands in the store, and whether this call brought it in."""

    student_ids: tuple[str, ...]
    responses: int
    events: int
    created: bool

    @property
    def students(self) -> int:
        """How many students the class has."""
        return len(self.student_ids)


def load_demo_class(
    sessions: sessionmaker[Session], *, seed: int = DEMO_SEED, size: int = 12, now: datetime | None = None
) -> DemoLoaded:
    """Bring the demo class in, all of it or nothing.

    One that is there already stays as it is, unless its last response is older than six weeks: then the same students
    bring new responses and sessions, so that an old database still has somebody to assess.

    Raises:
        InputError: `size` is not between 1 and the number of names there are.
    """
    moment = now or datetime.now(UTC)
    students = demo_class(seed, size, now=moment)
    names = tuple(student.student_id for student in students)
    with sessions() as session:
        known = [found for name in names if (found := queries.find_student(session, name)) is not None]
        last = max((at for student in known if (at := queries.last_response_at(session, student.key))), default=None)
        if len(known) == len(names) and last is not None and moment - last < _STALE:
            counts = [queries.student_counts(session, student.key) for student in known]
            return DemoLoaded(
                names, sum(c["responses"] for c in counts), sum(c["events"] for c in counts), created=False
            )
    term = 0 if last is None else moment.toordinal()
    if term:
        students = demo_class(seed, size, now=moment, term=term)
    measured = measure_responses({student.student_id: _responses(student, term) for student in students})
    events = [event for student in students for sitting in student.sessions for event in parse_events(list(sitting))]
    with sessions.begin() as session:
        for student in students:
            register_student(session, student.student_id, student.grade)
        responses = sum(len(added.added) for added in store_responses(session, measured).values())
        stored = len(add_events(session, events).added)
    return DemoLoaded(names, responses, stored, created=True)


def _responses(student: DemoStudent, term: int) -> list[ResponseRecord]:
    stem = f"{student.student_id}-{term}" if term else student.student_id
    return [
        ResponseRecord(
            response_id=f"{stem}-r{number}",
            prompt=response.prompt,
            text=response.text,
            source=f"template:{response.scenario}",
            at=response.at,
        )
        for number, response in enumerate(student.responses, start=1)
    ]
