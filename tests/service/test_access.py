"""Every route x every role x own and foreign student; tokens that are none."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from served_parts import TEXT
from skillscope.service.revocation import revoke
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role

Headers = Callable[..., dict[str, str]]

OPEN = [("GET", "/healthz"), ("GET", "/livez"), ("GET", "/readyz"), ("GET", "/docs"), ("GET", "/openapi.json")]
EVENT = {"event_id": "e1", "session_id": "g", "type": "other", "at": "2026-01-05T10:00:00Z"}
RESPONSES = {"responses": [{"text": TEXT}]}
PRACTICE = tuple(f"/api/v1/{name}" for name in ("practice", "study_plan", "community", "lessons"))
EVERYBODY = set(Role)
STAFF = EVERYBODY - {Role.STUDENT}


class Route(NamedTuple):
    """One route, a body that it takes, and the roles that it serves."""

    method: str
    path: str
    body: object
    roles: set[Role]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


ROUTES = [
    Route("POST", "/api/v1/students", {"student_id": "new"}, STAFF),
    Route("GET", "/api/v1/students/{}", None, EVERYBODY),
    Route("POST", "/api/v1/students/{}/responses", RESPONSES, EVERYBODY),
    Route("POST", "/api/v1/students/{}/events", {"events": [EVENT]}, EVERYBODY),
    Route("POST", "/inference/batch", {"student_ids": ["s-1", "nobody"]}, STAFF),
    Route("POST", "/api/v1/inference/batch", {"student_ids": ["s-1"]}, STAFF),
    Route("POST", "/inference/features", {"rows": [{"word_count": 3}]}, STAFF),
    Route("POST", "/api/v1/inference/features", {"rows": [{"word_count": 3}]}, STAFF),
    *(
        Route(method, f"{prefix}/inference/student/{{}}{tail}", None, EVERYBODY)
        for prefix in ("", "/api/v1")
        for method, tail in (("POST", ""), ("GET", ""), ("GET", "/history"))
    ),
    Route("GET", "/metrics", None, {Role.SERVICE, Role.ADMIN}),
]


def _paths(client: TestClient) -> set[tuple[str, str]]:
    described = client.get("/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, operations in described.items() for method in operations}


def test_the_matrix_holds_every_route(api: TestClient) -> None:
    held = {(method, path.replace("{}", "{student_id}")) for method, path, *_ in ROUTES} | set(OPEN)
    of_practice = {(method, path) for method, path in _paths(api) if path.startswith(PRACTICE)}  # test_practice_api
    assert _paths(api) - of_practice <= held


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_who_may_do_what(api: TestClient, known: str, token_for: Headers, route: Route) -> None:
    api.post(f"/inference/student/{known}")
    for role in Role:
        own = token_for(role, known if role is Role.STUDENT else None)
        answer = api.request(route.method, route.path.format(known), json=route.body, headers=own)
        assert (answer.status_code < 300) == (role in route.roles), (role, answer.text)
        if role not in route.roles:
            assert answer.status_code == 403
    if "{}" in route.path:
        foreign = token_for(Role.STUDENT, "s-2")
        assert api.request(route.method, route.path.format(known), json=route.body, headers=foreign).status_code == 403
        own = token_for(Role.STUDENT, known)  # whether somebody else exists is nothing to ask about
        assert api.request(route.method, route.path.format("nobody"), json=route.body, headers=own).status_code == 403


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_nobody_may_do_anything(api: TestClient, token_for: Headers, route: Route) -> None:
    expired = token_for(Role.ADMIN, ttl=timedelta(seconds=-1))
    right = token_for(Role.ADMIN)["Authorization"]
    for header in ("", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", right[:-2], right.replace("Bearer", "Token")):
        sent = {"Authorization": header}
        answer = api.request(route.method, route.path.format("s-1"), headers=sent, content=b"{not json")
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    assert api.request(route.method, route.path.format("s-1"), headers=expired).status_code == 401


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_health_and_docs_are_open(api: TestClient, method: str, path: str) -> None:
    del api.headers["Authorization"]
    assert api.request(method, path).status_code == 200


def test_a_revoked_token_is_refused(
    api: TestClient, runtime: Runtime, token_for: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillscope.service.runtime.REVOCATION_SECONDS", 0.0)
    headers = token_for(Role.SERVICE)
    assert api.get("/metrics", headers=headers).status_code == 200
    assert revoke(runtime.settings, headers["Authorization"].removeprefix("Bearer "))
    answer = api.get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert api.get("/metrics", headers=token_for(Role.SERVICE)).status_code == 200
