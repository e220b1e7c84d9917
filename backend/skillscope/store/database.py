"""Opening the store: the engine, its pragmas, its migrations."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from skillscope.errors import ConfigurationError, FileError
from skillscope.store.migrations import HEAD

__all__ = ["make_engine", "migrate", "open_database", "open_readonly", "open_store", "ping", "writing"]

_BUSY_MILLISECONDS = 15_000
_ADVISORY_LOCK = 0x5C0BE
_TURN = "skillscope_turn"
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


def _address(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "the database address cannot be read; right are sqlite:///path/to/file.db and postgresql://user@host/name"
        ) from error
    base = parsed.drivername.partition("+")[0]
    if base not in _DRIVERS:
        raise ConfigurationError(f"databases of kind {base!r} are not supported; right are sqlite and postgresql")
    return parsed if "+" in parsed.drivername else parsed.set(drivername=_DRIVERS[base])


def _keep_log(cursor: Any) -> None:
    """Switch to the write-ahead log; the switch does not heed the busy timeout, so it is tried again."""
    until = time.monotonic() + _BUSY_MILLISECONDS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _tune_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a busy timeout, and transactions that begin when SQLAlchemy says so.

    A transaction that reads first and writes later fails at once when another wrote in between, so writers take the
    lock at their start (`writing`); readers never block. Threads of one process take turns before they ask for that
    lock: SQLite itself lets those who wait sleep and look again, so that now and then one waits for half a second.
    """
    turn = Lock()

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        _keep_log(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if not connection.get_execution_options().get("skillscope_writes"):
            connection.exec_driver_sql("BEGIN DEFERRED")
            return
        if _TURN not in connection.info and turn.acquire(timeout=_BUSY_MILLISECONDS / 1000):
            connection.info[_TURN] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def returned(_connection: Any, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_TURN, False):
            turn.release()


def make_engine(url: str) -> Engine:
    """An engine for a SQLite or PostgreSQL address; statements in errors carry no values.

    Raises:
        ConfigurationError: the address is unreadable, of another kind of database, or its driver is not installed.
        FileError: the folder of the SQLite file cannot be made.
    """
    address = _address(url)
    options: dict[str, Any] = {"hide_parameters": True}
    sqlite = address.get_backend_name() == "sqlite"
    if not sqlite:
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 30}
    elif address.database and address.database != ":memory:":
        folder = Path(address.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"the folder of the database cannot be made: {error.strerror}") from error
        options |= {"pool_size": 10, "max_overflow": 30, "connect_args": {"check_same_thread": False}}
    try:
        engine = create_engine(address, **options)
    except ImportError as error:
        raise ConfigurationError("PostgreSQL needs its driver: install skillscope[postgres]") from error
    if sqlite:
        _tune_sqlite(engine)
    return engine


def open_readonly(url: str) -> Engine:
    """An engine on somebody's database that is read and never written: no migration, no pragma, one snapshot.

    Raises:
        ConfigurationError: the address is wrong, the file is not there, or a driver is not installed.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        if not path.is_file():
            raise ConfigurationError("the SQLite file is not there; right is sqlite:///path/to/file.db")
        query = {"mode": "ro", "uri": "true"}
        return create_engine(address.set(database=f"file:{path.absolute()}", query=query), hide_parameters=True)
    try:
        return create_engine(address, hide_parameters=True, isolation_level="REPEATABLE READ")
    except ImportError as error:
        raise ConfigurationError("PostgreSQL needs its driver: install skillscope[postgres]") from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other process migrates in at the same time."""
    with engine.connect().execution_options(skillscope_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield connection


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to a revision, up or down (`base` empties the database), in one transaction.

    Raises:
        ConfigurationError: the database was made by a newer version, whose revision is unknown here.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    with _migrating(engine) as connection:
        config = Config()
        config.set_main_option("script_location", "skillscope.store:migrations")
        config.attributes["connection"] = connection
        current = _revision(connection)
        known = {
            path.name.partition("_")[0] for path in (Path(__file__).parent / "migrations/versions").glob("[0-9]*.py")
        }
        if current is not None and current not in known:
            raise ConfigurationError(
                f"the database is at revision {current!r}, which this version does not know; use a newer skillscope"
            )
        order = sorted(known)
        target = {"head": order[-1], "base": ""}.get(revision, revision)
        try:
            (command.upgrade if target >= (current or "") else command.downgrade)(config, revision)
        except CommandError as error:
            raise ConfigurationError(f"the database cannot be brought to revision {revision!r}: {error}") from error


def open_store(engine: Engine) -> sessionmaker[Session]:
    """Sessions on an engine whose tables are brought up to date first.

    Raises:
        ConfigurationError: the database cannot be reached, or is newer than this version.
    """
    try:
        with engine.connect() as connection:
            current = _revision(connection)
        if current != HEAD:
            migrate(engine)
    except OperationalError as error:
        raise ConfigurationError(
            f"the {engine.dialect.name} database cannot be opened; check its address, its rights and its disk"
        ) from error
    except SQLAlchemyError as error:
        if engine.dialect.name == "sqlite" and "not a database" in str(error):
            raise ConfigurationError("the database file is not a SQLite database; move it away") from error
        raise
    return sessionmaker(engine, expire_on_commit=False)


@cache
def open_database(url: str) -> sessionmaker[Session]:
    """Sessions on the store at this address, with its tables up to date; one pool an address and process.

    Raises:
        ConfigurationError: the address is wrong, or the database cannot be reached or is newer than this version.
        FileError: the folder of the SQLite file cannot be made.
    """
    return open_store(make_engine(url))


def writing(session: Session) -> Session:
    """Say at a transaction's start that it will write; SQLite then takes its write lock at once, or waits for it."""
    transaction = session.get_transaction()
    if transaction is None or session.info.get("skillscope_writes") is not transaction:
        session.connection(execution_options={"skillscope_writes": True})
        session.info["skillscope_writes"] = session.get_transaction()
    return session


def ping(session: Session) -> None:
    """Ask the database for an answer; raises SQLAlchemy's error where there is none."""
    session.execute(text("SELECT 1"))
