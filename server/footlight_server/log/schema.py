"""The tables. `migrations` creates them; a test holds the two together.

JSON is kept as text that Python wrote: metrics may hold NaN, which a database's own JSON type refuses.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

REVISION = "0013"
"""The newest migration. A database that is there already needs no Alembic to be opened."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _of(name: str, kind: Any = Text) -> Column[Any]:
    return Column(name, kind, nullable=False)


ITEMS = Table(
    "items",
    METADATA,
    _key("tenant"),
    _key("ordinal", Integer),
    _of("item_id"),
    _of("title"),
    _of("kind"),
    _of("tags"),
    _of("attributes"),
    _of("create_time", BigInteger),
    _of("update_time", BigInteger),
    _of("deleted", SmallInteger),
    Column("available_from", BigInteger),
    Column("available_until", BigInteger),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index("ix_items_item_id", "tenant", "item_id", unique=True),
    Index("ix_items_revision", "tenant", "revision"),
)
"""``revision`` is the number of the change to the catalogue that wrote the row last: what changed since can be read."""

PEOPLE = Table(
    "people",
    METADATA,
    _key("tenant"),
    _key("ordinal", Integer),
    _of("user_id"),
    Index("ix_people_user_id", "tenant", "user_id", unique=True),
)

EVENTS = Table(
    "events",
    METADATA,
    _key("tenant"),
    _key("position", BigInteger),
    _of("event_id"),
    _of("user_ordinal", Integer),
    _of("item_ordinal", Integer),
    _of("kind", SmallInteger),
    Column("value", Double),
    _of("time", BigInteger),
    _of("tie", BigInteger),
    _of("decision_id"),
    ForeignKeyConstraint(["tenant", "user_ordinal"], ["people.tenant", "people.ordinal"]),
    ForeignKeyConstraint(["tenant", "item_ordinal"], ["items.tenant", "items.ordinal"]),
    Index("ix_events_event_id", "tenant", "event_id", unique=True),
    Index("ix_events_user_ordinal", "tenant", "user_ordinal"),
    sqlite_with_rowid=False,  # rows lie in the order in which they are read
)

ERASURES = Table(
    "erasures",
    METADATA,
    _key("tenant"),
    _key("epoch", BigInteger),
    _of("user_ordinal", Integer),
    _of("log_position", BigInteger),
    _of("time", BigInteger),
    Index("ix_erasures_user_ordinal", "tenant", "user_ordinal", unique=True),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    _key("tenant"),
    _key("decision_id"),
    _of("verb"),
    _of("deployment"),
    _of("model_version", BigInteger),
    _of("log_position", BigInteger),
    _of("user_ordinal", Integer),
    _of("seed", BigInteger),
    _of("payload", LargeBinary),
    _of("time", BigInteger),
    Index("ix_decisions_user_ordinal", "tenant", "user_ordinal"),
)

RANKING_PAGES = Table(
    "ranking_pages",
    METADATA,
    _key("tenant"),
    _key("run"),
    _key("first", BigInteger),
    _of("last", BigInteger),
    _of("deployment"),
    _of("model_version", BigInteger),
    _of("people", LargeBinary),
    _of("data", LargeBinary),
)
"""``people`` are the ordinals on the page, so that an erasure need not read ``data``, which holds the columns."""

DEPLOYMENTS = Table(
    "deployments",
    METADATA,
    _key("tenant"),
    _key("name"),
    _of("engine"),
    _of("options"),
    _of("active_version", BigInteger),
    Column("pinned_position", BigInteger),
    _of("awake", Integer),
)

TRAININGS = Table(
    "trainings",
    METADATA,
    _key("tenant"),
    _key("training_id"),
    _of("deployment"),
    _of("state", SmallInteger),
    _of("fraction", Double),
    _of("step", BigInteger),
    _of("metrics"),
    _of("error"),
    _of("model_version", BigInteger),
    _of("seed", BigInteger),
    _of("corpus_id"),
    _of("options"),
    _of("create_time", BigInteger),
    Column("end_time", BigInteger),
    _of("notes"),
    Index("ix_trainings_create_time", "tenant", "create_time"),
)

AGENTS = Table(
    "agents",
    METADATA,
    _key("tenant"),
    _key("agent_id"),
    _of("ordinal", Integer),
    _of("deployment"),
    _of("spaces"),
    _of("options"),
    _of("seed", BigInteger),
    _of("create_time", BigInteger),
    Column("settings", Text, nullable=False, server_default="{}"),
    Index("ix_agents_ordinal", "tenant", "ordinal", unique=True),
)

_REQUEST = text("kind = 1 AND name IS NOT NULL")
_REWARD = text("kind = 2")
_RARE = text("kind > 3")
_PERSONAL = text("person IS NOT NULL")

