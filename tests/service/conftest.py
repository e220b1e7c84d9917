"""The API in this process, on either database; and, once a session, the real thing under `bentoml serve`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.serving import SERVICE
from skillscope.service.tokens import Role, create_token
from skillscope.settings import Settings
from skillscope.store import open_database
from small_parts import empty_schema, train_small_bundle

DAY = timedelta(days=1)
TEXT = "She looked sad, so I asked her what was wrong and we sat together."


def bearer(settings: Settings, role: Role, student_id: str | None = None, ttl: timedelta = DAY) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {create_token(settings, role, student_id=student_id, ttl=ttl)}"}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle, in a models folder as `skillscope`."""
    return train_small_bundle(tmp_path_factory.mktemp("models") / "skillscope")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a store of each kind, with its tables; the tests empty it."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'skillscope.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(empty_schema(request.getfixturevalue("postgres_server")))
        stack.callback(open_database(url).kw["bind"].dispose)
        yield url


@pytest.fixture
def settings(store: str, tmp_path: Path) -> Settings:
    """Settings on an empty store."""
    with open_database(store).begin() as session:
        for table in ("students", "revoked_tokens"):
            session.execute(text(f"DELETE FROM {table}"))
    return Settings(data_dir=tmp_path / "data", database_url=store)


@pytest.fixture
def runtime(settings: Settings, bundle: Bundle) -> Runtime:
    """A runtime with the small bundle."""
    return Runtime(settings, lambda _settings: bundle)


@pytest.fixture
def api(runtime: Runtime) -> Iterator[TestClient]:
    """The app with a teacher's token; errors come back as they would to a client."""
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        client.headers.update(bearer(runtime.settings, Role.TEACHER))
        yield client


@pytest.fixture
def known(api: TestClient) -> str:
    """A student with enough evidence."""
    assert api.post("/api/v1/students", json={"student_id": "s-1", "grade": 4}).status_code == 201
    assert api.post("/api/v1/students/s-1/responses", json={"responses": [{"text": TEXT}]}).status_code == 201
    return "s-1"


@dataclass(frozen=True)
class Served:
    """A running `bentoml serve`: where it is, what signs its tokens, and what it wrote."""

    url: str
    settings: Settings
    log: Path
    client: httpx.Client


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start_service(
    folder: Path, environment: dict[str, str], target: str = SERVICE
) -> tuple[subprocess.Popen[bytes], str, Path]:
    """Start `bentoml serve` and wait until it is ready."""
    port = free_port()
    log = folder / "log"
    command = [sys.executable, "-m", "bentoml", "serve", target, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return process, url, log
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    stop_service(process)
    pytest.fail(f"the service did not become ready:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")


def stop_service(process: subprocess.Popen[bytes]) -> None:
    """Interrupt it as Ctrl-C does, and see that nothing is left of its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="session")
def served(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service in production form with two workers, on SQLite."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(data_dir=folder / "data")
    models = folder / "models"
    models.mkdir()
    (models / "skillscope").symlink_to(bundle.path)
    (models / "language").symlink_to(Settings().models_dir / "language")
    environment = {
        "SKILLSCOPE_DATA_DIR": str(settings.data_dir),
        "SKILLSCOPE_MODELS_DIR": str(models),
        "SKILLSCOPE_MODEL_SOURCE": "bundle",
        "SKILLSCOPE_PRODUCTION": "true",
        "SKILLSCOPE_HTTP_WORKERS": "2",
        "BENTOML_HOME": str(folder / "bentoml"),
    }
    process, url, log = start_service(folder, environment)
    with httpx.Client(base_url=url, headers=bearer(settings, Role.ADMIN), timeout=60) as client:
        yield Served(url, settings, log, client)
    stop_service(process)


@pytest.fixture
def token_for(runtime: Runtime) -> Callable[..., dict[str, str]]:
    """Headers for a role."""
    return lambda role, student_id=None, ttl=DAY: bearer(runtime.settings, role, student_id, ttl)
