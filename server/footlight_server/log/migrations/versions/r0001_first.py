"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _catalogue()
    _events()
    _decisions()
    _engines()
    _agents()
    _corpora()


def _column(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _table(name: str, key: tuple[str, ...], *parts: Any, **options: Any) -> None:
    tenant = _column("tenant")
    op.create_table(name, tenant, *parts, sa.PrimaryKeyConstraint("tenant", *key, name=f"pk_{name}"), **options)


def _catalogue() -> None:
    _table(
        "items",
        ("ordinal",),
        _column("ordinal", sa.Integer),
        _column("item_id"),
        _column("title"),
        _column("kind"),
        _column("tags"),
        _column("attributes"),
        _column("create_time", sa.BigInteger),
        _column("update_time", sa.BigInteger),
        _column("deleted", sa.SmallInteger),
    )
    op.create_index("ix_items_item_id", "items", ["tenant", "item_id"], unique=True)
    _table("people", ("ordinal",), _column("ordinal", sa.Integer), _column("user_id"))
    op.create_index("ix_people_user_id", "people", ["tenant", "user_id"], unique=True)


def _events() -> None:
    _table(
        "events",
        ("position",),
        _column("position", sa.BigInteger),
        _column("event_id"),
        _column("user_ordinal", sa.Integer),
        _column("item_ordinal", sa.Integer),
        _column("kind", sa.SmallInteger),
        sa.Column("value", sa.Double),
        _column("time", sa.BigInteger),
        _column("tie", sa.BigInteger),
        _column("decision_id"),
        sa.ForeignKeyConstraint(
            ["tenant", "user_ordinal"], ["people.tenant", "people.ordinal"], name="fk_events_people"
        ),
        sa.ForeignKeyConstraint(["tenant", "item_ordinal"], ["items.tenant", "items.ordinal"], name="fk_events_items"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_events_event_id", "events", ["tenant", "event_id"], unique=True)
    op.create_index("ix_events_user_ordinal", "events", ["tenant", "user_ordinal"])
    _table(
        "erasures",
        ("epoch",),
        _column("epoch", sa.BigInteger),
        _column("user_ordinal", sa.Integer),
        _column("log_position", sa.BigInteger),
        _column("time", sa.BigInteger),
    )
    op.create_index("ix_erasures_user_ordinal", "erasures", ["tenant", "user_ordinal"], unique=True)


def _decisions() -> None:
    _table(
        "decisions",
        ("decision_id",),
        _column("decision_id"),
        _column("verb"),
        _column("deployment"),
        _column("model_version", sa.BigInteger),
        _column("log_position", sa.BigInteger),
        _column("user_ordinal", sa.Integer),
        _column("seed", sa.BigInteger),
        _column("payload", sa.LargeBinary),
        _column("time", sa.BigInteger),
    )
    op.create_index("ix_decisions_user_ordinal", "decisions", ["tenant", "user_ordinal"])


def _engines() -> None:
    _table(
        "deployments",
        ("name",),
        _column("name"),
        _column("engine"),
        _column("options"),
        _column("active_version", sa.BigInteger),
    )
    _table(
        "trainings",
        ("training_id",),
        _column("training_id"),
        _column("deployment"),
        _column("state", sa.SmallInteger),
        _column("fraction", sa.Double),
        _column("step", sa.BigInteger),
        _column("metrics"),
        _column("error"),
        _column("model_version", sa.BigInteger),
        _column("seed", sa.BigInteger),
        _column("corpus_id"),
        _column("options"),
        _column("create_time", sa.BigInteger),
        sa.Column("end_time", sa.BigInteger),
    )
    op.create_index("ix_trainings_create_time", "trainings", ["tenant", "create_time"])


def _agents() -> None:
    _table(
        "agents",
        ("agent_id",),
        _column("agent_id"),
        _column("ordinal", sa.Integer),
        _column("deployment"),
        _column("spaces"),
        _column("options"),
        _column("seed", sa.BigInteger),
        _column("create_time", sa.BigInteger),
    )
    op.create_index("ix_agents_ordinal", "agents", ["tenant", "ordinal"], unique=True)
    _table(
        "agent_log",
        ("agent", "position"),
        _column("agent", sa.Integer),
        _column("position", sa.BigInteger),
        _column("kind", sa.SmallInteger),
        _column("session_id"),
        sa.Column("name", sa.Text),
        sa.Column("decision", sa.BigInteger),
        sa.Column("observation", sa.BigInteger),
        sa.Column("action", sa.BigInteger),
        sa.Column("reward", sa.Double),
        _column("flag", sa.SmallInteger),
        sa.Column("mask", sa.LargeBinary),
        sa.Column("distribution", sa.LargeBinary),
        _column("learned_steps", sa.BigInteger),
        _column("seed", sa.BigInteger),
        _column("time", sa.BigInteger),
        sa.ForeignKeyConstraint(["tenant", "agent"], ["agents.tenant", "agents.ordinal"], name="fk_agent_log_agents"),
        sqlite_with_rowid=False,
    )
    _partial_index("ix_agent_log_request", ["tenant", "agent", "name"], "kind = 1 AND name IS NOT NULL")
    _partial_index("ix_agent_log_reward", ["tenant", "agent", "decision", "name"], "kind = 2")


def _partial_index(name: str, columns: list[str], where: str) -> None:
    clause = sa.text(where)
    op.create_index(name, "agent_log", columns, unique=True, sqlite_where=clause, postgresql_where=clause)


def _corpora() -> None:
    _table(
        "corpora",
        ("corpus_id",),
        _column("corpus_id"),
        _column("name"),
        _column("file_count", sa.Integer),
        _column("size_bytes", sa.BigInteger),
        _column("create_time", sa.BigInteger),
    )
    op.create_index("ix_corpora_create_time", "corpora", ["tenant", "create_time"])
    _table(
        "corpus_files",
        ("corpus_id", "path"),
        _column("corpus_id"),
        _column("path"),
        _column("sha256"),
        _column("size_bytes", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["tenant", "corpus_id"], ["corpora.tenant", "corpora.corpus_id"], name="fk_corpus_files_corpora"
        ),
    )
    op.create_index("ix_corpus_files_sha256", "corpus_files", ["sha256"])
    _table(
        "assets",
        ("asset_id",),
        _column("asset_id"),
        _column("decision_id"),
        _column("deployment"),
        _column("model_version", sa.BigInteger),
        _column("seed", sa.BigInteger),
        _column("media_type"),
        _column("size_bytes", sa.BigInteger),
        _column("sha256", sa.LargeBinary),
        _column("attributes"),
        _column("create_time", sa.BigInteger),
    )
