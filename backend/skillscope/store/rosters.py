"""Questions about classes, and changes of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from skillscope.errors import NotFoundError
from skillscope.store import queries
from skillscope.store.roster_tables import ClassRow, ClassStudentRow, ClassTeacherRow, StudentNameRow, TeacherRow
from skillscope.store.tables import StudentRow

__all__ = [
    "ClassSummary",
    "class_students",
    "classes",
    "enrol",
    "find_teacher",
    "put_class",
    "put_teacher",
    "remove_class",
    "require_class",
    "set_names",
    "stored_names",
    "taught_among",
    "teaches_class",
    "withdraw",
]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """A class and its size."""

    key: int
    class_id: str
    title: str | None
    org_id: str | None
    students: int


def put_class(session: Session, class_id: str, *, title: str | None = None, org_id: str | None = None) -> bool:
    """Make a class, or give the one of that id this title and school; whether it is new."""
    row = {"class_id": class_id, "title": title, "org_id": org_id}
    if queries.insert_new(session, ClassRow, [row]):
        return True
    session.execute(update(ClassRow).where(ClassRow.class_id == class_id).values(title=title, org_id=org_id))
    return False


def require_class(session: Session, class_id: str) -> ClassRow:
    """The class of that id.

    Raises:
        NotFoundError: there is none.
    """
    found = session.scalar(select(ClassRow).where(ClassRow.class_id == class_id))
    if found is None:
        raise NotFoundError("no class has this id; make one with PUT /api/v1/classes/{class_id}")
    return found


def remove_class(session: Session, class_id: str) -> None:
    """Remove a class; its students and teachers stay.

    Raises:
        NotFoundError: there is none of that id.
    """
    session.delete(require_class(session, class_id))


def classes(
    session: Session, *, teacher_id: str | None = None, limit: int, after: int | None = None
) -> list[ClassSummary]:
    """Classes in the order in which they were made, a teacher's own or all; `after` continues after that key."""
    size = select(func.count()).where(ClassStudentRow.class_key == ClassRow.key).scalar_subquery()
    query = select(ClassRow.key, ClassRow.class_id, ClassRow.title, ClassRow.org_id, size.label("students"))
    if teacher_id is not None:
        query = (
            query.join(ClassTeacherRow, ClassTeacherRow.class_key == ClassRow.key)
            .join(TeacherRow, TeacherRow.key == ClassTeacherRow.teacher_key)
            .where(TeacherRow.teacher_id == teacher_id)
        )
    if after is not None:
        query = query.where(ClassRow.key > after)
    found = session.execute(query.order_by(ClassRow.key).limit(limit))
    return [ClassSummary(row.key, row.class_id, row.title, row.org_id, row.students) for row in found]


def class_students(
    session: Session, class_key: int, *, limit: int, after: int | None = None
) -> Sequence[Row[int, str, int | None]]:
    """Key, id and grade of a class's students in the order in which they were registered."""
    query = (
        select(StudentRow.key, StudentRow.student_id, StudentRow.grade)
        .join(ClassStudentRow, ClassStudentRow.student_key == StudentRow.key)
        .where(ClassStudentRow.class_key == class_key)
    )
    if after is not None:
        query = query.where(StudentRow.key > after)
    return session.execute(query.order_by(StudentRow.key).limit(limit)).all()


def put_teacher(session: Session, teacher_id: str) -> int:
    """The key of the teacher of that id, who is registered where new."""
    queries.insert_new(session, TeacherRow, [{"teacher_id": teacher_id}])
    key: int = session.scalars(select(TeacherRow.key).where(TeacherRow.teacher_id == teacher_id)).one()
    return key


def find_teacher(session: Session, teacher_id: str) -> int | None:
    """The key of the teacher of that id, if there is one."""
    return session.scalar(select(TeacherRow.key).where(TeacherRow.teacher_id == teacher_id))


def enrol(
    session: Session, class_key: int, *, student_keys: Collection[int] = (), teacher_keys: Collection[int] = ()
) -> int:
    """Put students and teachers into a class; how many were not in it before."""
    students = [{"class_key": class_key, "student_key": key} for key in student_keys]
    teachers = [{"class_key": class_key, "teacher_key": key} for key in teacher_keys]
    return queries.insert_new(session, ClassStudentRow, students) + queries.insert_new(
        session, ClassTeacherRow, teachers
    )


def withdraw(
    session: Session, class_key: int, *, student_keys: Collection[int] = (), teacher_keys: Collection[int] = ()
) -> int:
    """Take students and teachers out of a class; how many were in it."""
    gone = 0
    for table, column, keys in (
        (ClassStudentRow, ClassStudentRow.student_key, list(student_keys)),
        (ClassTeacherRow, ClassTeacherRow.teacher_key, list(teacher_keys)),
    ):
        for start in range(0, len(keys), _CHUNK):
            chosen = column.in_(keys[start : start + _CHUNK])
            statement = delete(table).where(table.class_key == class_key, chosen).returning(column)
            gone += len(session.execute(statement).all())
    return gone


def teaches_class(session: Session, teacher_id: str, class_key: int) -> bool:
    """Whether a teacher teaches a class."""
    query = (
        select(TeacherRow.key)
        .join(ClassTeacherRow, ClassTeacherRow.teacher_key == TeacherRow.key)
        .where(TeacherRow.teacher_id == teacher_id, ClassTeacherRow.class_key == class_key)
    )
    return session.scalar(query) is not None


def taught_among(session: Session, teacher_id: str, student_ids: Collection[str]) -> set[str]:
    """Those of the students who sit in a class of this teacher."""
    ids = list(dict.fromkeys(student_ids))
    found: set[str] = set()
    for start in range(0, len(ids), _CHUNK):
        query = (
            select(StudentRow.student_id)
            .join(ClassStudentRow, ClassStudentRow.student_key == StudentRow.key)
            .join(ClassTeacherRow, ClassTeacherRow.class_key == ClassStudentRow.class_key)
            .join(TeacherRow, TeacherRow.key == ClassTeacherRow.teacher_key)
            .where(TeacherRow.teacher_id == teacher_id, StudentRow.student_id.in_(ids[start : start + _CHUNK]))
        )
        found |= set(session.scalars(query))
    return found


def set_names(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep names (`student_key`, `name` in bytes, `encrypted`) in the place of earlier ones."""
    keys = [row["student_key"] for row in rows]
    for start in range(0, len(keys), _CHUNK):
        session.execute(delete(StudentNameRow).where(StudentNameRow.student_key.in_(keys[start : start + _CHUNK])))
    if rows:
        session.execute(insert(StudentNameRow), [dict(row) for row in rows])


def stored_names(session: Session, student_keys: Collection[int]) -> dict[int, tuple[bytes, bool]]:
    """The names that are kept of these students, as they are kept: bytes, and whether they are encrypted."""
    keys = list(student_keys)
    found: dict[int, tuple[bytes, bool]] = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(StudentNameRow).where(StudentNameRow.student_key.in_(keys[start : start + _CHUNK]))
        found |= {row.student_key: (row.name, row.encrypted) for row in session.scalars(query)}
    return found
