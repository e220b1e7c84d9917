"""The contents of xAPI statements, so that they can be given back and voided."""

import sqlalchemy as sa
from alembic import op

from skillscope.store.types import Key, UtcDateTime

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_TABLE = "xapi_contents"


def upgrade() -> None:
    """Make the table. Of statements that are there already only a digest was kept: they stay without contents."""
    op.create_table(
        _TABLE,
        sa.Column("key", Key, nullable=False, autoincrement=True),
        sa.Column("statement_id", sa.String(36), nullable=False),
        sa.Column(
            "student_key",
            Key,
            sa.ForeignKey("students.key", name=f"fk_{_TABLE}_student_key_students", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=True),
        sa.Column("registration", sa.Text(), nullable=True),
        sa.Column("voids", sa.String(36), nullable=True),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=f"pk_{_TABLE}"),
        sa.UniqueConstraint("statement_id", name=f"uq_{_TABLE}_statement_id"),
    )
    op.create_index(f"ix_{_TABLE}_student_key_key", _TABLE, ["student_key", "key"])
    op.create_index(f"ix_{_TABLE}_voids", _TABLE, ["voids"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table(_TABLE)
