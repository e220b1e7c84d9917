"""What every test shares: quiet telemetry, and a PostgreSQL server of our own where its programs are installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_parts import postgres_programs, running_postgres

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _no_store_of_another_test() -> None:
    """MLflow writes its store into the environment, where programs that a later test starts would read it."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of treebanks and real data; tests that need it are skipped where it is absent."""
    from skillscope.settings import get_settings

    folder = get_settings().shared_data
    if not folder.is_dir():
        pytest.skip("shared data not found; SKILLSCOPE_SHARED_DATA names its folder")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a fresh PostgreSQL server on loopback, database `skillscope`, stopped and removed afterwards."""
    given = os.environ.get("SKILLSCOPE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (initdb not found); install the postgresql package to run this test")
    with running_postgres(programs) as server:
        yield server.url
