"""Tokens that were right once."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from skillscope.service.revocation import revoke
from skillscope.service.runtime import Runtime
from skillscope.service.secrets import rotate_secret
from skillscope.service.tokens import Role

Headers = Callable[..., dict[str, str]]


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


def test_a_running_service_takes_tokens_of_a_new_secret_and_of_the_one_before(
    api: TestClient, runtime: Runtime, token_for: Headers
) -> None:
    before = token_for(Role.SERVICE)
    assert api.get("/metrics", headers=before).status_code == 200
    rotate_secret(runtime.settings)
    assert api.get("/metrics", headers=token_for(Role.SERVICE)).status_code == 200
    assert api.get("/metrics", headers=before).status_code == 200
