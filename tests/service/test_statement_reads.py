"""xAPI statements as they are given back, and what voiding takes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from served_parts import problem
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.store.record_tables import AccessRow, StatementContentsRow, StatementRow
from skillscope.store.tables import EventRow, SessionFeaturesRow

V1 = "/api/v1"
PATH = f"{V1}/xapi/statements"
VERSION = {"X-Experience-API-Version": "1.0.3"}
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
FAILED = "http://adlnet.gov/expapi/verbs/failed"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
Headers = Callable[..., dict[str, str]]


def name(number: int) -> str:
    return str(UUID(int=number))


def agent(student: str) -> dict[str, Any]:
    return {"account": {"homePage": "https://school.example", "name": student}}


def statement(number: int, student: str = "s-1", verb: str = COMPLETED, **changes: Any) -> dict[str, Any]:
    told = {
        "id": name(number),
        "actor": agent(student),
        "verb": {"id": verb},
        "object": {"id": f"https://game.example/task-{number % 2}"},
        "context": {"registration": name(1000 + number % 3)},
        "timestamp": f"2026-03-01T09:30:{number % 60:02d}Z",
    }
    return told | changes


def voiding(number: int, target: int, actor: str = "teacher-of-maths") -> dict[str, Any]:
    thing = {"objectType": "StatementRef", "id": name(target)}
    return statement(number, actor, VOIDED, object=thing)


@pytest.fixture
def lrs(api: TestClient) -> TestClient:
    """The API with two students, each in a class of its own teacher, and the version header."""
    for number in ("1", "2"):
        api.post(f"{V1}/students", json={"student_id": f"s-{number}"})
        api.put(f"{V1}/classes/c-{number}", json={})
        api.put(f"{V1}/classes/c-{number}/students/s-{number}")
        api.put(f"{V1}/classes/c-{number}/teachers/t-{number}")
    api.headers.update(VERSION)
    return api


def bring(api: TestClient, *statements: dict[str, Any]) -> None:
    for one in statements:
        assert api.post(PATH, json=one).status_code == 200


def found(api: TestClient, headers: dict[str, str] | None = None, **query: Any) -> list[int]:
    answer = api.get(PATH, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [UUID(one["id"]).int for one in answer.json()["statements"]]


def events(runtime: Runtime) -> set[str]:
    with runtime.sessions() as session:
        return set(session.scalars(select(EventRow.event_id)))


def sittings(runtime: Runtime) -> dict[str, str]:
    """By session what was measured; NaN is NaN."""
    with runtime.sessions() as session:
        return {row.session_id: str(row.values) for row in session.scalars(select(SessionFeaturesRow))}


def test_a_statement_is_given_back_as_it_came_but_for_names(lrs: TestClient) -> None:
    sent = statement(
        1,
        actor=agent("s-1") | {"name": "Zebulon Quist", "objectType": "Agent"},
        context={"instructor": {"mbox": "mailto:t@school.example", "name": "Ms Ray"}, "language": "en"},
        object={"id": "https://game.example/a", "definition": {"name": {"en": "The bridge"}}},
        result={"response": "name", "extensions": {"https://x.example/name": 1}},
        stored="2001-01-01T00:00:00Z",
        authority={"mbox": "mailto:someone@else.example"},
    )
    bring(lrs, sent)
    answer = lrs.get(PATH, params={"statementId": name(1)})
    told = answer.json()
    assert answer.headers["x-experience-api-version"] == "1.0.3"
    stored = datetime.fromisoformat(told.pop("stored"))
    assert abs(stored - datetime.now(UTC)) < timedelta(hours=1)
    assert parsedate_to_datetime(answer.headers["last-modified"]) == stored.replace(microsecond=0)
    assert datetime.fromisoformat(answer.headers["x-experience-api-consistent-through"]) < datetime.now(UTC)
    assert told.pop("authority") == {
        "objectType": "Agent",
        "account": {"homePage": "urn:skillscope:roles", "name": "admin"},
    }
    assert told.pop("version") == "1.0.3"
    del sent["stored"], sent["authority"], sent["actor"]["name"], sent["context"]["instructor"]["name"]
    assert told == sent


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"ascending": "true"}, [1, 2, 3, 4]),
        ({"agent": '{"account": {"homePage": "https://school.example", "name": "s-2"}}'}, [4]),
        ({"agent": '{"mbox": "mailto:nobody@school.example"}'}, []),
        ({"verb": FAILED}, [3]),
        ({"verb": "http://x.example/never"}, []),
        ({"activity": "https://game.example/task-1"}, [3, 1]),
        ({"registration": name(1001)}, [4, 1]),
        ({"registration": name(1001), "verb": COMPLETED, "activity": "https://game.example/task-0"}, [4]),
        ({"format": "exact", "attachments": "false", "limit": "2"}, [4, 3]),
    ],
)
def test_statements_are_chosen_by_their_parts(lrs: TestClient, query: dict[str, str], expected: list[int]) -> None:
    bring(lrs, statement(1), statement(2), statement(3, verb=FAILED), statement(4, "s-2"))
    assert found(lrs, **query) == expected


def test_statements_are_chosen_by_when_they_were_stored(lrs: TestClient) -> None:
    bring(lrs, statement(1), statement(2), statement(3))
    moments = [one["stored"] for one in lrs.get(PATH, params={"ascending": True}).json()["statements"]]
    assert found(lrs, since=moments[0]) == [3, 2]
    assert found(lrs, until=moments[1]) == [2, 1]
    assert found(lrs, since=moments[0], until=moments[1]) == [2]
    assert found(lrs, since=moments[2]) == []


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_pages_follow_one_another_without_gap_or_repeat(lrs: TestClient, ascending: str) -> None:
    assert lrs.post(PATH, json=[statement(number) for number in range(1, 8)]).status_code == 200
    bring(lrs, statement(20, verb=FAILED))
    seen, address = [], f"{PATH}?limit=3&ascending={ascending}&verb={COMPLETED}"
    for pages in (3, 2, 1):
        answer = lrs.get(address).json()
        seen += [UUID(one["id"]).int for one in answer["statements"]]
        address = answer["more"]
        assert (address == "") is (pages == 1)
        bring(lrs, statement(100 + pages, verb=FAILED))  # what comes meanwhile does not shift them
    assert seen == sorted(range(1, 8), reverse=ascending == "false")


@pytest.mark.parametrize(
    ("query", "kind", "field"),
    [
        (f"statementId={name(1)}&voidedStatementId={name(1)}", "bad-request", "query"),
        (f"statementId={name(1)}&limit=3", "bad-request", "query"),
        (f"verb={FAILED}&verb={COMPLETED}", "bad-request", "query"),
        ("agent=s-1", "bad-request", "agent"),
        ("agent={}", "bad-request", "agent"),
        ("agent=[1]", "bad-request", "agent"),
        ("statementId=x", "invalid", "statementId"),
        ("since=2026-03-01", "invalid", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "invalid", "since"),
        ("until=soon", "invalid", "until"),
        ("limit=-1", "invalid", "limit"),
        ("format=ids", "invalid", "format"),
        ("attachments=true", "invalid", "attachments"),
        ("verb=%00", "invalid", "verb"),
        ("cursor=x", "invalid", "cursor"),
        ("related_agents=true", "invalid", "related_agents"),
    ],
)
def test_questions_that_make_no_sense_are_refused(lrs: TestClient, query: str, kind: str, field: str) -> None:
    problem(lrs.get(f"{PATH}?{query}"), kind, field)


def test_the_version_is_named(lrs: TestClient) -> None:
    problem(lrs.get(PATH, headers={"X-Experience-API-Version": "0.9"}), "bad-request", "X-Experience-API-Version")


def test_each_sees_what_is_in_reach_and_that_is_noted(lrs: TestClient, runtime: Runtime, token_for: Headers) -> None:
    bring(lrs, statement(1), statement(2, "s-2"))
    own = {"agent": '{"account": {"homePage": "h", "name": "s-1"}}'}
    for headers in (token_for(Role.STUDENT, "s-1"), token_for(Role.TEACHER, "t-1")):
        assert found(lrs, headers) == [1]
        assert found(lrs, headers, **own) == [1]
        assert lrs.get(PATH, params={"statementId": name(1)}, headers=headers).status_code == 200
        problem(lrs.get(PATH, params={"statementId": name(2)}, headers=headers), "not-found")
        problem(lrs.get(PATH, params={"statementId": name(3)}, headers=headers), "not-found")
    for role, person in ((Role.STUDENT, "s-2"), (Role.TEACHER, "t-2"), (Role.TEACHER, "t-3")):
        problem(lrs.get(PATH, params=own, headers=token_for(role, person)), "forbidden")
    assert found(lrs, token_for(Role.TEACHER, "t-3")) == []
    assert found(lrs, token_for(Role.STUDENT, "nobody")) == []
    assert found(lrs, token_for(Role.SERVICE)) == [2, 1]
    with runtime.sessions() as session:
        route = AccessRow.route == "GET /xapi/statements"
        seen = session.execute(select(AccessRow.role, AccessRow.caller).where(route)).all()
    assert sorted(role for role, _ in seen) == ["service"] * 2 + ["student"] * 3 + ["teacher"] * 3
    assert {caller for role, caller in seen if role != "service"} == {"s-1", "t-1"}


def test_a_voided_statement_counts_no_more(lrs: TestClient, runtime: Runtime, token_for: Headers) -> None:
    bring(lrs, statement(1), statement(4), statement(2), statement(3, "s-2"))
    sitting, other = name(1001), name(1002)
    before = sittings(runtime)
    bring(lrs, statement(7, context={"registration": sitting}))
    with_seventh = sittings(runtime)[sitting]
    assert with_seventh != before[sitting]
    answer = lrs.post(PATH, json=voiding(50, 7), headers=token_for(Role.TEACHER, "t-1"))
    assert (answer.status_code, answer.json()) == (200, [name(50)])
    assert sittings(runtime) == before  # as if it had never come
    assert name(7) not in events(runtime)
    assert name(50) not in events(runtime)
    bring(lrs, voiding(51, 2))
    assert other not in sittings(runtime)  # nothing is left of a session whose only event was voided
    assert found(lrs) == [51, 50, 3, 4, 1]
    problem(lrs.get(PATH, params={"statementId": name(7)}), "not-found")
    assert lrs.get(PATH, params={"voidedStatementId": name(7)}).json()["id"] == name(7)
    problem(lrs.get(PATH, params={"voidedStatementId": name(1)}), "not-found")
    problem(lrs.get(PATH, params={"voidedStatementId": name(99)}), "not-found")


def test_what_is_sent_again_stays_voided(lrs: TestClient, runtime: Runtime) -> None:
    bring(lrs, statement(1), voiding(50, 1))
    left = events(runtime), sittings(runtime)
    bring(lrs, statement(1), voiding(50, 1), statement(1))
    assert (events(runtime), sittings(runtime)) == left == (set(), {})
    problem(lrs.post(PATH, json=voiding(50, 1, "somebody-else")), "conflict")


def test_target_and_voiding_may_come_in_any_order(lrs: TestClient, runtime: Runtime) -> None:
    assert lrs.post(PATH, json=[voiding(50, 1, "s-1"), statement(1), statement(2)]).status_code == 200
    assert events(runtime) == {name(2)}
    bring(lrs, voiding(51, 3, "s-1"))
    bring(lrs, statement(3))
    assert events(runtime) == {name(2)}
    assert found(lrs) == [51, 2, 50]
    bring(lrs, voiding(52, 4, "s-1"), statement(4, "s-2"))  # it spoke of a statement of s-1
    assert events(runtime) == {name(2), name(4)}
    problem(lrs.post(PATH, json=voiding(53, 5)), "not-found")  # of a statement and a student nobody knows


def test_who_may_not_void_changes_nothing(lrs: TestClient, runtime: Runtime, token_for: Headers) -> None:
    bring(lrs, statement(1), voiding(50, 2, "s-1"))
    for headers in (token_for(Role.STUDENT, "s-1"), token_for(Role.STUDENT, "s-2"), token_for(Role.TEACHER, "t-2")):
        problem(lrs.post(PATH, json=[statement(9), voiding(51, 1)], headers=headers), "forbidden")
    for target in (50, 51):
        wrong = [voiding(51, 1), voiding(52, target)]
        assert "voids another" in problem(lrs.post(PATH, json=wrong), "bad-request", "object")["detail"]
    for thing in (
        {"id": name(1)},
        {"objectType": "StatementRef", "id": "x"},
        {"objectType": "StatementRef", "id": "1"},
    ):
        problem(lrs.post(PATH, json=statement(53, verb=VOIDED, object=thing)), "bad-request", "object")
    assert events(runtime) == {name(1)}
    assert found(lrs) == [50, 1]


def test_a_statement_whose_contents_were_not_kept_can_be_voided(lrs: TestClient, runtime: Runtime) -> None:
    bring(lrs, statement(1))
    with runtime.sessions.begin() as session:  # as it came before contents were kept
        for row in session.scalars(select(StatementContentsRow)):
            session.delete(row)
    assert found(lrs) == []
    bring(lrs, voiding(50, 1))
    assert events(runtime) == set()
    bring(lrs, statement(1))
    assert events(runtime) == set()


def test_voiding_goes_with_the_student(lrs: TestClient, runtime: Runtime) -> None:
    bring(lrs, statement(1), voiding(50, 1), statement(2, "s-2"))
    assert lrs.delete(f"{V1}/students/s-1").json()["counts"]["xapi_contents"] == 2
    with runtime.sessions() as session:
        assert session.scalars(select(StatementContentsRow.statement_id)).all() == [name(2)]
        assert session.scalars(select(StatementRow.statement_id)).all() == [name(2)]
