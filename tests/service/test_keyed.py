"""Idempotency-Key: one answer for one request, however often and wherever it arrives."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from served_parts import TEXT, bearer, problem
from skillscope.modeling.bundle import Bundle
from skillscope.service import keyed, students
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.store import writing
from skillscope.store.record_tables import IdempotencyRow

V1 = "/api/v1"
KEY = {"Idempotency-Key": "k-1"}
BODY = {"responses": [{"text": TEXT}, {"text": "We shared the blocks then."}]}


def test_the_same_request_gives_the_stored_answer(api: TestClient, known: str) -> None:
    path = f"{V1}/inference/student/{known}?evidence=true"
    first = api.post(path, headers=KEY)
    again = api.post(path, headers=KEY)
    assert (again.status_code, again.json()) == (200, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert len(api.get(f"/inference/student/{known}/history").json()["assessments"]) == 1
    assert api.post(path, headers={"Idempotency-Key": "k-2"}).json() != first.json()


def test_what_was_made_is_made_once_and_where_it_stands_is_told_again(api: TestClient) -> None:
    sent = {"json": {"student_id": "s-9", "grade": 4}, "headers": KEY}
    first, again = (api.post(f"{V1}/students", **sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["location"] == first.headers["location"]


def test_another_request_with_the_key_is_refused(api: TestClient, known: str) -> None:
    path = f"{V1}/students/{known}/responses"
    assert api.post(path, json=BODY, headers=KEY).status_code == 201
    problem(api.post(path, json={"responses": [{"text": TEXT}]}, headers=KEY), "key-reused", "Idempotency-Key")
    problem(api.post(f"/inference/student/{known}", headers=KEY), "key-reused")
    assert api.get(f"{V1}/students/{known}").json()["responses"] == 3


def test_a_key_belongs_to_its_token(api: TestClient, known: str, runtime: Runtime) -> None:
    path = f"{V1}/students/{known}/responses"
    api.post(path, json=BODY, headers=KEY)
    other = KEY | bearer(runtime.settings, Role.SERVICE)
    assert "idempotent-replayed" not in api.post(path, json=BODY, headers=other).headers


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "tab\t"])
def test_a_key_of_another_form_is_refused(api: TestClient, known: str, key: str) -> None:
    answer = api.post(f"{V1}/students/{known}/responses", json=BODY, headers={"Idempotency-Key": key})
    problem(answer, "invalid", "Idempotency-Key")


def test_a_refused_request_may_be_sent_again(api: TestClient, known: str) -> None:
    path = f"{V1}/students/{known}/responses"
    problem(api.post(path, json={"responses": []}, headers=KEY), "invalid")
    assert api.post(path, json=BODY, headers=KEY).status_code == 201


def test_while_the_first_is_in_flight_another_worker_refuses(
    api: TestClient, known: str, runtime: Runtime, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()
    add = students.add_responses

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return add(*arguments)

    monkeypatch.setattr(students, "add_responses", slow)
    path = f"{V1}/students/{known}/responses"
    elsewhere = create_app(Runtime(runtime.settings, lambda _settings: bundle))
    with ThreadPoolExecutor(1) as pool, TestClient(elsewhere, headers=api.headers) as worker:
        first = pool.submit(api.post, path, json=BODY, headers=KEY)
        assert begun.wait(30)
        refused = worker.post(path, json=BODY, headers=KEY)
        go_on.set()
        answer = first.result(30)
        assert (answer.status_code, len(answer.json()["added"])) == (201, 2)
        assert problem(refused, "in-flight")
        assert refused.headers["retry-after"] == "1"
        assert worker.post(path, json=BODY, headers=KEY).json() == answer.json()


def test_after_a_worker_died_the_request_is_taken_again_and_nothing_stands_twice(
    api: TestClient, known: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{V1}/students/{known}/responses"

    def died(*_: object) -> None:
        raise RuntimeError("gone before the answer was kept")

    with monkeypatch.context() as patched:
        patched.setattr(keyed, "_keep", died)
        problem(api.post(path, json=BODY, headers=KEY), "internal")
    assert api.get(f"{V1}/students/{known}").json()["responses"] == 3
    problem(api.post(path, json=BODY, headers=KEY), "in-flight")
    with runtime.sessions.begin() as session:
        session.execute(update(IdempotencyRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    answer = api.post(path, json=BODY, headers=KEY).json()
    assert (answer["added"], len(answer["unchanged"])) == ([], 2)
    assert api.get(f"{V1}/students/{known}").json()["responses"] == 3


def test_answers_are_forgotten_after_a_day(api: TestClient, known: str, runtime: Runtime) -> None:
    api.post(f"/inference/student/{known}", headers=KEY)
    for ahead, left in ((timedelta(hours=23), 1), (timedelta(hours=25), 0)):
        with runtime.sessions.begin() as session:
            keyed.forget_expired(writing(session), now=datetime.now(UTC) + ahead)
            assert session.scalar(select(func.count()).select_from(IdempotencyRow)) == left


def test_a_new_key_makes_old_answers_go(api: TestClient, known: str, runtime: Runtime) -> None:
    api.post(f"/inference/student/{known}", headers=KEY)
    with runtime.sessions.begin() as session:
        session.execute(update(IdempotencyRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    api.post(f"/inference/student/{known}", headers={"Idempotency-Key": "k-2"})
    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyRow)) == 1
