"""When items are available, and which change to the catalogue wrote each row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every item is always available and was written by no change that anybody waits for."""
    op.add_column("items", sa.Column("available_from", sa.BigInteger, nullable=True))
    op.add_column("items", sa.Column("available_until", sa.BigInteger, nullable=True))
    op.add_column("items", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_items_revision", "items", ["tenant", "revision"])
