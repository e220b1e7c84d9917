"""Whatever is sent, the answer is a success or a problem that is the sender's, and nothing is half stored."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from served_parts import TEXT, bearer
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings

V1 = "/api/v1"
RAW = {"Content-Type": "application/json"}
ODD_TEXT = st.sampled_from(
    ["", " ", "\x00", "\ud800", "😀" * 9, "x" * 25_000, "<script>", "'; DROP TABLE students; --", TEXT]
)
ODD = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | ODD_TEXT
    | st.text(max_size=30)
    | st.sampled_from([[], {}, [[]], [{}], {"a": {}}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)
RESPONSE = st.fixed_dictionaries(
    {"text": ODD}, optional={"prompt": ODD, "source": ODD, "response_id": ODD, "at": ODD, "surprise": ODD}
)
KINDS = st.sampled_from(["task_started", "task_completed", "distraction_started", "other"]) | ODD
MOMENTS = st.datetimes().map(lambda at: at.isoformat() + "Z") | ODD
EVENT = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from(["a", "b", "c"]) | ODD,
        "session_id": st.sampled_from(["g"]) | ODD,
        "type": KINDS,
        "at": MOMENTS,
    },
    optional={"task_id": ODD, "data": ODD | st.dictionaries(st.just("expected_seconds"), ODD), "student_id": ODD},
)
ODD_BYTES = st.sampled_from([b"[" * 50_000, b"\xff\xfe{}", b'{"a":1,"a":2}', b"null", b"1e999"])
QUERY = st.dictionaries(st.sampled_from(["skill", "evidence", "limit", "cursor"]), st.text(max_size=9))
BODIES = {
    f"{V1}/students": st.fixed_dictionaries({"student_id": ODD}, optional={"grade": ODD}),
    f"{V1}/students/s-1/responses": st.fixed_dictionaries({"responses": st.lists(RESPONSE, max_size=3) | ODD}),
    f"{V1}/students/s-1/events": st.fixed_dictionaries({"events": st.lists(EVENT, max_size=5) | ODD}),
    "/inference/batch": st.fixed_dictionaries({"student_ids": st.lists(ODD, max_size=3) | ODD}),
    "/inference/features": st.fixed_dictionaries(
        {
            "rows": st.lists(
                st.dictionaries(st.sampled_from(["word_count", "recovery_rate", "charm"]), ODD, max_size=3), max_size=3
            )
            | ODD
        }
    ),
}


@pytest.fixture(scope="module")
def hostile(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One app for all examples."""
    place = Settings(data_dir=tmp_path_factory.mktemp("hostile"))
    runtime = Runtime(place, lambda _settings: bundle)
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        client.headers.update(bearer(place, Role.ADMIN))
        client.post(f"{V1}/students", json={"student_id": "s-1"})
        yield client
    runtime.sessions.kw["bind"].dispose()


def _counts(client: TestClient) -> dict[str, int]:
    found = client.get(f"{V1}/students/s-1").json()
    return {name: found[name] for name in ("responses", "events", "sessions")}


def _sent(client: TestClient, path: str, raw: bytes) -> int:
    before = _counts(client)
    answer = client.post(path, content=raw, headers=RAW)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["type"].startswith("urn:skillscope:problem:")
        if body["status"] == 422:
            assert body["errors"], body
        assert _counts(client) == before
    return answer.status_code


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_bodies(hostile: TestClient, path: str, data: st.DataObject) -> None:
    body = data.draw(BODIES[path])
    _sent(hostile, path, json.dumps(body).encode())


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.binary(max_size=40) | ODD_BYTES)
def test_odd_bytes(hostile: TestClient, path: str, raw: bytes) -> None:
    assert _sent(hostile, path, raw) >= 400


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.text(min_size=1, max_size=20), query=QUERY)
def test_odd_addresses(hostile: TestClient, name: str, query: dict[str, str]) -> None:
    path = quote(name.encode("utf-8", "surrogatepass"), safe="")
    for method, tail in (("GET", ""), ("POST", ""), ("GET", "/history")):
        answer = hostile.request(method, f"/inference/student/{path}{tail}", params=query)
        assert answer.status_code in {200, 307, 404, 405, 422}, answer.text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(6)), again=st.lists(st.integers(0, 5), max_size=4))
def test_events_out_of_order_and_twice_are_stored_once(hostile: TestClient, order: list[int], again: list[int]) -> None:
    student = uuid.uuid4().hex
    hostile.post(f"{V1}/students", json={"student_id": student})
    kinds = ["session_started", "task_started", "task_failed", "task_retried", "task_completed", "session_ended"]
    events = [
        {"event_id": f"e{n}", "session_id": "g", "type": kind, "at": f"2026-01-05T10:0{n}:00Z", "task_id": "t"}
        for n, kind in enumerate(kinds)
    ]
    for number in [*order, *again]:
        answer = hostile.post(f"{V1}/students/{student}/events", json={"events": [events[number], events[number]]})
        assert answer.status_code == 201
    assert hostile.get(f"{V1}/students/{student}").json()["events"] == 6
