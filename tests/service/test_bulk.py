"""NDJSON: every right line is stored, every wrong one told by its number."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from served_parts import TEXT, problem

V1 = "/api/v1"
LINES = {"Content-Type": "application/x-ndjson"}


def lines(*records: object) -> bytes:
    """Records one a line; bytes stand as they are."""
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in records)


def sent(api: TestClient, what: str, raw: bytes, **headers: str) -> Any:
    """The answer to a bulk of s-1."""
    return api.post(f"{V1}/students/s-1/{what}:bulk", content=raw, headers=LINES | headers)


@pytest.fixture
def pupil(api: TestClient) -> str:
    """A registered student."""
    api.post(f"{V1}/students", json={"student_id": "s-1"})
    return "s-1"


def test_line_seven_costs_no_other(api: TestClient, pupil: str) -> None:
    good = [{"response_id": f"r{n}", "text": TEXT} for n in range(1, 7)]
    raw = lines(*good, b"{not json", {"response_id": "r8", "text": " "}, b"", {"response_id": "r10", "text": TEXT})
    answer = sent(api, "responses", raw)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["added"] == [*(f"r{n}" for n in range(1, 7)), "r10"]
    assert [(row["line"], row["field"]) for row in body["errors"]] == [(7, "body"), (8, "text")]
    assert body["lines"] == 9
    assert api.get(f"{V1}/students/{pupil}").json()["responses"] == 7
    again = sent(api, "responses", raw).json()
    assert (again["added"], len(again["unchanged"]), len(again["errors"])) == ([], 7, 2)


def test_a_conflict_within_a_chunk_costs_its_line_alone(api: TestClient, pupil: str) -> None:
    sent(api, "responses", lines({"response_id": "r2", "text": "another text was here"}))
    raw = lines(*({"response_id": f"r{n}", "text": TEXT} for n in range(1, 4)))
    body = sent(api, "responses", raw).json()
    assert body["added"] == ["r1", "r3"]
    assert [row["line"] for row in body["errors"]] == [2]
    assert TEXT not in str(body["errors"])


def test_events_of_another_student_cost_their_line_alone(api: TestClient, pupil: str) -> None:
    event = {"session_id": "g", "type": "other", "at": "2026-01-05T10:00:00Z"}
    raw = lines(
        {**event, "event_id": "e1"},
        {**event, "event_id": "e2", "student_id": "s-2"},
        {**event, "event_id": "e3", "type": "flew"},
        {**event, "event_id": "e4", "student_id": pupil},
    )
    body = sent(api, "events", raw).json()
    assert body["added"] == ["e1", "e4"]
    assert [(row["line"], row["field"]) for row in body["errors"]] == [(2, "student_id"), (3, "type")]
    assert api.get(f"{V1}/students/{pupil}").json()["events"] == 2


def test_two_and_a_half_thousand_events_in_one_request(api: TestClient, pupil: str) -> None:
    event = {"type": "other", "at": "2026-01-05T10:00:00Z"}
    raw = lines(*({**event, "event_id": f"e{n}", "session_id": f"g{n % 3}"} for n in range(2500)))
    assert len(sent(api, "events", raw).json()["added"]) == 2500
    found = api.get(f"{V1}/students/{pupil}").json()
    assert (found["events"], found["sessions"]) == (2500, 3)


def test_what_is_refused_as_a_whole(api: TestClient, pupil: str) -> None:
    for what in ("responses", "events"):
        path = f"{V1}/students/{pupil}/{what}:bulk"
        problem(api.post(path, json={}), "unsupported-media-type")
        problem(sent(api, what, b" \n\n"), "invalid", "body")
        problem(sent(api, what, b" " * 10_000_001), "too-large")
        problem(api.post(f"{V1}/students/nobody/{what}:bulk", content=b"{}", headers=LINES), "not-found")
        assert sent(api, what, b"{}\n" + b" " * 2_000_000).status_code == 200


def test_nameless_lines_of_a_keyed_request_are_stored_once(api: TestClient, pupil: str) -> None:
    raw = lines({"text": TEXT}, {"text": TEXT})
    first = sent(api, "responses", raw, **{"Idempotency-Key": "k-1"})
    again = sent(api, "responses", raw, **{"Idempotency-Key": "k-1"})
    assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")
    assert api.get(f"{V1}/students/{pupil}").json()["responses"] == 2
