"""xAPI statements by the standard's rules, and Caliper envelopes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from served_parts import problem
from skillscope.service.statements import digest_of
from skillscope.service.tokens import Role

V1 = "/api/v1"
PATH = f"{V1}/xapi/statements"
VERSION = {"X-Experience-API-Version": "1.0.3"}
ID = "7ccd3322-e1a5-411a-a67d-6a735c76f119"
OTHER = "7ccd3322-e1a5-411a-a67d-6a735c76f120"
Headers = Callable[..., dict[str, str]]


def statement(name: str | None = ID, student: str = "s-1", **changes: Any) -> dict[str, Any]:
    """A completed task."""
    told = {
        "actor": {"account": {"homePage": "https://school.example", "name": student}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
        "object": {"id": "https://game.example/bridge-3"},
        "timestamp": "2026-03-01T09:30:00Z",
    }
    return told | ({"id": name} if name else {}) | changes


@pytest.fixture
def lrs(api: TestClient) -> TestClient:
    """The API with two students and the version header."""
    for name in ("s-1", "s-2"):
        api.post(f"{V1}/students", json={"student_id": name})
    api.headers.update(VERSION)
    return api


def _events(api: TestClient, student: str = "s-1") -> int:
    found: int = api.get(f"{V1}/students/{student}").json()["events"]
    return found


def test_one_or_many_are_stored_and_answered_with_their_ids(lrs: TestClient) -> None:
    one = lrs.post(PATH, json=statement())
    assert (one.status_code, one.json()) == (200, [ID])
    assert one.headers["x-experience-api-version"] == "1.0.3"
    many = lrs.post(PATH, json=[statement(OTHER), statement(None, "s-2")])
    assert many.json()[0] == OTHER
    assert len(many.json()[1]) == 36
    assert (_events(lrs), _events(lrs, "s-2")) == (2, 1)
    assert lrs.post(PATH, json=[]).json() == []


def test_the_same_again_changes_nothing_and_another_of_its_id_is_a_conflict(lrs: TestClient) -> None:
    assert lrs.put(PATH, params={"statementId": ID}, json=statement(None)).status_code == 204
    assert lrs.put(PATH, params={"statementId": ID}, json=statement()).status_code == 204
    same = statement(verb={"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"de": "fertig"}})
    same |= {"timestamp": "2026-03-01T10:30:00.000+01:00", "stored": "2026-03-01T09:31:00Z", "version": "1.0.0"}
    assert lrs.post(PATH, json=same).json() == [ID]
    assert _events(lrs) == 1
    for other in (
        statement(timestamp="2026-03-01T09:30:01Z"),
        statement(result={"success": False}),
        statement(student="s-2"),
    ):
        problem(lrs.post(PATH, json=other), "conflict")
        problem(lrs.put(PATH, params={"statementId": ID}, json=other), "conflict")
    assert (_events(lrs), _events(lrs, "s-2")) == (1, 0)


def test_an_array_is_stored_whole_or_not_at_all(lrs: TestClient) -> None:
    lrs.post(PATH, json=statement())
    for bad, kind in (
        (statement(timestamp="2026-03-02T09:30:00Z"), "conflict"),
        (statement(None, verb={}), "bad-request"),
        (statement(None, "nobody"), "not-found"),
        (statement("no-uuid"), "bad-request"),
        (statement(OTHER), "bad-request"),
        (statement(None, timestamp="soon"), "bad-request"),
        (statement(None, timestamp="0001-01-01T00:00:00+14:00"), "bad-request"),
        (statement(None, actor={"objectType": "Group"}), "bad-request"),
    ):
        assert "s-1" not in problem(lrs.post(PATH, json=[statement(OTHER), bad]), kind)["detail"]
        assert _events(lrs) == 1


@pytest.mark.parametrize("version", [None, "", "0.9", "1.1.0", "3.0", "1.0.x"])
def test_the_version_is_named(lrs: TestClient, version: str | None) -> None:
    del lrs.headers["X-Experience-API-Version"]
    headers = {} if version is None else {"X-Experience-API-Version": version}
    problem(lrs.post(PATH, json=statement(), headers=headers), "bad-request", "X-Experience-API-Version")
    assert lrs.post(PATH, json=statement(), headers={"X-Experience-API-Version": "2.0.0"}).status_code == 200


def test_an_address_and_a_body_that_disagree_are_refused(lrs: TestClient) -> None:
    problem(lrs.put(PATH, params={"statementId": OTHER}, json=statement()), "bad-request", "id")
    problem(lrs.put(PATH, params={"statementId": "x"}, json=statement()), "invalid", "statementId")
    problem(lrs.put(PATH, json=statement()), "invalid", "statementId")
    problem(lrs.post(PATH, json="text"), "invalid")


def test_a_token_brings_in_what_it_reaches(lrs: TestClient, token_for: Headers) -> None:
    headers = token_for(Role.STUDENT, "s-1")
    assert lrs.post(PATH, json=statement(), headers=headers).status_code == 200
    problem(lrs.post(PATH, json=[statement(OTHER), statement(None, "s-2")], headers=headers), "forbidden")
    problem(lrs.post(PATH, json=statement(None, "nobody"), headers=headers), "forbidden")
    assert _events(lrs) == 1


def test_what_makes_a_statement_the_same() -> None:
    base = statement()
    for same in (
        statement(OTHER),
        base | {"authority": {"mbox": "mailto:x@example.org"}},
        base | {"object": base["object"] | {"objectType": "Activity", "definition": {"name": {"en": "Bridge"}}}},
        base | {"actor": base["actor"] | {"name": "Ada"}},
    ):
        before = copy.deepcopy(same)
        assert digest_of(same) == digest_of(base)
        assert same == before
    for other in (
        base | {"context": {}},
        base | {"verb": {"id": "http://x"}},
        base | {"timestamp": "9999-12-31T23:59:59-14:00"},
    ):
        assert digest_of(other) != digest_of(base)


def test_an_envelope_is_stored_whole_or_not_at_all(lrs: TestClient, token_for: Headers) -> None:
    def event(name: str, student: str = "s-1", action: str = "Completed") -> dict[str, Any]:
        return {
            "id": f"urn:uuid:{name}",
            "type": "AssessmentItemEvent",
            "action": action,
            "actor": student,
            "object": "https://game.example/bridge-3",
            "eventTime": "2026-03-01T09:30:00.000Z",
        }

    path = f"{V1}/caliper/envelopes"
    envelope = {"sensor": "https://game.example", "data": [event("e1"), event("e2", action="Liked")]}
    first = lrs.post(path, json=envelope)
    assert first.status_code == 201
    assert first.json()["added"] == ["urn:uuid:e1", "urn:uuid:e2"]
    assert first.json()["unmapped"] == {"AssessmentItemEvent Liked": 1}
    assert lrs.post(path, json=envelope).json()["unchanged"] == ["urn:uuid:e1", "urn:uuid:e2"]
    problem(lrs.post(path, json={"data": [event("e3"), event("e4", "nobody")]}), "not-found")
    problem(lrs.post(path, json={"data": [event("e3"), {"id": "x", "action": "y"}]}), "invalid")
    foreign = token_for(Role.STUDENT, "s-2")
    problem(lrs.post(path, json={"data": [event("e3")]}, headers=foreign), "forbidden")
    assert _events(lrs) == 2