AGENT_LOG = Table(
    "agent_log",
    METADATA,
    _key("tenant"),
    _key("agent", Integer),
    _key("position", BigInteger),
    _of("kind", SmallInteger),
    _of("session_id"),
    Column("name", Text),
    Column("decision", BigInteger),
    Column("observation", BigInteger),
    Column("action", BigInteger),
    Column("reward", Double),
    _of("flag", SmallInteger),
    Column("mask", LargeBinary),
    Column("distribution", LargeBinary),
    _of("learned_steps", BigInteger),
    _of("seed", BigInteger),
    _of("time", BigInteger),
    Column("features", LargeBinary),
    Column("chosen", LargeBinary),
    Column("candidates", LargeBinary),
    Column("person", BigInteger),
    Column("propensity", Double),
    Column("expected", Double),
    Column("best_expected", Double),
    Column("detail", Text),
    ForeignKeyConstraint(["tenant", "agent"], ["agents.tenant", "agents.ordinal"]),
    Index(
        "ix_agent_log_request", "tenant", "agent", "name", unique=True, sqlite_where=_REQUEST, postgresql_where=_REQUEST
    ),
    Index(
        "ix_agent_log_reward",
        "tenant",
        "agent",
        "decision",
        "name",
        unique=True,
        sqlite_where=_REWARD,
        postgresql_where=_REWARD,
    ),
    Index("ix_agent_log_kind", "tenant", "agent", "kind", "position", sqlite_where=_RARE, postgresql_where=_RARE),
    Index("ix_agent_log_person", "tenant", "person", sqlite_where=_PERSONAL, postgresql_where=_PERSONAL),
    sqlite_with_rowid=False,
)

CONVERSATION_TURNS = Table(
    "conversation_turns",
    METADATA,
    _key("tenant"),
    _key("deployment"),
    _key("conversation_id"),
    _key("turn", BigInteger),
    _of("user_id"),
    Column("request_id", Text),
    _of("decision_id"),
    _of("said"),
    _of("answer"),
    _of("memory"),
    _of("time", BigInteger),
    Index("ix_conversation_turns_user_id", "tenant", "user_id"),
    Index("ix_conversation_turns_request_id", "tenant", "deployment", "conversation_id", "request_id", unique=True),
)
"""What people typed and were answered. ``answer`` and ``memory`` are JSON."""

CORPORA = Table(
    "corpora",
    METADATA,
    _key("tenant"),
    _key("corpus_id"),
    _of("name"),
    _of("file_count", Integer),
    _of("size_bytes", BigInteger),
    _of("create_time", BigInteger),
    Column("rights", Text, nullable=False, server_default="{}"),
    Index("ix_corpora_create_time", "tenant", "create_time"),
)

CORPUS_FILES = Table(
    "corpus_files",
    METADATA,
    _key("tenant"),
    _key("corpus_id"),
    _key("path"),
    _of("sha256"),
    _of("size_bytes", BigInteger),
    ForeignKeyConstraint(["tenant", "corpus_id"], ["corpora.tenant", "corpora.corpus_id"]),
    Index("ix_corpus_files_sha256", "sha256"),
)

ASSETS = Table(
    "assets",
    METADATA,
    _key("tenant"),
    _key("asset_id"),
    _of("decision_id"),
    _of("deployment"),
    _of("model_version", BigInteger),
    _of("seed", BigInteger),
    _of("media_type"),
    _of("size_bytes", BigInteger),
    _of("sha256", LargeBinary),
    _of("attributes"),
    _of("create_time", BigInteger),
    Column("content_seed", BigInteger, nullable=False, server_default="0"),
    Column("redraw_count", Integer, nullable=False, server_default="0"),
    Column("content_sha256", LargeBinary),
    Column("corpus_id", Text, nullable=False, server_default=""),
    Column("provenance", Text, nullable=False, server_default="{}"),
    Column("watermark", BigInteger),
    Column("fingerprint", LargeBinary),
    Column("sidecar", LargeBinary),
    Index("ix_assets_watermark", "tenant", "watermark"),
    Index("ix_assets_sha256", "tenant", "sha256"),
)

REVISIONS = Table(
    "revisions",
    METADATA,
    _key("tenant"),
    _key("topic"),
    _of("number", BigInteger),
)
"""How often something was changed that a server keeps in memory, so that the others look again."""

LEASES = Table(
    "leases",
    METADATA,
    _key("tenant"),
    _key("name"),
    _of("holder"),
    _of("fence", BigInteger),
    _of("expires", BigInteger),
    _of("wanted"),
)
"""Who alone may write something. ``wanted`` is the server that asks for it; empty where nobody does."""

TOKENS = Table(
    "tokens",
    METADATA,
    _key("tenant"),
    _key("token_id"),
    _of("name"),
    _of("digest", LargeBinary),
    _of("scopes"),
    _of("rate", Double),
    _of("create_time", BigInteger),
    Column("expire_time", BigInteger),
    Column("revoke_time", BigInteger),
    Index("ix_tokens_digest", "digest", unique=True),
)
"""What callers show to be let in. ``digest`` is the SHA-256 of the token, which itself is nowhere; ``rate`` is in calls per
second, 0 for as many as come."""

AUDIT = Table(
    "audit",
    METADATA,
    _key("tenant"),
    _key("number", BigInteger),
    _of("time", BigInteger),
    _of("subject"),
    _of("action"),
    _of("target"),
    _of("outcome"),
    _of("digest", LargeBinary),
)
"""Who did what; see `footlight_server.log.audit`. ``target`` is JSON, in which people have pseudonyms."""

LISTENERS = Table(
    "listeners",
    METADATA,
    _key("tenant"),
    _key("name"),
    _of("position", BigInteger),
    _of("epoch", BigInteger),
    _of("time", BigInteger),
)
"""How far event listeners have been told: of the log, and of the erasures."""

PERSONAL = (EVENTS, PEOPLE, DECISIONS, RANKING_PAGES, AGENT_LOG, CONVERSATION_TURNS)
"""The tables that hold something of people."""
