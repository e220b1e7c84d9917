"""Assessments that several requests ask for at once, made together: one call of the models, one commit to the disk.

Whoever asks while others are being assessed is taken with the next ones, so nobody waits for company. One thread does
it all: requests that each had a thread and a commit of their own spent most of their time waiting for one another.
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.assess import Computed, compute_assessments
from skillscope.assessment.model import Assessment
from skillscope.errors import NotFoundError
from skillscope.modeling.bundle import Bundle
from skillscope.store import queries, records, writing
from skillscope.store.records import Seen

__all__ = ["AT_ONCE", "Assessor", "store_assessments"]

AT_ONCE: Final = 32
"""Students that are assessed together at most; those behind them wait for the next turn."""

_THREADS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="skillscope-assess")


class _Parts(Protocol):
    """What is needed of the worker's runtime; each may raise what makes the assessment impossible."""

    @property
    def bundle(self) -> Bundle: ...
    @property
    def sessions(self) -> sessionmaker[Session]: ...


@dataclass(eq=False, slots=True)
class _Asked:
    student_id: str
    seen: Seen
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Assessment]
    outcome: Assessment | Exception = field(default_factory=lambda: RuntimeError("not assessed"))


def store_assessments(session: Session, made: Sequence[tuple[Computed, Seen]]) -> None:
    """Store assessments, and who saw them, in the caller's transaction."""
    queries.add_assessments(writing(session), [computed.row for computed, _ in made])
    records.add_accesses(session, [(computed.row["student_key"], seen) for computed, seen in made])


class Assessor:
    """Assesses the students that requests ask for; stored and noted as seen before any of them is answered."""

    def __init__(self, parts: _Parts, *, evidence: bool) -> None:
        self._parts = parts
        self._evidence = evidence
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []
        self._busy = False

    async def assess(self, student_id: str, seen: Seen) -> Assessment:
        """The student's scores as of now, stored.

        Raises:
            NotFoundError: there is no such student.
            EvidenceError: too little is known.
            SkillscopeError, ProblemError, SQLAlchemyError: there is no model, or the store does not answer.
        """
        loop = asyncio.get_running_loop()
        asked = _Asked(student_id, seen, loop, loop.create_future())
        with self._lock:
            self._waiting.append(asked)
            begin, self._busy = not self._busy, True
        if begin:
            _THREADS.submit(self._work)
        return await asked.answer

    def _work(self) -> None:
        """Assess until nobody waits."""
        while True:
            with self._lock:
                taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                if not taken:
                    self._busy = False
                    return
            try:
                self._assess(taken)
            except Exception as error:  # each is told, and answers with the problem that it stands for
                for asked in taken:
                    asked.outcome = error
            for loop in {asked.loop for asked in taken}:
                _tell(loop, [asked for asked in taken if asked.loop is loop])

    def _assess(self, taken: Sequence[_Asked]) -> None:
        bundle, sessions = self._parts.bundle, self._parts.sessions
        with sessions() as session:
            outcomes = compute_assessments(
                session, bundle, [asked.student_id for asked in taken], evidence=self._evidence
            )
        made: list[tuple[_Asked, Computed]] = []
        for asked, outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, Computed):
                made.append((asked, outcome))
            else:
                asked.outcome = outcome
        self._store(sessions, made)

    def _store(self, sessions: sessionmaker[Session], made: Sequence[tuple[_Asked, Computed]]) -> None:
        if not made:
            return
        try:
            with sessions.begin() as session:
                store_assessments(session, [(computed, asked.seen) for asked, computed in made])
        except IntegrityError:
            if len(made) == 1:
                made[0][0].outcome = NotFoundError("the student was erased meanwhile")
                return
            for one in made:  # one of them is to blame; the others are stored
                self._store(sessions, [one])
            return
        for asked, computed in made:
            asked.outcome = computed.assessment


def _tell(loop: asyncio.AbstractEventLoop, answered: Sequence[_Asked]) -> None:
    def tell() -> None:
        for asked in answered:
            if asked.answer.done():  # whoever asked has gone
                continue
            if isinstance(asked.outcome, Exception):
                asked.answer.set_exception(asked.outcome)
            else:
                asked.answer.set_result(asked.outcome)

    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:  # the loop was closed: nobody waits any more
        return
