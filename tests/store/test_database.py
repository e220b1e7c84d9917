"""Opening, migrating and locking, on every database we speak."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, func, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.errors import ConfigurationError, FileError
from skillscope.store import database, make_engine, migrate, migrations, open_database, open_store, ping, writing
from skillscope.store.migrations import HEAD
from skillscope.store.tables import AssessmentRow, Base, ResponseRow, StudentRow

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
VERSIONS = Path(migrations.__file__).parent / "versions"


def _student(name: str = "s-1") -> StudentRow:
    return StudentRow(student_id=name, grade=4, created_at=NOW)


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    open_store(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_newest_migration_and_their_numbers_run_on() -> None:
    numbers = sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    assert numbers == [f"{i:04}" for i in range(1, len(numbers) + 1)]
    assert numbers[-1] == HEAD


def test_migrations_go_down_and_up_again_with_data_in_them(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(_student())
    migrate(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    migrate(engine)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 0


def test_opening_again_keeps_what_is_there(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(_student())
    with open_store(engine)() as session:
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 1


def test_a_database_of_a_newer_version_is_refused(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"'9999'.*newer skillscope"):
        open_store(engine)


def test_eight_openers_at_once_migrate_once(database_url: str) -> None:
    failures: list[BaseException] = []

    def opened() -> None:
        engine = make_engine(database_url)
        try:
            with open_store(engine)() as session:
                ping(session)
        except BaseException as error:
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=opened) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_moments_come_back_in_utc_to_the_microsecond(sessions: sessionmaker[Session]) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-7)))
    with sessions.begin() as session:
        session.add(StudentRow(student_id="s", created_at=elsewhere))
    with sessions() as session:
        found = session.scalars(select(StudentRow)).one()
    assert found.created_at == NOW
    assert found.created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_not_stored(sessions: sessionmaker[Session]) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="needs a time zone"), sessions.begin() as session:
        session.add(StudentRow(student_id="s", created_at=naive))


def test_vectors_come_back_to_the_bit(sessions: sessionmaker[Session]) -> None:
    values = (0.1, float("nan"), -0.0, 5e-324, 1.7976931348623157e308, float("inf"))
    with sessions.begin() as session:
        student = _student()
        session.add(student)
        session.flush()
        row = {"at": NOW, "scores": [], "model_version": "m", "feature_schema": "1", "label_source": "simulated"}
        session.add(AssessmentRow(student_key=student.key, assessment_id="a", features=values, **row))
    with sessions() as session:
        found = session.scalars(select(AssessmentRow.features)).one()
    assert [value.hex() for value in found] == [value.hex() for value in values]


def test_rows_of_nobody_are_refused(sessions: sessionmaker[Session]) -> None:
    row = ResponseRow(student_key=999, response_id="r", text="hello", at=NOW, received_at=NOW)
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.add(row)


def test_removing_a_student_removes_what_belongs_to_it(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        student = _student()
        session.add(student)
        session.flush()
        session.add(ResponseRow(student_key=student.key, response_id="r", text="hello", at=NOW, received_at=NOW))
    with sessions.begin() as session:
        session.execute(text("DELETE FROM students"))
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(ResponseRow)) == 0


def test_a_grade_out_of_range_is_refused_by_the_database_itself(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.add(StudentRow(student_id="s", grade=9, created_at=NOW))


def test_errors_of_the_database_carry_no_values(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(IntegrityError) as raised, sessions.begin() as session:
        session.add(StudentRow(student_id="secret-child", grade=9, created_at=NOW))
    statement = str(raised.value).partition("DETAIL")[0]
    assert "secret-child" not in statement


def test_writers_that_read_first_do_not_trip_over_each_other(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(_student("counter"))
    failures: list[BaseException] = []

    def added(thread: int) -> None:
        try:
            for number in range(10):
                with sessions.begin() as session:
                    writing(session)
                    session.scalar(select(func.count()).select_from(StudentRow))
                    session.add(_student(f"{thread}-{number}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=added, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 61


def test_writing_takes_the_lock_at_once_on_sqlite(engine: Engine, sessions: sessionmaker[Session]) -> None:
    if engine.dialect.name != "sqlite":
        return
    begun: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: begun.append(statement))
    with sessions.begin() as session:
        writing(session)
        ping(session)
    with sessions.begin() as session:
        ping(session)
    assert [statement for statement in begun if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN DEFERRED"]


@pytest.mark.parametrize("end", ["commit", "rollback", "invalidate"])
def test_a_writer_gives_its_turn_back_however_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    sessions = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 0)  # whoever finds the turn taken goes on without it
    with sessions() as session:
        assert "skillscope_turn" in writing(session).connection().info
        with sessions() as other, pytest.raises(OperationalError, match="locked"):
            writing(other)
        if end == "invalidate":
            session.connection().invalidate()
            session.rollback()
        else:
            getattr(session, end)()
        with sessions() as other:
            assert "skillscope_turn" in writing(other).connection().info


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'new folder' / 'x.db'}")() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 15_000
        assert session.scalar(text("PRAGMA synchronous")) == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://host/name", "'mysql' are not supported; right are sqlite and postgresql"),
        ("postgresql://nobody@127.0.0.1:1/none", "postgresql database cannot be opened"),
    ],
)
def test_a_wrong_address_says_what_would_be_right(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        open_database(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("this is no database, but it is long enough to be looked at " * 20, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not a SQLite database"):
        open_database(f"sqlite:///{path}")
    assert path.read_text(encoding="utf-8").startswith("this is no database")


def test_a_folder_that_cannot_be_made_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FileError, match="folder of the database cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'x.db'}")


def test_an_interrupted_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.db"
    engine = make_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "before_cursor_execute")
    def stopped(_c: object, _u: object, statement: str, *_: object) -> None:
        if "CREATE TABLE assessments" in statement:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(engine)
    engine.dispose()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
