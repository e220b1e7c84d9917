"""Students that several requests ask for at once: assessed together, stored and answered each for itself."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from served_parts import TEXT
from skillscope.assessment.assess import Computed, compute_assessments
from skillscope.assessment.model import Assessment
from skillscope.errors import EvidenceError, NotFoundError
from skillscope.modeling.bundle import Bundle
from skillscope.service.assessing import AT_ONCE, Assessor
from skillscope.service.runtime import Runtime
from skillscope.store import open_database
from skillscope.store.record_tables import AccessRow
from skillscope.store.records import Seen
from skillscope.store.tables import AssessmentRow, StudentRow

SEEN = Seen("service", "token-1", "POST /inference/student/{student_id}", "request-1")


class Gate:
    """A runtime whose model comes when it is told to, so that those who ask meanwhile wait together."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.asked = threading.Event()
        self.open = threading.Event()

    @property
    def bundle(self) -> Bundle:
        self.asked.set()
        self.open.wait()
        return self.runtime.bundle

    @property
    def sessions(self) -> sessionmaker[Session]:
        return self.runtime.sessions


@pytest.fixture
def students(api: TestClient) -> list[str]:
    """Students with enough evidence, more than are assessed at once."""
    names = [f"s-{number}" for number in range(AT_ONCE + 3)]
    for number, name in enumerate(names):
        api.post("/api/v1/students", json={"student_id": name, "grade": 2 + number % 7})
        text = TEXT if number % 2 else "We tried again and again until the bridge held."
        assert api.post(f"/api/v1/students/{name}/responses", json={"responses": [{"text": text}]}).status_code == 201
    return names


@contextmanager
def commits(runtime: Runtime) -> Iterator[list[int]]:
    """How many transactions that write are ended meanwhile."""
    engine = runtime.sessions.kw["bind"]
    found: list[int] = []

    def committed(connection: object) -> None:
        found.append(1)

    event.listen(engine, "commit", committed)
    yield found
    event.remove(engine, "commit", committed)


def ask_together(gate: Gate, first: str, others: Sequence[str]) -> list[Assessment | BaseException]:
    """One asks; while it waits for the model, the others ask."""
    assessor = Assessor(gate, evidence=False)

    async def ask() -> list[Assessment | BaseException]:
        asked = [asyncio.create_task(assessor.assess(first, SEEN))]
        await asyncio.to_thread(gate.asked.wait)
        asked += [asyncio.create_task(assessor.assess(name, SEEN)) for name in others]
        await asyncio.sleep(0)  # each has asked
        gate.open.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(ask())


def stored(runtime: Runtime) -> tuple[int, int]:
    with runtime.sessions() as session:
        rows = session.scalar(select(func.count()).select_from(AssessmentRow))
        seen = session.scalar(select(func.count()).where(AccessRow.request_id == SEEN.request_id))
    return rows or 0, seen or 0


def test_those_who_wait_are_assessed_with_one_commit(runtime: Runtime, students: list[str]) -> None:
    with commits(runtime) as ended:
        answers = ask_together(Gate(runtime), students[0], students[1:])
    assert [answer.student_id for answer in answers if isinstance(answer, Assessment)] == students
    assert len(ended) == 3  # the first alone, as many as go at once, and the two that are left
    assert stored(runtime) == (len(students), len(students))


def test_scores_are_those_that_a_student_gets_alone(runtime: Runtime, bundle: Bundle, students: list[str]) -> None:
    answers = ask_together(Gate(runtime), students[0], students[1:])
    with runtime.sessions() as session:
        for name, answer in zip(students, answers, strict=True):
            assert isinstance(answer, Assessment)
            (alone,) = compute_assessments(session, bundle, [name], at=answer.at)
            assert isinstance(alone, Computed)
            assert alone.assessment.scores == answer.scores


def test_one_who_cannot_be_assessed_spoils_no_other(runtime: Runtime, api: TestClient, students: list[str]) -> None:
    api.post("/api/v1/students", json={"student_id": "quiet"})
    found = ask_together(Gate(runtime), students[0], ["nobody", students[1], "quiet", students[1]])
    kinds = [type(answer) for answer in found]
    assert kinds == [Assessment, NotFoundError, Assessment, EvidenceError, Assessment]
    assert stored(runtime) == (3, 3)


def test_a_student_who_is_erased_meanwhile_is_not_found(
    runtime: Runtime, students: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skillscope.service import assessing

    compute = assessing.compute_assessments

    def erased_after_reading(*args: Any, **options: Any) -> object:
        found = compute(*args, **options)
        with open_database(runtime.settings.database).begin() as session:
            session.execute(delete(StudentRow).where(StudentRow.student_id == students[1]))
        return found

    monkeypatch.setattr(assessing, "compute_assessments", erased_after_reading)
    found = ask_together(Gate(runtime), students[0], students[1:4])
    assert [type(answer) for answer in found] == [Assessment, NotFoundError, Assessment, Assessment]
    assert stored(runtime) == (3, 3)


def test_what_befalls_the_store_is_told_to_all(runtime: Runtime, students: list[str]) -> None:
    class Away(Gate):
        @property
        def sessions(self) -> sessionmaker[Session]:
            raise OSError("away")

    found = ask_together(Away(runtime), students[0], students[1:3])
    assert [str(answer) for answer in found] == ["away"] * 3
    assert stored(runtime) == (0, 0)


def test_who_goes_away_keeps_nobody_from_an_answer(runtime: Runtime, students: list[str]) -> None:
    gate = Gate(runtime)
    assessor = Assessor(gate, evidence=False)

    async def ask() -> Assessment:
        gone = asyncio.create_task(assessor.assess(students[0], SEEN))
        await asyncio.to_thread(gate.asked.wait)
        stays = asyncio.create_task(assessor.assess(students[1], SEEN))
        await asyncio.sleep(0)
        gone.cancel()
        gate.open.set()
        return await stays

    assert asyncio.run(ask()).student_id == students[1]
