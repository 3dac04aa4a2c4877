"""What several servers on one database need to know of each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the revisions and the leases."""
    op.create_table(
        "revisions",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "topic", name="pk_revisions"),
    )
    op.create_table(
        "leases",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("wanted", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_leases"),
    )
