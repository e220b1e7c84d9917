"""The API in this process, on either database; and, once a session, the real thing under `bentoml serve`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from served_parts import DAY, TEXT, Served, bearer, start_service, stop_service
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import open_database
from small_parts import empty_schema, train_small_bundle


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
        for table in ("students", "classes", "teachers", "revoked_tokens", "idempotency_keys", "service_state"):
            session.execute(text(f"DELETE FROM {table}"))
    return Settings(data_dir=tmp_path / "data", database_url=store)


@pytest.fixture
def runtime(settings: Settings, bundle: Bundle) -> Runtime:
    """A runtime with the small bundle."""
    return Runtime(settings, lambda _settings: bundle)


@pytest.fixture
def api(runtime: Runtime) -> Iterator[TestClient]:
    """The app with an admin's token; errors come back as they would to a client."""
    with TestClient(create_app(runtime), raise_server_exceptions=False) as client:
        client.headers.update(bearer(runtime.settings, Role.ADMIN))
        yield client


@pytest.fixture
def known(api: TestClient) -> str:
    """A student with enough evidence."""
    assert api.post("/api/v1/students", json={"student_id": "s-1", "grade": 4}).status_code == 201
    assert api.post("/api/v1/students/s-1/responses", json={"responses": [{"text": TEXT}]}).status_code == 201
    return "s-1"


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
    return lambda role, person=None, ttl=DAY: bearer(runtime.settings, role, person, ttl)
