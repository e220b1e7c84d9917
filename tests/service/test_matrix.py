"""Every route of the API's description x every role x own and foreign: who gets through, and who is refused.

The routes come from the description, so a new one fails here until it says whom it serves.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from served_parts import DAY, TEXT, bearer
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import open_database
from skillscope.tutoring.bank import load_demo_tutoring

V1 = "/api/v1"
OPEN = {"/healthz", "/livez", "/readyz"}
EVERYBODY = frozenset(Role)
STAFF = EVERYBODY - {Role.STUDENT}
KEEPERS = frozenset({Role.SERVICE, Role.ADMIN})
EVENT = {"event_id": "e1", "session_id": "g", "type": "other", "at": "2026-01-05T10:00:00Z"}
LINES = {"Content-Type": "application/x-ndjson"}
XAPI = {"X-Experience-API-Version": "1.0.3"}
STATEMENT = {
    "actor": {"account": {"homePage": "https://school.example", "name": "{student_id}"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://game.example/bridge"},
    "timestamp": "2026-03-01T09:30:00Z",
}


@dataclass(frozen=True)
class Rule:
    """Whom a route serves, a body that it takes, and what a caller hears who is in the role but not in reach."""

    roles: frozenset[Role]
    body: Any = None
    foreign: int | None = 403
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    query: str = ""


RULES: dict[str, Rule] = {
    "GET /metrics": Rule(KEEPERS, foreign=None),
    f"POST {V1}/students": Rule(KEEPERS, {"student_id": "new"}, foreign=None),
    f"GET {V1}/students/{{student_id}}": Rule(EVERYBODY),
    f"POST {V1}/students/{{student_id}}/responses": Rule(EVERYBODY, {"responses": [{"text": TEXT}]}),
    f"POST {V1}/students/{{student_id}}/events": Rule(EVERYBODY, {"events": [EVENT]}),
    f"POST {V1}/students/{{student_id}}/responses:bulk": Rule(
        EVERYBODY, headers=LINES, content=b'{"text": "so it was"}'
    ),
    f"POST {V1}/students/{{student_id}}/events:bulk": Rule(
        EVERYBODY, headers=LINES, content=json.dumps(EVENT).encode()
    ),
    f"POST {V1}/xapi/statements": Rule(EVERYBODY, STATEMENT, headers=XAPI),
    f"PUT {V1}/xapi/statements": Rule(
        EVERYBODY, STATEMENT, headers=XAPI, query="?statementId=7ccd3322-e1a5-411a-a67d-6a735c76f11{number}"
    ),
    f"GET {V1}/xapi/statements": Rule(
        EVERYBODY,
        headers=XAPI,
        query='?agent={{"account": {{"homePage": "https://school.example", "name": "{student_id}"}}}}',
    ),
    f"POST {V1}/caliper/envelopes": Rule(
        EVERYBODY,
        {
            "type": "SessionEvent",
            "action": "LoggedIn",
            "actor": "{student_id}",
            "eventTime": "2026-03-01T09:30:00.000Z",
        },
    ),
    f"GET {V1}/models": Rule(STAFF, foreign=None),
    f"POST {V1}/models/reload": Rule(frozenset({Role.ADMIN}), foreign=None),
    f"GET {V1}/students/{{student_id}}/export": Rule(EVERYBODY - {Role.TEACHER}),
    f"GET {V1}/students/{{student_id}}/accesses": Rule(frozenset({Role.STUDENT, Role.ADMIN})),
    f"DELETE {V1}/students/{{student_id}}": Rule(frozenset({Role.ADMIN}), query="?dry_run=true"),
    f"GET {V1}/classes": Rule(STAFF, foreign=None),
    f"PUT {V1}/classes/{{class_id}}": Rule(KEEPERS, {"title": "Maths"}),
    f"DELETE {V1}/classes/{{class_id}}": Rule(KEEPERS),
    f"GET {V1}/classes/{{class_id}}/students": Rule(STAFF),
    f"PUT {V1}/classes/{{class_id}}/students/{{student_id}}": Rule(KEEPERS),
    f"DELETE {V1}/classes/{{class_id}}/students/{{student_id}}": Rule(KEEPERS),
    f"PUT {V1}/classes/{{class_id}}/teachers/{{teacher_id}}": Rule(KEEPERS),
    f"DELETE {V1}/classes/{{class_id}}/teachers/{{teacher_id}}": Rule(KEEPERS),
    f"POST {V1}/practice/start": Rule(EVERYBODY, {"student_id": "{student_id}", "count": 1}),
    f"POST {V1}/practice/submit": Rule(
        EVERYBODY,
        {
            "practice_id": "{practice_id}",
            "responses": [{"question_id": "{question_id}", "answer": "1", "time_spent": 1}],
        },
        foreign=404,
    ),
    f"POST {V1}/practice/help/{{practice_id}}/{{question_id}}": Rule(EVERYBODY, {"user_query": "why?"}, foreign=404),
    f"POST {V1}/practice/rate-feedback": Rule(EVERYBODY, {"practice_id": "{practice_id}", "rating": 3}, foreign=404),
    f"GET {V1}/study_plan/{{student_id}}": Rule(EVERYBODY),
    f"POST {V1}/study_plan/{{student_id}}": Rule(EVERYBODY),
    f"POST {V1}/study_plan/action/{{plan_id}}": Rule(EVERYBODY, {"task_index": 0, "action": "completed"}, foreign=404),
    f"POST {V1}/community/note": Rule(EVERYBODY, {"student_id": "{student_id}", "note_text": "hm"}),
    f"POST {V1}/community/question": Rule(EVERYBODY, {"student_id": "{student_id}", "text": "how?"}),
    f"POST {V1}/community/question/{{key}}/answers": Rule(EVERYBODY, {"text": "so"}, foreign=None),
    f"GET {V1}/community/questions": Rule(EVERYBODY, foreign=None),
    f"GET {V1}/community/question/{{key}}": Rule(EVERYBODY, foreign=None),
    f"GET {V1}/lessons": Rule(EVERYBODY, foreign=None),
    f"POST {V1}/inference/batch": Rule(STAFF, {"student_ids": ["{student_id}"]}, foreign=None),
    f"POST {V1}/inference/features": Rule(STAFF, {"rows": [{"word_count": 3}]}, foreign=None),
    **{
        f"{method} {prefix}/inference/student/{{student_id}}{tail}": Rule(EVERYBODY)
        for prefix in (V1, "")
        for method, tail in (("POST", ""), ("GET", ""), ("GET", "/history"))
    },
}


class World:
    """Two students, each in a class of an own teacher, each with a sitting, a plan and a question to the others."""

    def __init__(self, runtime: Runtime, client: TestClient) -> None:
        self.runtime = runtime
        self.client = client
        for name in ("1", "2"):
            self.call("POST", "/students", {"student_id": f"s-{name}", "grade": 4})
            self.call("POST", f"/students/s-{name}/responses", {"responses": [{"text": TEXT}]})
        load_demo_tutoring(runtime.sessions, ["s-1", "s-2"], questions=29)
        self.restore()
        self.parts = {name: self._of(name) for name in ("1", "2")}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """An admin's request that succeeds."""
        answer = self.client.request(method, f"{V1}{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def restore(self) -> None:
        """Make again what a request may have taken away."""
        for name in ("1", "2"):
            self.call("PUT", f"/classes/c-{name}", {})
            self.call("PUT", f"/classes/c-{name}/students/s-{name}")
            self.call("PUT", f"/classes/c-{name}/teachers/t-{name}")

    def _of(self, name: str) -> dict[str, str]:
        begun = self.call("POST", "/practice/start", {"student_id": f"s-{name}", "count": 1})
        asked = self.call("POST", "/community/question", {"student_id": f"s-{name}", "text": "how?"})
        self.call("POST", f"/inference/student/s-{name}")
        return {
            "student_id": f"s-{name}",
            "class_id": f"c-{name}",
            "teacher_id": f"t-{name}",
            "practice_id": begun["practice_id"],
            "question_id": begun["questions"][0]["question_id"],
            "plan_id": str(self.call("GET", f"/study_plan/s-{name}")["plan_id"]),
            "key": str(asked["community_question_id"]),
            "number": name,
        }

    def send(self, route: str, rule: Rule, name: str, headers: dict[str, str]) -> Any:
        """The route's request about the student, class or sitting of that name."""
        method, path = route.split(" ")
        if method == "DELETE":
            self.restore()
        filled = re.sub(r"\{(\w+)\}", lambda found: self.parts[name][found[1]], path)
        body = _filled(rule.body, self.parts[name])
        given = {"content": rule.content} if rule.content is not None else {"json": body} if body is not None else {}
        return self.client.request(
            method, filled + rule.query.format(**self.parts[name]), headers=headers | rule.headers, **given
        )


def _filled(body: Any, parts: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, parts) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, parts) for value in body]
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], body) if isinstance(body, str) else body


