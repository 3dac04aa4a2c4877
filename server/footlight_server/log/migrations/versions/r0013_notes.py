"""What an engine had to say about what it learned from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier trainings nothing is known."""
    op.add_column("trainings", sa.Column("notes", sa.Text, nullable=False, server_default="[]"))
