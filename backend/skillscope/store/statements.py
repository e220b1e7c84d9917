"""Questions about kept xAPI statements. A voided statement is one that another of the same student voids."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select
from sqlalchemy.orm import Session, aliased

from skillscope.store.record_tables import StatementContentsRow, StatementRow
from skillscope.store.roster_tables import ClassStudentRow, ClassTeacherRow, TeacherRow
from skillscope.store.tables import StudentRow

__all__ = ["Filter", "Target", "find_statement", "page_of_statements", "targets", "voided_among"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which statements are asked for; None asks for all. Moments are of storing: after `since`, up to `until`."""

    student_key: int | None = None
    teacher_id: str | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A stored statement that another one voids: whose it is, and whether it voids one itself."""

    student: StudentRow
    voids: bool


def _voided() -> ColumnElement[bool]:
    other = aliased(StatementContentsRow)
    return exists().where(
        other.voids == StatementContentsRow.statement_id, other.student_key == StatementContentsRow.student_key
    )


def voided_among(session: Session, statements: Collection[tuple[str, int]]) -> set[str]:
    """Those of the statements (id, and key of the student) that are voided, whether they are stored or not."""
    rows = session.execute(
        select(StatementContentsRow.voids, StatementContentsRow.student_key).where(
            StatementContentsRow.voids.in_([name for name, _ in statements])
        )
    )
    given = set(statements)
    return {row.voids for row in rows if (row.voids, row.student_key) in given}


def targets(session: Session, statement_ids: Collection[str]) -> dict[str, Target]:
    """Those of the statements that are stored, by id."""
    rows = session.execute(
        select(StatementRow.statement_id, StudentRow, StatementContentsRow.voids)
        .join(StudentRow, StudentRow.key == StatementRow.student_key)
        .outerjoin(StatementContentsRow, StatementContentsRow.statement_id == StatementRow.statement_id)
        .where(StatementRow.statement_id.in_(statement_ids))
    )
    return {name: Target(student, voids is not None) for name, student, voids in rows}


def find_statement(session: Session, statement_id: str, *, voided: bool) -> Row[str, dict[str, Any], datetime] | None:
    """Student, contents and moment of storing of a statement that is, or is not, voided."""
    query = (
        select(StudentRow.student_id, StatementContentsRow.statement, StatementContentsRow.stored_at)
        .join(StudentRow, StudentRow.key == StatementContentsRow.student_key)
        .where(StatementContentsRow.statement_id == statement_id, _voided() if voided else ~_voided())
    )
    return session.execute(query).first()


def page_of_statements(
    session: Session, chosen: Filter, *, limit: int, ascending: bool, cursor: int | None = None
) -> Sequence[Row[int, str, dict[str, Any]]]:
    """Key, student and contents of statements that are not voided, newest first or oldest first; `cursor` continues
    after the row of that key."""
    table = StatementContentsRow
    query = (
        select(table.key, StudentRow.student_id, table.statement)
        .join(StudentRow, StudentRow.key == table.student_key)
        .where(~_voided())
    )
    for column, wanted in (
        (table.student_key, chosen.student_key),
        (table.verb, chosen.verb),
        (table.activity, chosen.activity),
        (table.registration, chosen.registration),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if chosen.teacher_id is not None:
        taught = (
            select(ClassStudentRow.student_key)
            .join(ClassTeacherRow, ClassTeacherRow.class_key == ClassStudentRow.class_key)
            .join(TeacherRow, TeacherRow.key == ClassTeacherRow.teacher_key)
            .where(TeacherRow.teacher_id == chosen.teacher_id)
        )
        query = query.where(table.student_key.in_(taught))
    if chosen.since is not None:
        query = query.where(table.stored_at > chosen.since)
    if chosen.until is not None:
        query = query.where(table.stored_at <= chosen.until)
    if cursor is not None:
        query = query.where(table.key > cursor if ascending else table.key < cursor)
    return session.execute(query.order_by(table.key.asc() if ascending else table.key.desc()).limit(limit)).all()
