"""The database goes and comes back; the disk fills up. Nothing acknowledged is lost, and nothing is half stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text
from starlette.testclient import TestClient

from postgres_parts import postgres_programs, running_postgres
from served_parts import TEXT, bearer, problem
from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.service.app import create_app
from skillscope.service.runtime import Runtime
from skillscope.service.tokens import Role
from skillscope.settings import Settings
from skillscope.store import open_database
from skillscope.store.tables import ResponseRow

V1 = "/api/v1"
ROW = {"rows": [{FEATURE_NAMES[0]: 0.1}]}


def _client(settings: Settings, bundle: Bundle) -> TestClient:
    client = TestClient(create_app(Runtime(settings, lambda _settings: bundle)), raise_server_exceptions=False)
    client.headers.update(bearer(settings, Role.ADMIN))
    return client


def _count(url: str) -> int:
    with open_database(url)() as session:
        return session.scalars(select(func.count()).select_from(ResponseRow)).one()


def _give(client: TestClient, name: str, words: str = TEXT) -> Any:
    body = {"responses": [{"response_id": name, "text": words}]}
    return client.post(f"{V1}/students/s-1/responses", json=body)


def test_a_database_that_goes_and_comes_back_costs_nothing_acknowledged(small_bundle: Bundle, tmp_path: Path) -> None:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (initdb not found); install the postgresql package to run this test")
    with running_postgres(programs) as server:
        settings = Settings(data_dir=tmp_path, database_url=server.url)
        client = _client(settings, small_bundle)
        assert client.post(f"{V1}/students", json={"student_id": "s-1", "grade": 4}).status_code == 201
        assert _give(client, "before").status_code == 201
        server.stop()
        try:
            for _ in range(3):
                refused = _give(client, "while-it-is-away")
                problem(refused, "store-unavailable")
                assert int(refused.headers["retry-after"]) >= 1
                problem(client.post("/inference/student/s-1"), "store-unavailable")
                assert client.get("/readyz").status_code == 503
                assert client.get("/healthz").status_code == 200
        finally:
            server.start()
        assert client.get("/readyz").status_code == 200
        assert _give(client, "while-it-is-away").status_code == 201  # the same client sends again
        assert _give(client, "before").json()["unchanged"] == ["before"]
        assert client.post("/inference/student/s-1").status_code == 200
        assert _count(server.url) == 2
        open_database(server.url).kw["bind"].dispose()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator["Disk"]:
    """A store on a disk of which tests say how large it is."""
    made = Disk(f"sqlite:///{tmp_path / 'full.db'}")
    yield made
    made.engine.dispose()


class Disk:
    """Bounds a SQLite file as a full disk does: with the same error, at the same places."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = open_database(url).kw["bind"]
        self.pages = 2**30
        event.listen(self.engine, "connect", self._bound)

    def _bound(self, connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages}")

    def resize(self, pages: int) -> None:
        """Let every connection from now on have this many pages at most, or as many as there are."""
        self.pages = pages
        self.engine.dispose()

    def used(self) -> int:
        """Pages of the file."""
        with self.engine.connect() as connection:
            return int(connection.execute(text("PRAGMA page_count")).scalar_one())


def test_a_full_disk_refuses_what_it_cannot_keep_and_serves_on(
    disk: Disk, small_bundle: Bundle, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=disk.url)
    client = _client(settings, small_bundle)
    assert client.post(f"{V1}/students", json={"student_id": "s-1", "grade": 4}).status_code == 201
    kept = 0
    disk.resize(disk.used() + 8)
    for number in range(400):
        answer = _give(client, f"r-{number}", f"{TEXT} {'so ' * 1000}")
        if answer.status_code != 201:
            break
        kept += 1
    else:
        pytest.fail("the disk never filled up")
    problem(answer, "store-unavailable")
    assert kept > 0
    assert _count(disk.url) == kept  # the refused one left nothing behind
    assert client.post("/inference/features", json=ROW).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/inference/student/s-1/history").status_code in {200, 503}  # 503: seeing cannot be noted
    disk.resize(2**30)
    assert _give(client, f"r-{kept}").status_code == 201
    assert _give(client, "r-0", f"{TEXT} {'so ' * 1000}").json()["unchanged"] == ["r-0"]
    assert client.post("/inference/student/s-1").status_code == 200
    assert _count(disk.url) == kept + 1
