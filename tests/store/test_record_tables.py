"""The tables of rosters and records: down with data in them and up again, and what goes with a student."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from skillscope.store import migrate
from skillscope.store.record_tables import AccessRow, DisclosureRow, ErasureRow, IdempotencyRow, StatementRow, StateRow
from skillscope.store.roster_tables import ClassRow, ClassStudentRow, ClassTeacherRow, StudentNameRow, TeacherRow
from skillscope.store.tables import AssessmentRow, ResponseRow, StudentRow

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
OF_STUDENT = (ClassStudentRow, StudentNameRow, StatementRow, IdempotencyRow, AccessRow, DisclosureRow)
OF_NOBODY = (ClassRow, TeacherRow, ClassTeacherRow, ErasureRow, StateRow)


def fill(session: Session) -> None:
    """One row in each table."""
    student = StudentRow(student_id="s-1", created_at=NOW)
    taught = ClassRow(class_id="c-1", title="Maths 4b")
    teacher = TeacherRow(teacher_id="t-1")
    session.add_all([student, taught, teacher])
    session.flush()
    key = student.key
    keyed = {"body_digest": "b", "holder": "w", "started_at": NOW, "expires_at": NOW}
    session.add_all(
        [
            ClassStudentRow(class_key=taught.key, student_key=key),
            ClassTeacherRow(class_key=taught.key, teacher_key=teacher.key),
            StudentNameRow(student_key=key, name=b"Ada", encrypted=False),
            StatementRow(statement_id="x", student_key=key, digest="d", stored_at=NOW),
            IdempotencyRow(key_digest="k", student_key=key, **keyed),
            AccessRow(student_key=key, at=NOW, role="teacher", caller="t-1", route="/r", request_id="q"),
            DisclosureRow(student_key=key, at=NOW, recipient="openai:x", what="a note"),
            ErasureRow(receipt_id="e", at=NOW, receipt="r"),
            StateRow(name="model", value="1", changed_at=NOW),
            ResponseRow(student_key=key, response_id="r", text="hello", at=NOW, received_at=NOW, code_version="1"),
            AssessmentRow(
                student_key=key,
                assessment_id="a",
                at=NOW,
                scores=[],
                features=(0.5,),
                model_version="m",
                feature_schema="1",
                label_source="simulated",
                code_version="1",
                language_pipeline="p",
            ),
        ]
    )


def test_they_go_down_and_up_with_data_and_leave_what_stood_before(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        fill(session)
    migrate(engine, "0002")
    assert not {table.__tablename__ for table in (*OF_STUDENT, *OF_NOBODY)} & set(inspect(engine).get_table_names())
    migrate(engine)
    with sessions() as session:
        assert session.scalar(select(StudentRow.student_id)) == "s-1"
        kept = session.scalars(select(AssessmentRow)).one()
        assert (kept.features, kept.model_version, kept.code_version) == ((0.5,), "m", None)
        assert session.scalars(select(ResponseRow)).one().code_version is None


def test_what_names_a_student_goes_with_it(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        fill(session)
    with sessions.begin() as session:
        session.execute(text("DELETE FROM students"))
    with sessions() as session:
        for table in OF_STUDENT:
            assert session.scalar(select(func.count()).select_from(table)) == 0, table
        for table in OF_NOBODY:
            assert session.scalar(select(func.count()).select_from(table)) == 1, table


def test_a_name_needs_a_student(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.add(StudentNameRow(student_key=5, name=b"Ada", encrypted=False))
