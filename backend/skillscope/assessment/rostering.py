"""Bringing a roster in: students, teachers, classes and who is in which, in one transaction."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.fernet import MultiFernet
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from skillscope.assessment.names import keep_names
from skillscope.assessment.oneroster import Roster, RosterClass, read_oneroster
from skillscope.store import queries, records, rosters, writing
from skillscope.store.roster_tables import ClassStudentRow, ClassTeacherRow, TeacherRow
from skillscope.store.tables import StudentRow

__all__ = ["RosterResult", "import_oneroster"]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class RosterResult:
    """What an import did: new students, teachers and classes; people put into and taken out of classes."""

    students: int
    teachers: int
    classes: int
    enrolled: int
    withdrawn: int
    ungraded: int


def import_oneroster(
    sessions: sessionmaker[Session],
    folder: Path,
    *,
    names: bool = False,
    cipher: MultiFernet | None = None,
    today: date | None = None,
) -> RosterResult:
    """Bring in a folder of OneRoster CSV files, all of it or nothing; a second time changes nothing.

    A student's grade follows the roster where it names one of 2 to 8. Whoever the roster removes leaves classes, and is
    not erased: that takes a request of its own. `names` keeps students' names, encrypted where there is a `cipher`.

    Raises:
        FileError: a file is missing, empty, or not UTF-8.
        SchemaError: columns are missing or rows are wrong; nothing is stored.
    """
    roster = read_oneroster(folder, names=names, today=today)
    with sessions.begin() as session:
        return _store(writing(session), roster, cipher)


def _store(session: Session, roster: Roster, cipher: MultiFernet | None) -> RosterResult:
    students, new_students = _students(session, roster)
    new_teachers = queries.insert_new(session, TeacherRow, [{"teacher_id": name} for name in sorted(roster.teachers)])
    known_teachers = {name: rosters.put_teacher(session, name) for name in sorted(roster.teachers)}
    made = enrolled = withdrawn = 0
    for name, found in roster.classes.items():
        if found.removed:
            rosters.put_class(session, name)  # so that removing it again is no error
            rosters.remove_class(session, name)
            continue
        made += rosters.put_class(session, name, title=found.title, org_id=found.org_id)
        put, taken = _members(session, name, found, students, known_teachers, whole=roster.whole)
        enrolled += put
        withdrawn += taken
    keep_names(session, {students[name]: text for name, text in roster.names.items()}, cipher)
    return RosterResult(new_students, new_teachers, made, enrolled, withdrawn, roster.ungraded)


def _students(session: Session, roster: Roster) -> tuple[dict[str, int], int]:
    now = datetime.now(UTC)
    names = list(roster.grades)
    new = 0
    for start in range(0, len(names), _CHUNK):
        rows = [
            {"student_id": name, "grade": roster.grades[name], "created_at": now}
            for name in names[start : start + _CHUNK]
        ]
        new += queries.insert_new(session, StudentRow, rows)
    keys = records.student_keys(session, names)
    for name, grade in roster.grades.items():
        if grade is not None:
            changed = StudentRow.grade.is_distinct_from(grade)
            session.execute(update(StudentRow).where(StudentRow.key == keys[name], changed).values(grade=grade))
    return keys, new


def _members(
    session: Session,
    name: str,
    found: RosterClass,
    students: dict[str, int],
    teachers: dict[str, int],
    *,
    whole: bool,
) -> tuple[int, int]:
    key = rosters.require_class(session, name).key
    in_it = {students[user] for user in found.students if user in students}
    teaching = {teachers[user] for user in found.teachers if user in teachers}
    if whole:
        before = set(session.scalars(select(ClassStudentRow.student_key).where(ClassStudentRow.class_key == key)))
        taught = set(session.scalars(select(ClassTeacherRow.teacher_key).where(ClassTeacherRow.class_key == key)))
        gone = rosters.withdraw(session, key, student_keys=before - in_it, teacher_keys=taught - teaching)
    else:
        left = set(records.student_keys(session, found.left_students).values()) - in_it
        left_teachers = {rosters.put_teacher(session, user) for user in found.left_teachers} - teaching
        gone = rosters.withdraw(session, key, student_keys=left, teacher_keys=left_teachers)
    return rosters.enrol(session, key, student_keys=in_it, teacher_keys=teaching), gone
