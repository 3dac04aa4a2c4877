"""What people typed and were answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of the turns of conversations."""
    text = [sa.Column(name, sa.Text, nullable=False) for name in ("decision_id", "said", "answer", "memory")]
    op.create_table(
        "conversation_turns",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=True),
        *text,
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "deployment", "conversation_id", "turn", name="pk_conversation_turns"),
    )
    op.create_index("ix_conversation_turns_user_id", "conversation_turns", ["tenant", "user_id"])
    request = ["tenant", "deployment", "conversation_id", "request_id"]
    op.create_index("ix_conversation_turns_request_id", "conversation_turns", request, unique=True)
