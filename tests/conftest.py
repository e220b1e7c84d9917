"""What every test shares: quiet telemetry, and a PostgreSQL server of our own where its programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

PROJECT = Path(__file__).parents[1]


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


def _postgres_programs() -> Path | None:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a fresh PostgreSQL server on loopback, database `skillscope`, stopped and removed afterwards."""
    given = os.environ.get("SKILLSCOPE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (initdb not found); install the postgresql package to run this test")
    folder = Path(tempfile.mkdtemp(prefix="skillscope-postgres-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"

    def run(*command: str) -> None:
        done = subprocess.run([*as_owner, *command], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{Path(command[0]).name} failed: {done.stderr or done.stdout}")

    run(str(programs / "initdb"), "-D", str(data), "-U", "skillscope", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "skillscope", "skillscope")
        yield f"postgresql+psycopg://skillscope@127.0.0.1:{port}/skillscope"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
