"""A store on every database we speak, and a small bundle that is really trained."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from skillscope.modeling.bundle import Bundle
from skillscope.store import make_engine, open_store
from small_parts import empty_schema, train_small_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The small bundle."""
    return train_small_bundle(tmp_path_factory.mktemp("bundle") / "skillscope")


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """Sessions on an empty store."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'store.db'}"
        else:
            url = stack.enter_context(empty_schema(request.getfixturevalue("postgres_server")))
        engine = make_engine(url)
        stack.callback(engine.dispose)
        yield open_store(engine)
