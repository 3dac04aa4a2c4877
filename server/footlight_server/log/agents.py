"""Agents, and the log that each of them is the replay of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, literal_column, select

from footlight_server.errors import AlreadyExists, NotFound
from footlight_server.log.agent_erasures import ERASED, was_erased, without_erased
from footlight_server.log.bulk import Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.paging import decode_token, encode_token, page_length
from footlight_server.log.records import AgentRecord, AgentRow
from footlight_server.log.schema import AGENT_LOG, AGENTS
from footlight_server.log.sqlite import PromptConnection, insert_statement
from footlight_server.log.writer import Writer

REQUEST = 1
"""The kind of a row whose name is a request id: unique in its agent."""
REWARD = 2
"""The kind of a row whose name is a reward id: unique in its decision."""
_PAGE = 10_000
_ROW = tuple(AGENT_LOG.c)[1:]
_INSERT = insert_statement(AGENT_LOG)
_FIND_REQUEST = (
    f"SELECT {', '.join(column.name for column in _ROW)} FROM agent_log"
    f" WHERE tenant = ? AND agent = ? AND kind = {REQUEST} AND name IS NOT NULL AND name = ?"
)
# Written into the statement, not bound: only then does the database see that a partial index holds these rows.
_IS_REQUEST = AGENT_LOG.c.kind == literal_column(str(REQUEST))
_IS_RARE = AGENT_LOG.c.kind > literal_column("3")
_IS_REWARD = AGENT_LOG.c.kind == literal_column(str(REWARD))
# One at a time: SQLite searches the whole agent for a list of names, and takes the index for one name.
_BY_REQUEST = Prepared(
    select(*_ROW).where(
        AGENT_LOG.c.tenant == bindparam("tenant"),
        AGENT_LOG.c.agent == bindparam("agent"),
        _IS_REQUEST,
        AGENT_LOG.c.name.is_not(None),
        AGENT_LOG.c.name == bindparam("name"),
    )
)


class AgentTable:
    """The table of agents; ordinals count from 0."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        self.log = AgentLog(database, tenant)

    async def insert(self, agent: AgentRecord) -> AgentRecord:
        """Add an agent under the next ordinal, or raise AlreadyExists. Answers it with its ordinal."""
        return await self._writer.submit(lambda connection: self._insert(connection, agent))

    def get(self, agent_id: str) -> AgentRecord:
        """One agent, or NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(AGENTS).where(*self._is(agent_id))).first()
        if row is None:
            raise NotFound("agent", agent_id)
        return _agent(row)

    def numbered(self, ordinal: int) -> AgentRecord | None:
        """The agent that has this ordinal."""
        query = select(AGENTS).where(AGENTS.c.tenant == self._tenant, AGENTS.c.ordinal == ordinal)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _agent(row)

    def list(self, page_size: int = 0, page_token: str = "") -> tuple[Sequence[AgentRecord], str]:
        """One page, newest first, and the token of the next; empty after the last."""
        length = page_length(page_size)
        query = select(AGENTS).where(AGENTS.c.tenant == self._tenant)
        if key := decode_token(page_token, int):
            query = query.where(AGENTS.c.ordinal < key[0])
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(AGENTS.c.ordinal.desc()).limit(length + 1)).all()
        page = [_agent(row) for row in rows[:length]]
        return page, encode_token(page[-1].ordinal) if len(rows) > length else ""

    def all(self) -> Sequence[AgentRecord]:
        """Every agent, by ordinal."""
        query = select(AGENTS).where(AGENTS.c.tenant == self._tenant).order_by(AGENTS.c.ordinal)
        with self._database.reading() as connection:
            return [_agent(row) for row in connection.execute(query)]

    def any_of(self, deployment: str) -> bool:
        """Whether an agent uses a deployment."""
        query = select(AGENTS.c.ordinal).where(AGENTS.c.tenant == self._tenant, AGENTS.c.deployment == deployment)
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _insert(self, connection: Connection, new: AgentRecord) -> AgentRecord:
        if connection.execute(select(AGENTS.c.ordinal).where(*self._is(new.agent_id))).first():
            raise AlreadyExists("agent", new.agent_id)
        highest = select(func.coalesce(func.max(AGENTS.c.ordinal), -1)).where(AGENTS.c.tenant == self._tenant)
        ordinal = connection.execute(highest).scalar_one() + 1
        what = (json.dumps(dict(new.spaces)), json.dumps(dict(new.options)), new.seed, new.create_time)
        row = (self._tenant, new.agent_id, ordinal, new.deployment, *what, json.dumps(dict(new.settings)))
        insert_rows(connection, AGENTS, [row])
        return replace(new, ordinal=ordinal)

    def _is(self, agent_id: str) -> tuple[ColumnElement[bool], ...]:
        return AGENTS.c.tenant == self._tenant, AGENTS.c.agent_id == agent_id


class AgentLog:
    """The rows of all agents. `insert_rows` is meant for a work of the writer; the rest reads.

    Every reader takes a connection where it should see what the same transaction has written.
    """

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    def insert_rows(self, connection: Connection, rows: Sequence[AgentRow]) -> None:
        """Append the rows. An id or a position that is there already raises `sqlalchemy.exc.IntegrityError`."""
        rows = without_erased(connection, self._tenant, rows)
        insert_rows(connection, AGENT_LOG, [(self._tenant, *row) for row in rows])

    def insert_at_once(self, prompt: PromptConnection, rows: Sequence[AgentRow]) -> bool:
        """`insert_rows`, committed when it returns; False where it has to be done in the other way."""
        people = {row.person for row in rows if row.person is not None}
        if people and any(was_erased(prompt, self._tenant, person) for person in people):
            return False
        tenant = (self._tenant,)
        return prompt.insert(_INSERT, [tenant + row for row in rows])

    def read(self, agent: int, after: int = 0) -> Iterator[AgentRow]:
        """The agent's rows after a position, in order; no connection is held between them."""
        c = AGENT_LOG.c
        while True:
            query = select(*_ROW).where(*self._of(agent), c.position > after).order_by(c.position).limit(_PAGE)
            with self._database.reading() as connection:
                rows = connection.execute(query).all()
            yield from map(AgentRow._make, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].position

    def learned_steps(self, agent: int) -> int:
        """From how many steps an agent had learned with its newest row that says so."""
        c = AGENT_LOG.c
        says = (c.kind != REWARD) | (c.learned_steps > 0)
        query = select(c.learned_steps).where(*self._of(agent), says).order_by(c.position.desc()).limit(1)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def of_kind(self, agent: int, kind: int) -> list[AgentRow]:
        """The agent's rows of a rare kind, in order."""
        c = AGENT_LOG.c
        query = select(*_ROW).where(*self._of(agent), _IS_RARE, c.kind == kind).order_by(c.position)
        with self._database.reading() as connection:
            return [AgentRow._make(row) for row in connection.execute(query)]

    def back_from(self, agent: int, before: int, limit: int) -> list[AgentRow]:
        """The agent's rows before a position, newest first."""
        c = AGENT_LOG.c
        query = select(*_ROW).where(*self._of(agent), c.position < before).order_by(c.position.desc()).limit(limit)
        with self._database.reading() as connection:
            return [AgentRow._make(row) for row in connection.execute(query)]

    def erased_agents(self) -> list[int]:
        """The agents whose log somebody was taken out of."""
        c = AGENT_LOG.c
        query = select(c.agent).where(c.tenant == self._tenant, _IS_RARE, c.kind == ERASED).distinct()
        with self._database.reading() as connection:
            return [agent for (agent,) in connection.execute(query)]

    def last_position(self, agent: int) -> int:
        """The agent's last position; 0 where it has no rows."""
        query = select(func.coalesce(func.max(AGENT_LOG.c.position), 0)).where(*self._of(agent))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def find(self, agent: int, position: int, connection: Connection | None = None) -> AgentRow | None:
        """The row at a position."""
        return self._first(connection, *self._of(agent), AGENT_LOG.c.position == position)

    def find_requests(self, agent: int, request_ids: Sequence[str]) -> dict[str, AgentRow]:
        """The decisions that these request ids led to, by request id; those that led to none are left out.

        To be called on the event loop.
        """
        if not request_ids:
            return {}
        found = {}
        if (prompt := self._database.prompt()) is not None:
            for name in request_ids:
                for row in prompt.rows(_FIND_REQUEST, (self._tenant, agent, name)):
                    found[name] = AgentRow._make(row)
            return found
        with self._database.reading() as connection:
            for name in request_ids:
                for row in _BY_REQUEST.rows(connection, {"tenant": self._tenant, "agent": agent, "name": name}):
                    found[name] = AgentRow._make(row)
        return found

    def find_reward(
        self, agent: int, decision: int, reward_id: str, connection: Connection | None = None
    ) -> AgentRow | None:
        """The reward that a decision has under a reward id."""
        c = AGENT_LOG.c
        here = (*self._of(agent), _IS_REWARD, c.decision == decision, c.name == reward_id)
        return self._first(connection, *here)

    def _of(self, agent: int) -> tuple[ColumnElement[bool], ...]:
        return AGENT_LOG.c.tenant == self._tenant, AGENT_LOG.c.agent == agent

    def _first(self, connection: Connection | None, *where: ColumnElement[bool]) -> AgentRow | None:
        if connection is None:
            with self._database.reading() as reading:
                return self._first(reading, *where)
        row = connection.execute(select(*_ROW).where(*where)).first()
        return None if row is None else AgentRow._make(row)


def _agent(row: Row[Any]) -> AgentRecord:
    return AgentRecord(
        agent_id=row.agent_id,
        deployment=row.deployment,
        spaces=json.loads(row.spaces),
        options=json.loads(row.options),
        seed=row.seed,
        create_time=row.create_time,
        ordinal=row.ordinal,
        settings=json.loads(row.settings),
    )
