"""Nothing that the service emits names a student: not its logs, metrics, traces, errors, or receipts."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.testclient import TestClient

from served_parts import bearer
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.tutoring.bank import load_demo_tutoring

V1 = "/api/v1"
CHILD = "private-child-0147"
TEACHER = "private-teacher-9"
TEXT = "Mnemosyne and I shared our quokka drawing because Aurelia cried."
WORDS = (CHILD, TEACHER, "Mnemosyne", "quokka", "Aurelia")
VERSION = {"X-Experience-API-Version": "1.0.3"}
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Collector:
    """A real OTLP collector on loopback."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self) -> list[Any]:
        """The spans received."""
        found: list[Any] = []
        for raw in self.received:
            request = ExportTraceServiceRequest.FromString(raw)
            found += [span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]
        return found

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """The collector; requests to it take no proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Collector()
    yield made
    made.close()


def walk(client: TestClient) -> list[Any]:
    """A full run over the routes, the right way and every wrong one; the refusals."""
    of_student = f"{V1}/students/{CHILD}"
    event = {"event_id": "e", "session_id": CHILD, "type": "other", "at": "2026-01-05T10:00:00Z", "task_id": CHILD}
    statement = {
        "actor": {"account": {"homePage": "https://x.example", "name": CHILD}},
        "verb": {"id": f"https://x.example/{CHILD}"},
        "object": {"id": "https://x.example/bridge"},
        "timestamp": "2026-03-01T09:30:00Z",
    }
    lines = {"Content-Type": "application/x-ndjson"}
    wrong = json.dumps({"text": TEXT, CHILD: 1}).encode()
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{V1}/students", {"json": {"student_id": CHILD, "grade": 4}}),
        ("POST", f"{V1}/students", {"json": {"student_id": CHILD, "grade": 5}}),
        ("POST", f"{V1}/students", {"json": {"student_id": f"{CHILD} {TEXT}"}}),
        ("PUT", f"{V1}/classes/c-1", {"json": {"title": "Maths"}}),
        ("PUT", f"{V1}/classes/c-1/students/{CHILD}", {}),
        ("PUT", f"{V1}/classes/c-1/teachers/{TEACHER}", {}),
        ("POST", f"{of_student}/responses", {"json": {"responses": [{"text": TEXT, "response_id": "r"}]}}),
        ("POST", f"{of_student}/responses", {"json": {"responses": [{"text": f"{TEXT}!", "response_id": "r"}]}}),
        ("POST", f"{of_student}/responses", {"json": {"responses": [{"text": TEXT, "at": TEXT, TEXT[:9]: TEXT}]}}),
        (
            "POST",
            f"{of_student}/responses",
            {"content": TEXT.encode(), "headers": {"Content-Type": "application/json"}},
        ),
        ("POST", f"{of_student}/responses:bulk", {"content": b'{"text": "' + TEXT.encode(), "headers": lines}),
        ("POST", f"{of_student}/events", {"json": {"events": [event, event | {"student_id": f"{CHILD}-2"}]}}),
        ("POST", f"{of_student}/events", {"json": {"events": [event]}}),
        ("POST", f"{V1}/xapi/statements", {"json": [statement], "headers": VERSION}),
        ("POST", f"{V1}/xapi/statements", {"json": [statement | {"timestamp": TEXT}], "headers": VERSION}),
        ("POST", f"{V1}/xapi/statements", {"json": [statement | {"id": CHILD}], "headers": VERSION}),
        ("POST", f"{V1}/caliper/envelopes", {"json": {"data": [{"actor": CHILD, "action": TEXT}]}}),
        ("GET", f"{of_student}-other", {}),
        ("POST", f"/inference/student/{CHILD}?evidence=true", {"headers": {"Idempotency-Key": CHILD}}),
        ("POST", f"/inference/student/{CHILD}?skill={CHILD}", {}),
        ("GET", f"/inference/student/{CHILD}/history?cursor={CHILD}", {}),
        ("GET", f"/nowhere/{CHILD}?{TEXT[:9]}", {}),
        ("DELETE", f"/inference/student/{CHILD}", {}),
        ("POST", f"{V1}/practice/start", {"json": {"student_id": CHILD, "count": 1}}),
        ("POST", f"{V1}/practice/start", {"json": {"student_id": f"{CHILD}-other", "count": 1}}),
        ("POST", f"{V1}/community/note", {"json": {"student_id": CHILD, "note_text": TEXT}}),
        ("POST", f"{V1}/community/question", {"json": {"student_id": CHILD, "text": TEXT, TEXT[:9]: 1}}),
        ("GET", f"{of_student}/export", {}),
        ("DELETE", of_student, {}),
        ("DELETE", of_student, {}),
    ]
    answers = [client.request(method, path, **given) for method, path, given in asked]
    answers.append(client.post(f"{of_student}/responses:bulk", content=wrong, headers=lines))
    return [answer for answer in answers if answer.status_code >= 400]


def test_a_full_run_leaves_no_name_anywhere(
    bundle: Bundle, tmp_path: Any, caplog: pytest.LogCaptureFixture, collector: Collector, capfd: Any
) -> None:
    place = Settings(data_dir=tmp_path, production=True, otlp_endpoint=collector.endpoint)
    runtime = Runtime(place, lambda _settings: bundle)
    app = create_app(runtime)
    for name in ("httpx", "httpx2", "httpcore", "httpcore2"):  # the test's own client
        caplog.set_level(logging.CRITICAL, name)
    caplog.set_level(logging.DEBUG)
    for name in ("skillscope.service", "skillscope.requests"):
        logging.getLogger(name).addHandler(caplog.handler)
    try:
        with TestClient(app, raise_server_exceptions=False) as client:
            client.headers.update(bearer(place, Role.ADMIN) | {"traceparent": PARENT})
            load_demo_tutoring(runtime.sessions, [], questions=29)
            refused = walk(client)
            foreign = bearer(place, Role.TEACHER, TEACHER)
            refused += [client.get(f"{V1}/students/{CHILD}", headers=foreign)]
            metrics = client.get("/metrics").text
        app.state.tracing.close()
    finally:
        for name in ("skillscope.service", "skillscope.requests"):
            logging.getLogger(name).removeHandler(caplog.handler)
    runtime.sessions.kw["bind"].dispose()
    assert len(refused) >= 17
    spans = collector.spans()
    assert len(spans) >= 30
    assert {span.trace_id.hex() for span in spans} == {PARENT.split("-")[1]}
    assert "POST /inference/student/{student_id}" in {span.name for span in spans}
    out = capfd.readouterr()
    emitted = {
        "logs": caplog.text + "".join(str(record.__dict__) for record in caplog.records),
        "output": out.out + out.err,
        "metrics": metrics,
        "traces": b"".join(collector.received).decode("utf-8", "replace"),
        "errors": "".join(answer.text + str(answer.headers) for answer in refused),
    }
    assert "/inference/student/{student_id}" in emitted["logs"]
    for kind, text in emitted.items():
        for word in WORDS:
            assert word not in text, (kind, word)


def test_in_production_each_line_of_the_log_is_json(bundle: Bundle, tmp_path: Any) -> None:
    place = Settings(data_dir=tmp_path, production=True)
    runtime = Runtime(place, lambda _settings: bundle)
    app = create_app(runtime)
    written = io.StringIO()
    logger = logging.getLogger("skillscope.requests")
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.handlers[0].formatter)
    logger.addHandler(handler)
    try:
        with TestClient(app) as client:
            client.get("/livez")
            client.post("/inference/student/nobody", headers=bearer(place, Role.ADMIN))
    finally:
        logger.removeHandler(handler)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(row["method"], row["route"], row["status"]) for row in lines] == [
        ("GET", "/livez", 200),
        ("POST", "/inference/student/{student_id}", 404),
    ]
    assert all(len(row["request"]) == 36 and row["level"] == "info" for row in lines)
    runtime.sessions.kw["bind"].dispose()
