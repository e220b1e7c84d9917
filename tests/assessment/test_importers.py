"""MIND-CA: whole or not at all, the same twice is once, and wrong files say what is wrong."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.assess import assess_student
from skillscope.assessment.demo import load_demo_class
from skillscope.assessment.importers import ImportResult, import_mind_ca, read_mind_ca
from skillscope.errors import ConflictError, FileError, SchemaError
from skillscope.modeling.bundle import Bundle
from skillscope.store.tables import EventRow, ResponseFeaturesRow, ResponseRow, StudentRow

HEADER = "child_id,answer,score,age,gender,question"
ROWS = [
    HEADER,
    "7,Because they did n't want the woman to find them,2,9,0,SFQuestion_1",
    '7,"He was sad, so he hid",1,9,0,SS_Brian',
    "7,,0,9,0,SS_Peabody",
    "8,they have a seccret,0,14,1,SFQuestion_1",
    "8,they have a seccret,0,14,1,SFQuestion_1",
    "8,he thougt she was angry,1,14,1,SFQuestion_1",
    "9,  ,0,7,-99,SS_Simon",
]


def _file(folder: Path, *rows: str) -> Path:
    path = folder / "dev.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def _count(sessions: sessionmaker[Session], table: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_children_become_students_and_answers_responses(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    at = datetime(2026, 3, 1, tzinfo=UTC)
    result = import_mind_ca(sessions, _file(tmp_path, *ROWS), at=at, progress=lambda *done: heard.append(done))
    assert result == ImportResult(students=3, responses=4, unchanged=0, blank=2)
    assert heard == [(3, 3)]
    with sessions() as session:
        grades = dict(session.execute(select(StudentRow.student_id, StudentRow.grade)).all())
        rows = session.execute(select(ResponseRow.source, ResponseRow.text, ResponseRow.at)).all()
    assert grades == {"mind-ca-7": 3, "mind-ca-8": 8, "mind-ca-9": 2}
    assert ("human:SS_Brian", "He was sad, so he hid", at) in [tuple(row) for row in rows]
    assert _count(sessions, ResponseFeaturesRow) == 4


def test_a_second_import_changes_nothing(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    path = _file(tmp_path, *ROWS)
    import_mind_ca(sessions, path)
    assert import_mind_ca(sessions, path) == ImportResult(students=0, responses=0, unchanged=4, blank=2)
    assert _count(sessions, ResponseRow) == 4


def test_an_import_that_was_broken_off_is_finished_by_the_next(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    rows = [f"{child},this is what child {child} said,1,9,0,SS_Brian" for child in range(40)]

    def broken(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_mind_ca(sessions, _file(tmp_path, HEADER, *rows), progress=broken)
    assert _count(sessions, ResponseRow) == _count(sessions, StudentRow) == 32
    assert import_mind_ca(sessions, _file(tmp_path, HEADER, *rows)).responses == 8


def test_a_child_registered_with_another_grade_stops_the_import(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    import_mind_ca(sessions, _file(tmp_path, HEADER, "7,he hid because he was sad,1,9,0,Q"))
    with pytest.raises(ConflictError, match="another grade"):
        import_mind_ca(sessions, _file(tmp_path, HEADER, "7,another answer of the child,1,12,0,Q"))
    assert _count(sessions, ResponseRow) == 1


FINE = "1,this one is fine,1,9,0,Q"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "is empty"),
        ([HEADER], "holds no rows"),
        (["a,b", "1,2"], "has no column child_id, answer, score"),
        ([HEADER, FINE, "7,text,3,9,0,Q"], "line 3: score is a whole number from 0 to 2"),
        ([HEADER, FINE, FINE, "7,text,1,old,0,Q"], "line 4: age is a whole number from 3 to 19"),
        ([HEADER, FINE, "7,text"], "line 3 of dev.csv has too few columns"),
        ([HEADER, FINE, "a b,text,1,9,0,Q"], "row 2: child_id"),
        ([HEADER, FINE, f"7,{'x' * 20_001},1,9,0,Q"], "row 2: answer: String should have at most 20000"),
        ([HEADER, FINE, "7,text,1,9,0,a question"], "row 2: question"),
    ],
)
def test_a_wrong_file_is_refused_whole(
    sessions: sessionmaker[Session], tmp_path: Path, rows: list[str], message: str
) -> None:
    path = tmp_path / "dev.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises((FileError, SchemaError)) as raised:
        import_mind_ca(sessions, path)
    assert message in str(raised.value)
    assert _count(sessions, StudentRow) == 0


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        list(read_mind_ca(tmp_path / "none.csv"))
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        list(read_mind_ca(tmp_path))
    latin = tmp_path / "latin.csv"
    latin.write_bytes(f"{HEADER}\n7,caf\xe9,1,9,0,Q\n".encode("latin-1"))
    with pytest.raises(FileError, match="is not UTF-8"):
        list(read_mind_ca(latin))


def test_the_real_file_is_read_whole(shared_data: Path) -> None:
    answers = list(read_mind_ca(shared_data / "real" / "mind-ca" / "dev.csv"))
    assert len(answers) == 5875
    assert len({answer.child_id for answer in answers}) == 747


def test_the_demo_class_comes_in_once_and_can_be_assessed(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    first = load_demo_class(sessions, size=2)
    again = load_demo_class(sessions, size=2)
    assert (first.created, again.created) == (True, False)
    assert (first.responses, first.events) == (again.responses, again.events)
    assert _count(sessions, EventRow) == first.events
    for student_id in first.student_ids:
        with sessions.begin() as session:
            assessment = assess_student(session, bundle, student_id)
        assert assessment.scores[0].missing == []


def test_the_demo_class_of_an_old_database_comes_again(sessions: sessionmaker[Session], bundle: Bundle) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    first = load_demo_class(sessions, size=2, now=now)
    assert not load_demo_class(sessions, size=2, now=now + timedelta(days=30)).created
    later = now + timedelta(days=200)
    second = load_demo_class(sessions, size=2, now=later)
    assert second.created
    assert second.student_ids == first.student_ids
    assert second.responses == first.responses
    assert _count(sessions, ResponseRow) == 2 * first.responses
    for student_id in first.student_ids:
        with sessions.begin() as session:
            assert assess_student(session, bundle, student_id, at=later).scores[0].missing == []
    assert not load_demo_class(sessions, size=2, now=later).created
