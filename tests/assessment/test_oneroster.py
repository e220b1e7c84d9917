"""Rosters in OneRoster CSV: what comes in, what a second one changes, what is refused with file, line and field."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.names import names_cipher, read_names
from skillscope.assessment.oneroster import read_oneroster
from skillscope.assessment.rostering import RosterResult, import_oneroster
from skillscope.errors import ConfigurationError, FileError, SchemaError, SkillscopeError
from skillscope.settings import Settings
from skillscope.store import make_engine, open_store, records, rosters
from skillscope.store.roster_tables import StudentNameRow
from skillscope.store.tables import StudentRow
from small_parts import empty_schema

TODAY = date(2026, 10, 1)
USERS = """\
sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,grades
s-1,,,true,ada,,Ada,Äsch,04
s-2,,,true,bo,,Bo,"Lee, Jr.","KG,05"
s-3,,,true,cy,,Cy,Ng,11
t-1,,,true,tess,,Tess,Ochs,
"""
ROLES = """\
sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId
r1,,,s-1,primary,student,,,school
r2,,,s-2,primary,student,,,school
r3,,,s-3,primary,student,,,school
r4,,,t-1,primary,teacher,,,school
"""
CLASSES = """\
sourcedId,status,dateLastModified,title,schoolSourcedId
c-1,,,Maths 4b,school
c-2,,,Reading,school
"""
ENROLLMENTS = """\
sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate
e1,,,c-1,school,s-1,student,,2026-09-01,2027-06-30
e2,,,c-1,school,s-2,student,,,
e3,,,c-2,school,s-2,student,,2026-11-01,
e4,,,c-2,school,s-3,student,,,2026-10-01
e5,,,c-1,school,t-1,teacher,true,,
"""
ORGS = "sourcedId,status,dateLastModified,name,type\nschool,,,Elm Street School,school\n"
FILES = {
    "users.csv": USERS,
    "roles.csv": ROLES,
    "classes.csv": CLASSES,
    "enrollments.csv": ENROLLMENTS,
    "orgs.csv": ORGS,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'roster.db'}")
        yield open_store(engine)
        engine.dispose()
        return
    with empty_schema(request.getfixturevalue("postgres_server")) as url:
        engine = make_engine(url)
        yield open_store(engine)
        engine.dispose()


def folder_of(place: Path, **changes: str) -> Path:
    """The roster's files with some of them changed (`users_csv=...`)."""
    folder = place / "roster"
    folder.mkdir(exist_ok=True)
    for name, text in (FILES | {key.replace("_", "."): text for key, text in changes.items()}).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _in_class(session: Session, class_id: str) -> list[tuple[str, int | None]]:
    key = rosters.require_class(session, class_id).key
    return [(row.student_id, row.grade) for row in rosters.class_students(session, key, limit=10)]