@pytest.fixture(scope="module")
def world(store: str, bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world on an emptied store."""
    with open_database(store).begin() as session:
        for table in ("students", "classes", "teachers", "questions", "lessons"):
            session.execute(text(f"DELETE FROM {table}"))
    folder: Path = tmp_path_factory.mktemp("matrix")
    runtime = Runtime(
        Settings(data_dir=folder, database_url=store, rate_per_minute=0, model_source="bundle"),
        lambda _settings: bundle,
    )
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        client.headers.update(bearer(runtime.settings, Role.ADMIN))
        yield World(runtime, client)
    with open_database(store).begin() as session:
        for table in ("students", "classes", "teachers", "questions", "lessons"):
            session.execute(text(f"DELETE FROM {table}"))


def test_every_route_has_a_rule(world: World) -> None:
    described = world.client.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, operations in described.items() for method in operations}
    ruled = {route for route in RULES if not route.split(" ")[1].startswith("/inference")}
    assert {route for route in routes if route.split(" ")[1] not in OPEN} == ruled


@pytest.mark.parametrize("route", RULES)
def test_own_and_foreign(world: World, route: str) -> None:
    rule = RULES[route]
    world.restore()

    def answered(role: Role, person: str | None = None, about: str = "1") -> int:
        answer = world.send(route, rule, about, bearer(world.runtime.settings, role, person, DAY))
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert "s-1" not in answer.text
            assert "s-2" not in answer.text
        status: int = answer.status_code
        return status

    assert answered(Role.ADMIN) < 300
    callers = {Role.STUDENT: ("s-1", "s-2"), Role.TEACHER: ("t-1", "t-2"), Role.SERVICE: (None, None)}
    for role, (own, foreign) in callers.items():
        if role not in rule.roles:
            assert answered(role, own) == 403
            assert answered(role, foreign) == 403
            continue
        assert answered(role, own) not in {401, 403, 404}
        if role is not Role.SERVICE and rule.foreign is not None:
            assert answered(role, foreign) == rule.foreign
            assert answered(role, own, about="2") == rule.foreign


@pytest.mark.parametrize("route", RULES)
def test_nobody_is_served(world: World, route: str) -> None:
    right = bearer(world.runtime.settings, Role.ADMIN)["Authorization"]
    expired = bearer(world.runtime.settings, Role.ADMIN, ttl=-DAY)["Authorization"]
    for header in ("", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", right[:-2], expired):
        answer = world.send(route, RULES[route], "1", {"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", [*sorted(OPEN), "/docs", "/openapi.json"])
def test_health_and_docs_are_open(world: World, path: str) -> None:
    assert world.client.get(path, headers={"Authorization": ""}).status_code == 200


def test_a_teacher_asking_for_many_hears_of_own_students_alone(world: World) -> None:
    world.restore()
    headers = bearer(world.runtime.settings, Role.TEACHER, "t-1")
    body = {"student_ids": ["s-1", "s-2", "nobody", "with blank", "s-1"]}
    results = world.client.post("/inference/batch", json=body, headers=headers).json()["results"]
    assert [result["status"] for result in results] == [200, 403, 403, 403, 200]
    assert [row["class_id"] for row in world.client.get(f"{V1}/classes", headers=headers).json()["classes"]] == ["c-1"]


def test_whether_others_exist_is_nothing_to_ask_about(world: World) -> None:
    for role, person in ((Role.STUDENT, "s-1"), (Role.TEACHER, "t-1")):
        headers = bearer(world.runtime.settings, role, person)
        answers = [
            world.client.get(f"{V1}/students/{name}", headers=headers) for name in ("s-2", "nobody", "%00", "a b")
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.json()["detail"] for answer in answers}) == 1
    headers = bearer(world.runtime.settings, Role.TEACHER, "t-1")
    answers = [world.client.get(f"{V1}/classes/{name}/students", headers=headers) for name in ("c-2", "none")]
    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
        (403, "a teacher's token reaches own classes alone")
    ] * 2


def test_a_teacher_who_teaches_no_more_sees_no_more(world: World) -> None:
    world.restore()
    headers = bearer(world.runtime.settings, Role.TEACHER, "t-1")
    assert world.client.get(f"{V1}/students/s-1", headers=headers).status_code == 200
    world.call("DELETE", "/classes/c-1/teachers/t-1")
    assert world.client.get(f"{V1}/students/s-1", headers=headers).status_code == 403
    world.restore()
    world.call("DELETE", "/classes/c-1/students/s-1")
    assert world.client.get(f"{V1}/students/s-1", headers=headers).status_code == 403
    world.restore()
