"""What agents are settled for, and what their decisions are about beyond numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; agents that are there have the settings that were the only ones before."""
    op.add_column("agents", sa.Column("settings", sa.Text, nullable=False, server_default="{}"))
    for name, kind in (
        ("features", sa.LargeBinary),
        ("chosen", sa.LargeBinary),
        ("candidates", sa.LargeBinary),
        ("person", sa.BigInteger),
        ("propensity", sa.Double),
        ("expected", sa.Double),
        ("best_expected", sa.Double),
        ("detail", sa.Text),
    ):
        op.add_column("agent_log", sa.Column(name, kind, nullable=True))
    op.create_index(
        "ix_agent_log_kind",
        "agent_log",
        ["tenant", "agent", "kind", "position"],
        unique=False,
        sqlite_where=sa.text("kind > 3"),
        postgresql_where=sa.text("kind > 3"),
    )
    op.create_index(
        "ix_agent_log_person",
        "agent_log",
        ["tenant", "person"],
        unique=False,
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    )
