"""Whether a deployment is brought to work when a server starts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a deployment that follows the log without having been trained wakes when it is asked."""
    op.add_column("deployments", sa.Column("awake", sa.Integer, nullable=False, server_default="0"))
