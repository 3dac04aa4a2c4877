"""Rights of corpora, and what was done to assets before they were answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was made before was not marked."""
    op.add_column("corpora", sa.Column("rights", sa.Text, nullable=False, server_default="{}"))
    for name, kind, default in (
        ("content_seed", sa.BigInteger, "0"),
        ("redraw_count", sa.Integer, "0"),
        ("content_sha256", sa.LargeBinary, None),
        ("corpus_id", sa.Text, ""),
        ("provenance", sa.Text, "{}"),
        ("watermark", sa.BigInteger, None),
        ("fingerprint", sa.LargeBinary, None),
        ("sidecar", sa.LargeBinary, None),
    ):
        op.add_column("assets", sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index("ix_assets_watermark", "assets", ["tenant", "watermark"])
    op.create_index("ix_assets_sha256", "assets", ["tenant", "sha256"])