def test_a_roster_comes_in_whole_and_twice_is_once(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert import_oneroster(sessions, folder, today=TODAY) == RosterResult(3, 1, 2, 3, 0, 1)
    assert import_oneroster(sessions, folder, today=TODAY) == RosterResult(0, 0, 0, 0, 0, 1)
    with sessions() as session:
        assert _in_class(session, "c-1") == [("s-1", 4), ("s-2", 5)]
        assert _in_class(session, "c-2") == []
        assert rosters.taught_among(session, "t-1", ["s-1", "s-2", "s-3"]) == {"s-1", "s-2"}
        assert rosters.require_class(session, "c-1").title == "Maths 4b"
        assert session.scalar(select(func.count()).select_from(StudentNameRow)) == 0


def test_a_later_roster_moves_people(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    import_oneroster(sessions, folder_of(tmp_path), today=TODAY)
    moved = ENROLLMENTS.replace("e1,,,c-1", "e1,,,c-2")
    later = folder_of(tmp_path, enrollments_csv=moved, users_csv=USERS.replace(",04", ",05"))
    assert import_oneroster(sessions, later, today=TODAY) == RosterResult(0, 0, 0, 1, 1, 1)
    with sessions() as session:
        assert _in_class(session, "c-1") == [("s-2", 5)]
        assert _in_class(session, "c-2") == [("s-1", 5)]


def test_a_delta_changes_what_it_names(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    import_oneroster(sessions, folder_of(tmp_path), today=TODAY)
    header = ENROLLMENTS.split("\n", maxsplit=1)[0]
    gone = f"{header}\ne2,tobedeleted,2026-10-01,c-1,school,s-2,student,,,\n"
    manifest = "propertyName,value\nmanifest.version,1.0\nfile.enrollments,delta\n"
    done = import_oneroster(sessions, folder_of(tmp_path, enrollments_csv=gone, manifest_csv=manifest), today=TODAY)
    assert (done.enrolled, done.withdrawn) == (0, 1)
    with sessions() as session:
        assert _in_class(session, "c-1") == [("s-1", 4)]
        assert rosters.taught_among(session, "t-1", ["s-1"]) == {"s-1"}
    removed = CLASSES.replace("c-1,,", "c-1,tobedeleted,")
    import_oneroster(sessions, folder_of(tmp_path, classes_csv=removed, manifest_csv=manifest), today=TODAY)
    with sessions() as session:
        assert rosters.taught_among(session, "t-1", ["s-1"]) == set()
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 3


def test_names_are_kept_when_asked_for_and_encrypted_with_a_key(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    import_oneroster(sessions, folder_of(tmp_path), names=True, cipher=MultiFernet([Fernet(old)]), today=TODAY)
    with sessions() as session:
        keys = records.student_keys(session, ["s-1", "s-2"])
        raw = b"".join(session.scalars(select(StudentNameRow.name)))
        assert "Äsch".encode() not in raw
        rotated = names_cipher(Settings(names_key=SecretStr(f"{new.decode()},{old.decode()}")))
        names = read_names(session, keys.values(), rotated)
        assert {student: names[key] for student, key in keys.items()} == {"s-1": "Ada Äsch", "s-2": "Bo Lee, Jr."}
        for cipher in (None, MultiFernet([Fernet(new)])):
            with pytest.raises(ConfigurationError, match="SKILLSCOPE_NAMES_KEY"):
                read_names(session, keys.values(), cipher)
    import_oneroster(sessions, folder_of(tmp_path), names=True, today=TODAY)
    with sessions() as session:
        assert read_names(session, keys.values(), None)[keys["s-1"]] == "Ada Äsch"
    with pytest.raises(ConfigurationError, match="no Fernet key"):
        names_cipher(Settings(names_key=SecretStr("short")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users_csv": USERS.replace("s-2,", "s 2,")}, "users.csv line 3, sourcedId: an id is"),
        ({"users_csv": USERS + "s-1,,,true,x,,X,Y,04\n"}, "users.csv line 6, sourcedId: stands on an earlier line too"),
        ({"users_csv": USERS + "s-9,,,\n"}, "users.csv line 6: has not 9 columns"),
        ({"users_csv": "name\nAda\n"}, "users.csv has no column sourcedId"),
        ({"users_csv": ""}, "users.csv is empty"),
        ({"users_csv": USERS.replace("s-1,,", "s-1,perhaps,")}, "users.csv line 2, status: right is active"),
        ({"users_csv": USERS + '"'}, "users.csv is not CSV"),
        ({"classes_csv": CLASSES.replace("Reading", "x" * 257)}, "classes.csv line 3, title: has 257 characters"),
        ({"classes_csv": CLASSES.replace("g,school", "g,elsewhere")}, "classes.csv line 3, schoolSourcedId: is no"),
        ({"enrollments_csv": ENROLLMENTS.replace("s-3", "s-9")}, "enrollments.csv line 5, userSourcedId: is no"),
        ({"enrollments_csv": ENROLLMENTS.replace(",c-2", ",c-9")}, "enrollments.csv line 4, classSourcedId: is no"),
        ({"enrollments_csv": ENROLLMENTS.replace("teacher", "king")}, "enrollments.csv line 6, role: right is one"),
        ({"enrollments_csv": ENROLLMENTS.replace("2026-11-01", "soon")}, "enrollments.csv line 4, beginDate: no date"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    sessions = open_store(make_engine(f"sqlite:///{tmp_path / 'roster.db'}"))
    with pytest.raises(SkillscopeError) as raised:
        import_oneroster(sessions, folder_of(tmp_path, **changes), names=True, today=TODAY)
    assert isinstance(raised.value, FileError | SchemaError)
    assert message in str(raised.value)
    assert "Ada" not in str(raised.value)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(StudentRow)) == 0
    sessions.kw["bind"].dispose()


def test_several_errors_are_told_at_once(tmp_path: Path) -> None:
    wrong = "sourcedId,classSourcedId,userSourcedId,role\n" + "e,c-9,s-1,student\n" * 7
    with pytest.raises(SchemaError, match=r"line 2, .*line 6, .*; and 2 more"):
        read_oneroster(folder_of(tmp_path, enrollments_csv=wrong))


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "classes.csv").unlink()
    with pytest.raises(FileError, match=r"classes\.csv is missing"):
        read_oneroster(folder)
    with pytest.raises(FileError, match="is no folder"):
        read_oneroster(tmp_path / "nowhere")
    (folder / "classes.csv").write_bytes(b"sourcedId,title\n\xff,x\n")
    with pytest.raises(FileError, match=r"classes\.csv is not UTF-8"):
        read_oneroster(folder)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["users.csv", "classes.csv", "enrollments.csv", "roles.csv", "manifest.csv"]),
    tail=st.text(alphabet='s-1c,"\n\r\x00;e教t', max_size=60) | st.binary(max_size=30),
)
def test_whatever_the_files_hold_the_error_is_ours(tmp_path: Path, name: str, tail: str | bytes) -> None:
    folder = folder_of(tmp_path)
    first = FILES.get(name, "propertyName,value\n").encode()
    (folder / name).write_bytes(first + (tail.encode("utf-8") if isinstance(tail, str) else tail))
    with suppress(SkillscopeError):
        read_oneroster(folder, names=True)
