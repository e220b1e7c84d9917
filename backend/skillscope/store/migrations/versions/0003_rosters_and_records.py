"""Classes and teachers, names, statements, keyed requests, logs of access and disclosure; what rows were made with."""

import sqlalchemy as sa
from alembic import op

from skillscope.store.types import Key, UtcDateTime

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_MADE_WITH = (
    ("responses", "code_version", 32),
    ("response_features", "code_version", 32),
    ("session_features", "code_version", 32),
    ("assessments", "code_version", 32),
    ("assessments", "language_pipeline", 64),
)


def _reference(table: str, name: str, target: str, *, null: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(target, name=f"fk_{table}_{name}_{target.partition('.')[0]}", ondelete="CASCADE")
    return sa.Column(name, Key, key, nullable=null)


def _text(name: str, size: int, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(size), nullable=null)


def _table(name: str, *parts: sa.schema.SchemaItem, key: tuple[str, ...] = ("key",)) -> None:
    columns = [sa.Column("key", Key, nullable=False, autoincrement=True)] if key == ("key",) else []
    op.create_table(name, *columns, *parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, UtcDateTime(), nullable=False)


def _rosters() -> None:
    _table(
        "classes",
        _text("class_id", 128),
        _text("title", 256, null=True),
        _text("org_id", 128, null=True),
        sa.UniqueConstraint("class_id", name="uq_classes_class_id"),
    )
    _table("teachers", _text("teacher_id", 128), sa.UniqueConstraint("teacher_id", name="uq_teachers_teacher_id"))
    for table, member in (("class_students", "student"), ("class_teachers", "teacher")):
        _table(
            table,
            _reference(table, "class_key", "classes.key"),
            _reference(table, f"{member}_key", f"{member}s.key"),
            key=("class_key", f"{member}_key"),
        )
        _index(table, f"{member}_key")
    _table(
        "student_names",
        _reference("student_names", "student_key", "students.key"),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        key=("student_key",),
    )


def _requests() -> None:
    _table(
        "xapi_statements",
        _text("statement_id", 36),
        _reference("xapi_statements", "student_key", "students.key"),
        _text("digest", 64),
        _moment("stored_at"),
        key=("statement_id",),
    )
    _index("xapi_statements", "student_key")
    _table(
        "idempotency_keys",
        _text("key_digest", 64),
        _reference("idempotency_keys", "student_key", "students.key", null=True),
        _text("body_digest", 64),
        _text("holder", 36),
        _moment("started_at"),
        _moment("expires_at"),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        key=("key_digest",),
    )
    _index("idempotency_keys", "student_key")
    _index("idempotency_keys", "expires_at")


def _logs() -> None:
    _table(
        "access_log",
        _reference("access_log", "student_key", "students.key"),
        _moment("at"),
        _text("role", 16),
        _text("caller", 128),
        _text("route", 160),
        _text("request_id", 36),
    )
    _index("access_log", "student_key", "key")
    _index("access_log", "at")
    _table(
        "disclosures",
        _reference("disclosures", "student_key", "students.key"),
        _moment("at"),
        _text("recipient", 256),
        _text("what", 256),
    )
    _index("disclosures", "student_key", "key")
    _table(
        "erasures",
        _text("receipt_id", 36),
        _moment("at"),
        sa.Column("receipt", sa.Text(), nullable=False),
        key=("receipt_id",),
    )
    _table("service_state", _text("name", 64), _text("value", 256), _moment("changed_at"), key=("name",))


def upgrade() -> None:
    """Make the tables, and say what older rows were made with: nothing."""
    _rosters()
    _requests()
    _logs()
    for table, column, size in _MADE_WITH:
        op.add_column(table, _text(column, size, null=True))


def downgrade() -> None:
    """Drop them, the referring ones first."""
    for table, column, _size in reversed(_MADE_WITH):
        op.drop_column(table, column)
    for table in (
        "service_state",
        "erasures",
        "disclosures",
        "access_log",
        "idempotency_keys",
        "xapi_statements",
        "student_names",
        "class_teachers",
        "class_students",
        "teachers",
        "classes",
    ):
        op.drop_table(table)
