"""Fixtures of the conversations' tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from provider_server import ProviderServer, Reply

from skillscope.conversations import ConversationJob, generate_conversations


@pytest.fixture
def conversation_server() -> Iterator[ProviderServer]:
    server = ProviderServer(lambda seen: Reply())
    yield server
    server.stop()


@pytest.fixture(scope="session", params=["coding", "tutoring"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One hundred conversations of a library, from templates."""
    job = ConversationJob(library=request.param, output_dir=tmp_path_factory.mktemp(request.param))
    return generate_conversations(job).output


@pytest.fixture(scope="session")
def coding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One hundred coding conversations from templates."""
    return generate_conversations(ConversationJob(output_dir=tmp_path_factory.mktemp("coding-only"))).output
