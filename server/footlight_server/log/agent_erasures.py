"""Takes a person out of the logs of agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from footlight_server.log.bulk import Lookup
from footlight_server.log.records import AgentRow, now
from footlight_server.log.schema import AGENT_LOG, ERASURES
from footlight_server.log.sqlite import PromptConnection

ACT, END, ERASED = 1, 3, 9
"""The kinds of a row that matter here. An erased one keeps its position, so that none is ever given again."""

_KEPT = ("tenant", "agent", "position")
_GONE = Lookup(select(ERASURES.c.user_ordinal).where(ERASURES.c.tenant == bindparam("tenant")), ERASURES.c.user_ordinal)


def erase_person(connection: Connection, tenant: str, person: int) -> int:
    """Blank the decisions made for a person, their rewards, and the ends of their sessions; answers how many decisions."""
    c = AGENT_LOG.c
    here = (c.tenant == tenant, c.person == person)
    found = connection.execute(select(c.agent, c.position, c.session_id).where(*here)).all()
    for agent, position, session_id in found:
        mine = (c.tenant == tenant, c.agent == agent)
        _blank(connection, *mine, c.decision == position, c.kind != ACT)
        _blank(connection, *mine, c.session_id == session_id, c.kind == END)
    _blank(connection, *here)
    return len(found)


def _blank(connection: Connection, *where: ColumnElement[bool]) -> None:
    values: dict[str, Any] = {column.name: None for column in AGENT_LOG.c if column.name not in _KEPT}
    values |= {"kind": ERASED, "session_id": "", "flag": 0, "learned_steps": 0, "seed": 0, "time": now()}
    connection.execute(update(AGENT_LOG).where(*where).values(values))


def without_erased(connection: Connection, tenant: str, rows: Sequence[AgentRow]) -> Sequence[AgentRow]:
    """The rows, blank where their person was erased while they were on their way."""
    people = {row.person for row in rows if row.person is not None}
    if not people:
        return rows
    gone = {one[0] for one in _GONE.rows(connection, tenant, list(people))}
    if not gone:
        return rows
    return [AgentRow(row.agent, row.position, ERASED, "", time=now()) if row.person in gone else row for row in rows]


def was_erased(prompt: PromptConnection, tenant: str, person: int) -> bool:
    """Whether a person was erased."""
    return bool(prompt.rows("SELECT 1 FROM erasures WHERE tenant = ? AND user_ordinal = ?", (tenant, person)))
