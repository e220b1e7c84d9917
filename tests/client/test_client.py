"""The clients against the real app: every call, refusals, and what is sent again."""

import asyncio
import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from served_parts import DAY, TEXT
from skillscope.client import AsyncClient, Client, ServiceError
from skillscope.client.calls import Calls
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings
from small_parts import train_small_bundle

EVENT = {"event_id": "e1", "session_id": "g", "type": "help_given", "at": datetime.now(UTC).isoformat()}
STATEMENT = {
    "actor": {"account": {"homePage": "https://x.example", "name": "s-1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://x.example/bridge"},
    "timestamp": "2026-03-01T09:30:00Z",
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle."""
    return train_small_bundle(tmp_path_factory.mktemp("models") / "skillscope")


@pytest.fixture
def runtime(bundle: Bundle, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime on an empty store."""
    made = Runtime(Settings(data_dir=tmp_path, model_source="bundle"), lambda _settings: bundle)
    yield made
    made.sessions.kw["bind"].dispose()


class ToApp(httpx.BaseTransport):
    """Brings a synchronous client's requests to the app in this process."""

    def __init__(self, runtime: Runtime) -> None:
        self.app = httpx.ASGITransport(create_app(runtime), raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""

        async def ask() -> httpx.Response:
            body = request.read()
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            answer = await self.app.handle_async_request(sent)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(ask())


def token(runtime: Runtime, role: Role = Role.ADMIN) -> str:
    """A token of a role."""
    return create_token(runtime.settings, role, ttl=DAY)


def test_every_call_of_the_synchronous_client(runtime: Runtime, bundle: Bundle) -> None:
    with Client("http://app", token(runtime), transport=ToApp(runtime)) as api:
        assert api.ready().model
        assert api.register("s-1", 4).grade == 4
        assert api.add_responses("s-1", [{"text": TEXT, "response_id": "r"}]).added == ["r"]
        assert api.add_events("s-1", [EVENT]).added == ["e1"]
        bulk = api.add_many_responses("s-1", [{"text": f"{TEXT} ü"}, {"text": " "}])
        assert (len(bulk.added), [error.line for error in bulk.errors]) == (1, [2])
        assert api.add_many_events("s-1", [EVENT]).unchanged == ["e1"]
        (stored,) = api.add_statements(STATEMENT)
        assert api.statement(stored)["id"] == stored
        agent = STATEMENT["actor"]
        assert [one["id"] for one in api.statements(agent=agent, limit=1, ascending=True).statements] == [stored]
        assert api.add_envelope({"data": []}).added == []
        assessment = api.assess("s-1", evidence=True)
        assert assessment.scores[0].evidence
        assert api.last_assessment("s-1", skill="empathy").scores[0].skill == "empathy"
        assert api.history("s-1", limit=1).assessments[0].assessment_id == assessment.assessment_id
        assert [outcome.status for outcome in api.assess_many(["s-1", "nobody"]).results] == [200, 404]
        assert len(api.score_features([{"word_count": 9.0}]).results[0].scores) == 4
        assert api.put_class("c-1", title="Maths").students == 0
        api.enrol_student("c-1", "s-1")
        api.enrol_teacher("c-1", "t-1")
        assert [row.student_id for row in api.class_students("c-1").students] == ["s-1"]
        assert [row.class_id for row in api.classes().classes] == ["c-1"]
        api.withdraw_teacher("c-1", "t-1")
        api.withdraw_student("c-1", "s-1")
        api.remove_class("c-1")
        serving = api.models().serving
        assert serving is not None
        assert serving.version == api.reload_model().serving == bundle.version
        with zipfile.ZipFile(io.BytesIO(api.export("s-1"))) as archive:
            assert json.loads(archive.read("student.json"))["student_id"] == "s-1"
        assert api.accesses("s-1").accesses
        assert api.erase("s-1", dry_run=True).receipt is None
        assert api.erase("s-1").receipt
        with pytest.raises(ServiceError, match="404 not-found"):
            api.student("s-1")


def test_the_asynchronous_client_has_the_same_calls(runtime: Runtime) -> None:
    async def work() -> list[str]:
        transport = httpx.ASGITransport(create_app(runtime))
        async with AsyncClient("http://app", token(runtime), transport=transport) as api:
            await api.register("s-1")
            await api.add_responses("s-1", [{"text": TEXT}])
            made = await asyncio.gather(*(api.assess("s-1") for _ in range(3)))
            return [assessment.assessment_id for assessment in made]

    assert len(set(asyncio.run(work()))) == 3
    for name in vars(Calls):
        if not name.startswith("_"):
            assert name in vars(Client), name
            assert name in vars(AsyncClient), name


def test_a_refusal_says_what_was_wrong(runtime: Runtime) -> None:
    with Client("http://app", token(runtime), transport=ToApp(runtime)) as api:
        api.register("s-1")
        with pytest.raises(ServiceError) as refused:
            api.add_responses("s-1", [{"text": " "}])
        assert (refused.value.status, refused.value.kind) == (422, "invalid")
        assert refused.value.errors[0]["field"] == "responses.0.text"
        with pytest.raises(ServiceError) as refused:
            api.assess("s-1")
        assert refused.value.missing


class Answers(httpx.BaseTransport):
    """Gives prepared answers and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The next answer."""
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a client waits, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def _refused(status: int, kind: str, after: str | None = None) -> httpx.Response:
    headers = {"Retry-After": after} if after else {}
    return httpx.Response(status, json={"type": f"urn:skillscope:problem:{kind}"}, headers=headers)


def test_what_came_too_early_or_found_nobody_is_sent_again_with_its_key(slept: list[float]) -> None:
    done = httpx.Response(201, json={"added": ["r"], "unchanged": []})
    lost = httpx.ReadError("gone")
    answers = Answers(_refused(429, "rate-limited", "7"), lost, _refused(409, "in-flight", "1"), done)
    with Client("http://x", "t", transport=answers) as api:
        assert api.add_responses("s-1", [{"text": TEXT}]).added == ["r"]
    assert slept == [7.0, 0.4, 1.0]
    assert len({request.headers["idempotency-key"] for request in answers.requests}) == 1
    assert len({request.content for request in answers.requests}) == 1


def test_what_may_not_be_done_twice_or_is_wrong_is_sent_once(slept: list[float]) -> None:
    cases: list[tuple[Any, httpx.Response | Exception]] = [
        (Calls.erase("s-1"), httpx.ReadError("gone")),
        (Calls.reload_model(), _refused(503, "store-unavailable", "5")),
        (Calls.student("s-1"), _refused(404, "not-found")),
        (Calls.student("s-1"), httpx.Response(500, text="no JSON")),
    ]
    for call, answer in cases:
        answers = Answers(answer)
        with Client("http://x", "t", transport=answers) as api, pytest.raises((ServiceError, httpx.ReadError)):
            api.send(call)
    assert slept == []


def test_tries_end(slept: list[float]) -> None:
    answers = Answers(*(_refused(503, "store-unavailable", "5") for _ in range(3)))
    with Client("http://x", "t", tries=3, transport=answers) as api, pytest.raises(ServiceError) as refused:
        api.student("s-1")
    assert (refused.value.retry_after, slept) == (5.0, [5.0, 5.0])


def test_ids_are_quoted_in_addresses() -> None:
    assert Calls.student("a/b?c").path == "/api/v1/students/a%2Fb%3Fc"
