"""Who is taught by whom, and the one table that may hold names.

    classes ─┬─< class_students >── students
             └─< class_teachers >── teachers
    student_names                                     a student's name, where somebody gave one

A teacher reaches the students of own classes alone; teachers and classes go by the school's ids. A class's title is the
school's text ("Maths 4b"), never a person's name.
"""

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from skillscope.store.tables import Base
from skillscope.store.types import Key

__all__ = ["ClassRow", "ClassStudentRow", "ClassTeacherRow", "StudentNameRow", "TeacherRow"]


def _reference(target: str, *, index: bool = False) -> Mapped[int]:
    return mapped_column(Key, ForeignKey(target, ondelete="CASCADE"), primary_key=True, index=index)


class ClassRow(Base):
    """One class. `title` and `org_id` (its school) are the roster's, where it has them."""

    __tablename__ = "classes"

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    class_id: Mapped[str] = mapped_column(String(128), unique=True)
    title: Mapped[str | None] = mapped_column(String(256))
    org_id: Mapped[str | None] = mapped_column(String(128))


class TeacherRow(Base):
    """One teacher; no name is kept."""

    __tablename__ = "teachers"

    key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    teacher_id: Mapped[str] = mapped_column(String(128), unique=True)


class ClassStudentRow(Base):
    """A student in a class."""

    __tablename__ = "class_students"

    class_key: Mapped[int] = _reference("classes.key")
    student_key: Mapped[int] = _reference("students.key", index=True)


class ClassTeacherRow(Base):
    """A teacher of a class."""

    __tablename__ = "class_teachers"

    class_key: Mapped[int] = _reference("classes.key")
    teacher_key: Mapped[int] = _reference("teachers.key", index=True)


class StudentNameRow(Base):
    """A student's name: UTF-8, or a Fernet token of it where a key was given when it came (`encrypted`)."""

    __tablename__ = "student_names"

    student_key: Mapped[int] = _reference("students.key")
    name: Mapped[bytes] = mapped_column(LargeBinary)
    encrypted: Mapped[bool] = mapped_column(Boolean)
