"""Counts the changes of what servers keep in memory, so that each sees when another one changed something."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text

from footlight_server.log.bulk import Prepared
from footlight_server.log.schema import REVISIONS

CATALOGUE = "catalogue"
"""Items were put or deleted; each has the number of the change in its row."""
DEPLOYMENTS = "deployments"
TRAININGS = "trainings"
LEASES = "leases"
"""A lease is asked for, or was given back."""
TOKENS = "tokens"
"""A token was made or revoked; counted under `NO_TENANT`, since whoever calls has shown no tenant yet."""
NO_TENANT = ""

_BUMP = Prepared(
    text(
        "INSERT INTO revisions (tenant, topic, number) VALUES (:tenant, :topic, 1)"
        " ON CONFLICT (tenant, topic) DO UPDATE SET number = revisions.number + 1 RETURNING number"
    )
)
_ALL = Prepared(select(REVISIONS.c.topic, REVISIONS.c.number).where(REVISIONS.c.tenant == bindparam("tenant")))


def bump(connection: Connection, tenant: str, topic: str) -> int:
    """Count a change, in the transaction that makes it. Answers the new number."""
    return int(_BUMP.rows(connection, {"tenant": tenant, "topic": topic})[0][0])


def revisions(connection: Connection, tenant: str) -> dict[str, int]:
    """The numbers by topic; a topic that never changed has none."""
    return dict(_ALL.rows(connection, {"tenant": tenant}))
