"""Every route's description shows a request and an answer, and they are real: taken from the app, and of its shape.

`SKILLSCOPE_WRITE_EXAMPLES=1 pytest tests/service/test_examples.py` takes them anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from served_parts import bearer
from skillscope.modeling.bundle import Bundle
from skillscope.service import description
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.tutoring.bank import load_demo_tutoring

V1 = "/api/v1"
FILE = Path(description.__file__).with_name("examples.json")
S = "s-0147"
AT = "2026-03-01T09:30:00Z"
STATEMENT = {
    "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
    "actor": {"account": {"homePage": "https://school.example", "name": S}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://game.example/bridge-3"},
    "timestamp": AT,
}
ENVELOPE_EVENT = {
    "id": "urn:uuid:3a648e68-f00d-4c08-aa59-8738e1884f2c",
    "type": "AssessmentItemEvent",
    "action": "Completed",
    "actor": S,
    "object": "https://game.example/bridge-3",
    "eventTime": AT,
}
EVENT = {"event_id": "e-1", "session_id": "game-7", "type": "task_started", "at": AT, "task_id": "bridge-3"}
RESPONSE = {"response_id": "r-1", "text": "She looked sad, so I asked her what was wrong and we sat together."}
LINE = '{"response_id": "r-2", "text": "We tried it again and it worked."}\n{"response_id": "r-3", "text": " "}\n'


class Book:
    """Asks the app, and writes down what was asked and answered by route."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.examples: dict[str, dict[str, Any]] = {}

    def ask(self, method: str, path: str, body: Any = None, *, headers: Any = None, **filled: Any) -> Any:
        """One request; `path` is the template after `/api/v1`, `filled` its parts."""
        address = f"{V1}{path.format(**filled)}"
        given: dict[str, Any] = (
            {"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}
        )
        answer = self.client.request(method, address, headers=headers, **given)
        assert answer.status_code < 300, answer.text
        told: dict[str, Any] = {} if body is None else {"request": body}
        if answer.headers.get("content-type", "").startswith("application/json"):
            told["response"] = _short(answer.json())
        elif answer.content and "zip" not in answer.headers["content-type"]:
            told["response"] = answer.text[:60]
        self.examples[f"{method} {V1}{path}"] = told
        return answer.json() if "response" in told else None


def _short(value: Any) -> Any:
    """Long lists cut to two."""
    if isinstance(value, list):
        return [_short(item) for item in value[:2]]
    return {key: _short(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def book(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A walk over all routes on an empty store."""
    place = Settings(data_dir=tmp_path_factory.mktemp("examples"), model_source="bundle")
    runtime = Runtime(place, lambda _settings: bundle)
    with TestClient(create_app(runtime)) as client:
        client.headers.update(bearer(place, Role.ADMIN))
        made = Book(client)
        _walk(made, runtime)
        for path in ("/healthz", "/livez"):
            made.examples[f"GET {path}"] = {"response": client.get(path).text}
        made.examples["GET /readyz"] = {"response": client.get("/readyz").json()}
        made.examples["GET /metrics"] = {"response": "\n".join(client.get("/metrics").text.splitlines()[:3])}
        yield made
    runtime.sessions.kw["bind"].dispose()


def _walk(book: Book, runtime: Runtime) -> None:
    ask = book.ask
    student = {"student_id": S}
    ask("POST", "/students", student | {"grade": 4})
    load_demo_tutoring(runtime.sessions, [S], questions=29)
    ask("POST", "/students/{student_id}/responses", {"responses": [RESPONSE]}, **student)
    ask("POST", "/students/{student_id}/events", {"events": [EVENT]}, **student)
    lines = {"Content-Type": "application/x-ndjson"}
    ask("POST", "/students/{student_id}/responses:bulk", LINE, headers=lines, **student)
    bulk = json.dumps(EVENT | {"event_id": "e-2", "type": "task_completed"}) + "\n"
    ask("POST", "/students/{student_id}/events:bulk", bulk, headers=lines, **student)
    xapi = {"X-Experience-API-Version": "1.0.3"}
    ask("POST", "/xapi/statements", [STATEMENT], headers=xapi)
    query = f"?statementId={STATEMENT['id']}"
    ask("PUT", "/xapi/statements" + query, STATEMENT, headers=xapi)
    book.examples[f"PUT {V1}/xapi/statements"] = book.examples.pop(f"PUT {V1}/xapi/statements{query}")
    ask("GET", "/xapi/statements", headers=xapi)
    ask("POST", "/caliper/envelopes", {"sensor": "https://game.example", "data": [ENVELOPE_EVENT]})
    ask("GET", "/students/{student_id}", **student)
    for method, path, body in (
        ("PUT", "/classes/{class_id}", {"title": "Maths 4b", "org_id": "school-12"}),
        ("PUT", "/classes/{class_id}/students/{student_id}", None),
        ("PUT", "/classes/{class_id}/teachers/{teacher_id}", None),
        ("GET", "/classes", None),
        ("GET", "/classes/{class_id}/students", None),
        ("DELETE", "/classes/{class_id}/students/{student_id}", None),
        ("DELETE", "/classes/{class_id}/teachers/{teacher_id}", None),
        ("DELETE", "/classes/{class_id}", None),
        ("POST", "/inference/student/{student_id}", None),
        ("GET", "/inference/student/{student_id}", None),
        ("GET", "/inference/student/{student_id}/history", None),
        ("POST", "/inference/batch", {"student_ids": [S, "s-9999"]}),
        ("POST", "/inference/features", {"rows": [{"empathy_markers": 0.1, "word_count": 40}]}),
        ("GET", "/models", None),
        ("POST", "/models/reload", None),
    ):
        ask(method, path, body, class_id="c-4b", teacher_id="t-12", **student)
    begun = ask("POST", "/practice/start", student | {"count": 2})
    practice = {"practice_id": begun["practice_id"]}
    question = {"question_id": begun["questions"][0]["question_id"]}
    given = question | {"answer": "4", "time_spent": 31.5}
    ask("POST", "/practice/submit", practice | {"responses": [given]})
    ask("POST", "/practice/help/{practice_id}/{question_id}", {"user_query": "Why is x = 2?"}, **practice, **question)
    ask("POST", "/practice/rate-feedback", practice | {"rating": 4})
    plan = ask("GET", "/study_plan/{student_id}", **student)
    ask("POST", "/study_plan/action/{plan_id}", {"task_index": 0, "action": "completed"}, plan_id=plan["plan_id"])
    ask("POST", "/study_plan/{student_id}", **student)
    ask("POST", "/community/note", student | {"note_text": "Circles are hard for me."})
    asked = ask("POST", "/community/question", student | {"text": "How do you find the radius?"})
    key = asked["community_question_id"]
    ask("POST", "/community/question/{key}/answers", {"text": "Halve the diameter."}, key=key)
    ask("GET", "/community/questions")
    ask("GET", "/community/question/{key}", key=key)
    ask("GET", "/lessons")
    ask("GET", "/students/{student_id}/export", **student)
    ask("GET", "/students/{student_id}/accesses", **student)
    ask("DELETE", "/students/{student_id}", **student)


def _shape(value: Any) -> Any:
    """Names and kinds, without values; what depends on data (counts by table, versions) keeps its kind alone."""
    if isinstance(value, dict):
        return sorted(value)
    return type(value).__name__


def test_the_examples_are_what_the_service_answers(book: Book) -> None:
    if os.environ.get("SKILLSCOPE_WRITE_EXAMPLES"):
        FILE.write_text(json.dumps(book.examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert kept.keys() == book.examples.keys()
    for route, told in book.examples.items():
        assert {part: _shape(value) for part, value in told.items()} == {
            part: _shape(value) for part, value in kept[route].items()
        }, route


def test_every_route_shows_them_and_they_fit_its_schema(book: Book) -> None:
    described = book.client.get("/openapi.json").json()
    parts = {"components": described["components"]}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                assert "example" in content, name
                if kind == "application/json":
                    jsonschema.validate(content["example"], content["schema"] | parts)
            for status, told in operation["responses"].items():
                for kind, content in told.get("content", {}).items():
                    if status.startswith("2") and "zip" not in kind:
                        assert "example" in content, (name, status)
                    if status.startswith("2") and kind == "application/json":
                        jsonschema.validate(content["example"], content["schema"] | parts)
