"""The routes, each with what it gives and what it refuses, on either database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from served_parts import TEXT, problem
from skillscope.errors import BundleError
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.problems import PROBLEMS
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings
from skillscope.skills import SKILLS

V1 = "/api/v1"
NOW = datetime.now(UTC)
EVENT = {"event_id": "e1", "session_id": "g", "type": "session_started", "at": "2026-01-05T10:00:00+01:00"}


def test_from_registration_to_four_scores(api: TestClient, bundle: Bundle) -> None:
    made = api.post(f"{V1}/students", json={"student_id": "s-1", "grade": 4})
    assert (made.status_code, made.headers["location"]) == (201, f"{V1}/students/s-1")
    responses = {"responses": [{"text": TEXT, "response_id": "r1", "source": "human:x", "at": NOW.isoformat()}]}
    assert api.post(f"{V1}/students/s-1/responses", json=responses).json() == {"added": ["r1"], "unchanged": []}
    assert api.post(f"{V1}/students/s-1/responses", json=responses).json() == {"added": [], "unchanged": ["r1"]}
    events = {"events": [EVENT, EVENT | {"event_id": "e2", "type": "help_given", "student_id": "s-1"}]}
    assert api.post(f"{V1}/students/s-1/events", json=events).json() == {"added": ["e1", "e2"], "unchanged": []}
    student = api.get(f"{V1}/students/s-1").json()
    assert student | {"created_at": ""} == {
        "student_id": "s-1",
        "grade": 4,
        "created_at": "",
        "responses": 1,
        "events": 2,
        "sessions": 1,
        "assessments": 0,
    }
    answer = api.post(f"{V1}/inference/student/s-1").json()
    assert [score["skill"] for score in answer["scores"]] == list(SKILLS)
    for score in answer["scores"]:
        assert set(score) >= {
            "skill",
            "score",
            "interval",
            "level",
            "evidence",
            "model_version",
            "feature_schema",
            "label_source",
            "missing",
        }
        assert score["interval"]["low"] <= score["score"] <= score["interval"]["high"]
        assert score["model_version"] == bundle.version
    assert api.get(f"{V1}/inference/student/s-1").json() == answer
    assert api.get(f"{V1}/inference/student/s-1/history").json() == {"assessments": [answer], "next": None}


def test_registering_again_changes_nothing_and_another_grade_is_a_conflict(api: TestClient) -> None:
    first = api.post(f"{V1}/students", json={"student_id": "s-1", "grade": 4})
    again = api.post(f"{V1}/students", json={"student_id": "s-1"})
    assert (again.status_code, again.json()) == (200, first.json())
    problem(api.post(f"{V1}/students", json={"student_id": "s-1", "grade": 5}), "conflict")


@pytest.mark.parametrize("prefix", ["", V1])
@pytest.mark.parametrize("body", [{}, {"content": b"{}"}, {"json": {}}, {"content": b" {} \n"}])
def test_assessing_takes_no_body_or_an_empty_one(
    api: TestClient, known: str, prefix: str, body: dict[str, Any]
) -> None:
    assert len(api.post(f"{prefix}/inference/student/{known}", **body).json()["scores"]) == 4
    problem(api.post(f"{prefix}/inference/student/{known}", json={"evidence": True}), "invalid", "body")


def test_evidence_and_one_skill_on_request(api: TestClient, known: str) -> None:
    answer = api.post(f"/inference/student/{known}?evidence=true&skill=empathy").json()
    assert [score["skill"] for score in answer["scores"]] == ["empathy"]
    reasons = answer["scores"][0]["evidence"]
    assert 1 <= len(reasons) <= 3
    assert all(reason["feature"] in FEATURE_NAMES and "the score by" in reason["text"] for reason in reasons)
    assert len(api.get(f"/inference/student/{known}").json()["scores"]) == 4
    assert len(api.get(f"/inference/student/{known}?skill=resilience").json()["scores"]) == 1
    problem(api.post(f"/inference/student/{known}?skill=charm"), "invalid", "skill")
    problem(api.post(f"/inference/student/{known}?evidence=perhaps"), "invalid", "evidence")


def test_history_goes_on_where_a_page_ended(api: TestClient, known: str) -> None:
    made = [api.post(f"/inference/student/{known}").json()["assessment_id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"/inference/student/{known}/history", params=query).json()
        seen += [item["assessment_id"] for item in page["assessments"]]
        api.post(f"/inference/student/{known}")  # new ones do not shift the pages
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "v1:3", "djE6", "djI6Mw", "%00", "djE6LTE", "ü" * 5, "A" * 65])
def test_a_cursor_that_is_none_is_refused(api: TestClient, known: str, cursor: str) -> None:
    problem(api.get(f"/inference/student/{known}/history", params={"cursor": cursor}), "invalid", "cursor")


def test_unknown_students_are_404_everywhere(api: TestClient) -> None:
    for method, path, body in (
        ("GET", f"{V1}/students/nobody", None),
        ("POST", f"{V1}/students/nobody/responses", {"responses": [{"text": TEXT}]}),
        ("POST", f"{V1}/students/nobody/events", {"events": [EVENT]}),
        ("POST", "/inference/student/nobody", None),
        ("GET", "/inference/student/nobody", None),
        ("GET", "/inference/student/nobody/history", None),
    ):
        body_of = problem(api.request(method, path, json=body), "not-found")
        assert "nobody" not in str(body_of)


def test_a_student_never_assessed_has_no_last_assessment(api: TestClient, known: str) -> None:
    problem(api.get(f"/inference/student/{known}"), "not-found")
    assert api.get(f"/inference/student/{known}/history").json() == {"assessments": [], "next": None}


def test_too_little_evidence_says_what_is_missing(api: TestClient) -> None:
    api.post(f"{V1}/students", json={"student_id": "s-2"})
    body = problem(api.post("/inference/student/s-2"), "too-little-evidence")
    assert body["missing"] == [
        "at least 5 words in responses of the last 90 days; there are 0",
        "no session in the last 90 days: the 13 behavioral features are unknown",
    ]


def test_one_bad_id_of_a_batch_spoils_no_other(api: TestClient, known: str) -> None:
    api.post(f"{V1}/students", json={"student_id": "s-2"})
    ids = ["nobody", known, "s-2", "with blank", known]
    results = api.post("/inference/batch?skill=empathy", json={"student_ids": ids}).json()["results"]
    assert [result["student_id"] for result in results] == ids
    assert [result["status"] for result in results] == [404, 200, 422, 404, 200]
    assert results[0]["problem"]["type"] == PROBLEMS["not-found"].urn
    assert results[2]["problem"]["missing"][0] == "at least 5 words in responses of the last 90 days; there are 0"
    assert len(results[1]["assessment"]["scores"]) == 1
    history = api.get(f"/inference/student/{known}/history").json()["assessments"]
    assert {item["assessment_id"] for item in history} == {results[n]["assessment"]["assessment_id"] for n in (1, 4)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"student_ids": []}, "student_ids"),
        ({"student_ids": ["s"] * 1001}, "student_ids"),
        ({"student_ids": [7]}, "student_ids.0"),
    ],
)
def test_wrong_batches_name_their_field(api: TestClient, body: object, field: str) -> None:
    problem(api.post("/inference/batch", json=body), "invalid", field)


def test_raw_rows_are_scored_and_not_stored(api: TestClient, bundle: Bundle) -> None:
    rows = [
        {"empathy_markers": 0.1, "word_count": 40},
        dict.fromkeys(FEATURE_NAMES, 0.5),
        {"recovery_rate": None, "event_count": 9},
    ]
    for prefix in ("", V1):
        results = api.post(f"{prefix}/inference/features", json={"rows": rows}).json()["results"]
        assert len(results) == 3
    table = np.full((1, 29), 0.5)
    expected = [round(float(value), 4) for value in bundle.predict(table)[0]]
    assert [score["score"] for score in results[1]["scores"]] == expected
    assert results[1]["scores"][0]["missing"] == []
    assert "recovery_rate" in results[2]["scores"][0]["missing"][0]
    graded = api.post(f"{V1}/inference/features", json={"rows": rows, "grades": [4, None, 8]}).json()["results"]
    told = [any("the grade is not known" in line for line in result["scores"][0]["cautions"]) for result in graded]
    assert told == [False, True, False]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rows"),
        ({"rows": []}, "rows"),
        ({"rows": [{}]}, "rows.0"),
        ({"rows": [{"word_count": None}]}, "rows.0"),
        ({"rows": [{"word_count": 3}, {"charm": 1}]}, "rows.1.charm"),
        ({"rows": [{"word_count": "3"}]}, "rows.0.word_count"),
        ({"rows": [{"word_count": True}]}, "rows.0.word_count"),
        ({"rows": [{"word_count": -1}]}, "rows.0.word_count"),
        ({"rows": [{"recovery_rate": 1.5}]}, "rows.0.recovery_rate"),
        ({"rows": [[1] * 29]}, "rows.0"),
        ({"rows": [{"word_count": 1}] * 1001}, "rows"),
        ({"rows": [{"word_count": 1}], "extra": 1}, "extra"),
        ({"rows": [{"word_count": 1}], "grades": [4, 5]}, "grades"),
        ({"rows": [{"word_count": 1}], "grades": [9]}, "grades.0"),
        ({"rows": [{"word_count": 1}], "grades": [4.5]}, "grades.0"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_wrong_rows_name_their_field(api: TestClient, body: object, field: str) -> None:
    problem(api.post("/inference/features", json=body), "invalid", field)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("students", {"student_id": ""}, "student_id"),
        ("students", {"student_id": "with blank"}, "student_id"),
        ("students", {"student_id": "s", "grade": 9}, "grade"),
        ("students", {"student_id": "s", "grade": 4.0}, "grade"),
        ("students", {"student_id": "s", "name": "Ada"}, "name"),
        ("students/s-1/responses", {}, "responses"),
        ("students/s-1/responses", {"responses": []}, "responses"),
        ("students/s-1/responses", {"responses": [{"text": "fine"}, {"text": ""}]}, "responses.1.text"),
        ("students/s-1/responses", {"responses": [{"text": "x" * 20_001}]}, "responses.0.text"),
        ("students/s-1/responses", {"responses": [{"text": "fine"}] * 101}, "responses"),
        ("students/s-1/responses", {"responses": [{"text": "fine", "at": "yesterday"}]}, "responses.0.at"),
        ("students/s-1/events", {"events": [EVENT, EVENT | {"type": "flew"}]}, "events.1.type"),
        ("students/s-1/events", {"events": [EVENT | {"student_id": "s-2"}]}, "events.0.student_id"),
        ("students/s-1/events", {"events": [EVENT | {"data": {"expected_seconds": -5}}]}, "events.0"),
        ("students/s-1/events", {"events": [EVENT] * 1001}, "events"),
    ],
)
def test_wrong_bodies_name_their_field_and_store_nothing(
    api: TestClient, known: str, path: str, body: object, field: str
) -> None:
    before = api.get(f"{V1}/students/{known}").json()
    problem(api.post(f"{V1}/{path}", json=body), "invalid", field)
    assert api.get(f"{V1}/students/{known}").json() == before


def test_a_conflict_in_a_batch_stores_nothing_of_it(api: TestClient, known: str) -> None:
    first = {"responses": [{"text": "one text", "response_id": "r1"}]}
    second = {"responses": [{"text": "new", "response_id": "r2"}, {"text": "another text", "response_id": "r1"}]}
    api.post(f"{V1}/students/{known}/responses", json=first)
    problem(api.post(f"{V1}/students/{known}/responses", json=second), "conflict")
    assert api.get(f"{V1}/students/{known}").json()["responses"] == 2


def test_a_wrong_student_id_in_the_address_is_named(api: TestClient) -> None:
    problem(api.get(f"{V1}/students/with%20blank"), "invalid", "student_id")
    problem(api.get(f"{V1}/students/{'x' * 129}"), "invalid", "student_id")
    problem(api.get(f"{V1}/students/a%2Fb"), "not-found")


def test_addresses_and_methods_that_there_are_not(api: TestClient) -> None:
    for path in ("/nope", f"{V1}/", f"{V1}/students/s-1/", "/api/v2/students"):
        problem(api.get(path), "not-found")
    answer = api.delete("/inference/features")
    problem(answer, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_that_is_not_json_by_its_type(api: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        answer = api.post("/inference/features", content=b"{}", headers={"Content-Type": kind})
        problem(answer, "unsupported-media-type")
    kind = {"Content-Type": "application/json; charset=utf-8"}
    problem(api.post("/inference/features", content=b"{}", headers=kind), "invalid", "rows")


def test_a_body_over_a_million_bytes_is_too_large(api: TestClient, known: str) -> None:
    json_type = {"Content-Type": "application/json"}
    for path in ("/inference/features", f"{V1}/students/{known}/responses", f"/inference/student/{known}"):
        problem(api.post(path, content=b" " * 1_000_001, headers=json_type), "too-large")
    problem(api.post("/inference/features", content=b" " * 1_000_000, headers=json_type), "invalid", "body")


def test_a_model_that_cannot_be_loaded_is_503_and_data_still_comes_in(settings: Settings) -> None:
    def broken(_settings: Settings) -> Bundle:
        raise BundleError("the bundle at /somewhere is corrupt")

    runtime = Runtime(settings, broken)
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        token = create_token(settings, Role.ADMIN, ttl=timedelta(hours=1))
        client.headers["Authorization"] = f"Bearer {token}"
        assert client.post(f"{V1}/students", json={"student_id": "s"}).status_code == 201
        answer = client.post("/inference/student/s")
        assert "somewhere" not in problem(answer, "model-unavailable")["detail"]
        assert answer.headers["retry-after"] == "5"
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"model": False, "store": True})
        assert client.get("/livez").status_code == 200


def test_a_database_that_cannot_be_opened_is_503(bundle: Bundle, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    runtime = Runtime(settings, lambda _settings: bundle)
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        token = create_token(settings, Role.ADMIN, ttl=timedelta(hours=1))
        client.headers["Authorization"] = f"Bearer {token}"
        problem(client.post(f"{V1}/students", json={"student_id": "s"}), "store-unavailable")
        assert client.get("/readyz").json() == {"model": True, "store": False}


def test_the_unforeseen_is_500_without_details(api: TestClient, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"a secret about {known}")

    monkeypatch.setattr("skillscope.service.assessing.compute_assessments", fails)
    body = problem(api.post(f"/inference/student/{known}"), "internal")
    assert "secret" not in str(body)
    assert known not in str(body)


def test_answers_are_not_to_be_kept_by_caches(api: TestClient, known: str) -> None:
    headers = api.get(f"{V1}/students/{known}").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_the_description_holds_every_problem(api: TestClient) -> None:
    description = api.get("/openapi.json").json()
    secured = description["paths"][f"{V1}/inference/student/{{student_id}}"]["post"]
    assert secured["security"] == [{"HTTPBearer": []}]
    assert set(secured["responses"]) == {"200", "401", "403", "404", "409", "422", "429", "500", "503"}
    for operations in description["paths"].values():
        for operation in operations.values():
            for status, told in operation["responses"].items():
                if status.startswith(("4", "5")) and "Readiness" not in str(told):
                    assert set(told["content"]) == {"application/problem+json"}, operation["operationId"]


def test_the_docs_page_needs_nothing_from_elsewhere(api: TestClient) -> None:
    assert api.get("/", follow_redirects=False).headers["location"] == "/docs"
    page = api.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert "SwaggerUIBundle" in api.get("/docs/assets/swagger-ui-bundle.js").text
    problem(api.get("/docs/assets/../../__init__.py"), "not-found")
    problem(api.get("/docs/assets/index.css"), "not-found")
