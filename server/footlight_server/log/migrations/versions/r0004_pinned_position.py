"""The log position that a deployment is held at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every deployment follows the log."""
    op.add_column("deployments", sa.Column("pinned_position", sa.BigInteger, nullable=True))
