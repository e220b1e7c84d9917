"""The parts of responses that can be quoted as evidence."""

import sqlalchemy as sa
from alembic import op

from skillscope.store.types import FloatVector, Key

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_TABLE = "response_segments"


def upgrade() -> None:
    """Make the table. Responses that are there already get no row: their evidence is measured when asked for."""
    op.create_table(
        _TABLE,
        sa.Column(
            "response_key",
            Key,
            sa.ForeignKey("responses.key", name=f"fk_{_TABLE}_response_key_responses", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("feature_schema", sa.String(32), nullable=False),
        sa.Column(
            "student_key",
            Key,
            sa.ForeignKey("students.key", name=f"fk_{_TABLE}_student_key_students", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("language_pipeline", sa.String(64), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("without", FloatVector(), nullable=False),
        sa.PrimaryKeyConstraint("response_key", "feature_schema", name=f"pk_{_TABLE}"),
    )
    op.create_index(f"ix_{_TABLE}_student_key", _TABLE, ["student_key"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table(_TABLE)
