"""Requests generated from the description: no 5xx, no status, type or body that it does not tell of.

The same few every time; the whole run, of thousands and with sequences of requests, is a command
(see `schemathesis_hooks`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import schemathesis_hooks
from hypothesis import HealthCheck, Phase, given, settings

from served_parts import bearer
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.tutoring.bank import load_demo_tutoring

FEW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
assert schemathesis_hooks.__all__  # importing it registers the hooks


@pytest.fixture(scope="module")
def described(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of an app whose store holds a question bank."""
    place = Settings(
        data_dir=tmp_path_factory.mktemp("generated"),
        model_source="bundle",
        rate_per_minute=0,
        service_rate_per_minute=0,
    )
    runtime = Runtime(place, lambda _settings: bundle)
    load_demo_tutoring(runtime.sessions, [], questions=29)
    config = schemathesis.Config.from_path(Path(__file__).with_name("schemathesis.toml"))
    app = create_app(runtime)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema.admin = bearer(place, Role.ADMIN)
    yield schema
    runtime.sessions.kw["bind"].dispose()


def test_each_route_alone(described: Any) -> None:
    asked = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(FEW, max_examples=6)
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=described.admin)

        check()
    assert asked > 150
