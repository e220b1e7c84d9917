"""A PostgreSQL server of our own on loopback, which tests may stop and start again."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PostgresServer", "postgres_programs", "running_postgres"]


def postgres_programs() -> Path | None:
    """The folder of `initdb`, where PostgreSQL is installed."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class PostgresServer:
    """A server in a folder of its own, database `skillscope`."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self._as_owner: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
            self._as_owner = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._run("initdb", "-D", str(self._data), "-U", "skillscope", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Its address for SQLAlchemy."""
        return f"postgresql+psycopg://skillscope@127.0.0.1:{self.port}/skillscope"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_owner, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def create_database(self) -> None:
        """Make the database, once."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "skillscope", "skillscope")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` drops every connection at once, as a crash does, `fast` keeps all that is committed."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")


@contextmanager
def running_postgres(programs: Path) -> Iterator[PostgresServer]:
    """A started server with its database; stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="skillscope-postgres-"))
    try:
        server = PostgresServer(programs, folder)
        server.start()
        try:
            server.create_database()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
