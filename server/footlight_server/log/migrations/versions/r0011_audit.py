"""Who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of the audit log."""
    texts = [sa.Column(name, sa.Text, nullable=False) for name in ("subject", "action", "target", "outcome")]
    op.create_table(
        "audit",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        *texts,
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_audit"),
    )
