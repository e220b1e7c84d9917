"""Fixtures of the engine's tests."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from skillscope.settings import Settings
from skillscope.synthesis.providers.client import Client, Policy
from skillscope.synthesis.providers.connect import ClientOptions, connect

sys.path.insert(0, str(Path(__file__).parent))
from provider_server import SECRET, ProviderServer, Reply

MODELS = {"openai": "gpt-4o-mini", "gemini": "gemini-2.5-flash"}


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    """A provider that answers `{}` until a test scripts it."""
    server = ProviderServer(lambda seen: Reply())
    yield server
    server.stop()


@pytest.fixture(params=["openai", "gemini"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", openai_api_key=SecretStr(SECRET), google_api_key=SecretStr(SECRET))


@pytest.fixture
def open_client(server: ProviderServer, settings: Settings) -> Iterator[Callable[..., Client]]:
    """Clients of the scripted server with a short patience; keywords go to ClientOptions, `policy_` ones to Policy."""
    opened: list[Client] = []

    def open_one(name: str, **options: Any) -> Client:
        patience = {"tries": 3, "timeout": 5.0, "backoff": 0.005, "backoff_max": 0.02, "longest_wait": 5.0}
        policy = {key.removeprefix("policy_"): options.pop(key) for key in list(options) if key.startswith("policy_")}
        client = connect(
            name,
            ClientOptions(
                **({"model": MODELS[name], "base_url": server.url(name)} | options),
                policy=Policy(**(patience | policy)),
            ),
            settings=settings,
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        client.close()
