"""Deletes what is older than the owner wants to keep: events, recorded answers, and what people said to the assistant.

The last event stays whatever its age, because its position must never be given again. The logs of agents stay as well: an
agent is the replay of its log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from safetensors.numpy import load
from sqlalchemy import Connection, and_, delete, exists, func, select, tuple_

from footlight_server.log.database import Database
from footlight_server.log.schema import CONVERSATION_TURNS, DECISIONS, EVENTS, PEOPLE, RANKING_PAGES
from footlight_server.log.writer import Writer

BATCH = 2_000
"""So many rows are deleted in one transaction, so that others get their turn."""
PAGES = 64
PEOPLE_AT_ONCE = 500

Find = Callable[[int], Sequence[Any]]
Drop = Callable[[Connection, Sequence[Any]], None]

_E, _P = EVENTS.c, RANKING_PAGES.c


class Swept(NamedTuple):
    """What was deleted."""

    events: int
    decisions: int
    rankings: int
    """Pages of them."""
    turns: int


class Retention:
    """One tenant's old rows. Reading and deleting may take long: call it on a thread, or await it."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant

    async def sweep(self, before: int) -> Swept:
        """Delete what is older than a time, in microseconds since 1970."""
        events = await self._all(self._old_events, self._drop_events, before)
        decisions = await self._delete(DECISIONS, before)
        pages = await self._all(self._old_pages, self._drop_pages, before)
        return Swept(events, decisions, pages, await self._delete(CONVERSATION_TURNS, before))

    def idle_people(self) -> list[str]:
        """The names of some people of whom no event is left."""
        with_events = exists().where(_E.tenant == PEOPLE.c.tenant, _E.user_ordinal == PEOPLE.c.ordinal)
        query = select(PEOPLE.c.user_id).where(PEOPLE.c.tenant == self._tenant, ~with_events).limit(PEOPLE_AT_ONCE)
        with self._database.reading() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    async def _all(self, find: Find, drop: Drop, before: int) -> int:
        count = 0
        while keys := await asyncio.to_thread(find, before):
            await self._writer.submit(partial(_with, drop, keys))
            count += len(keys)
        return count

    def _old_events(self, before: int) -> Sequence[Any]:
        last = select(func.max(_E.position)).where(_E.tenant == self._tenant).scalar_subquery()
        query = select(_E.position).where(_E.tenant == self._tenant, _E.time < before, _E.position < last)
        with self._database.reading() as connection:
            return [row[0] for row in connection.execute(query.limit(BATCH))]

    def _drop_events(self, connection: Connection, positions: Sequence[Any]) -> None:
        connection.execute(delete(EVENTS).where(_E.tenant == self._tenant, _E.position.in_(positions)))

    def _old_pages(self, before: int) -> Sequence[Any]:
        """Pages whose newest ranking is too old. Within a run they lie in the order of time."""
        found: list[tuple[str, int]] = []
        with self._database.reading() as connection:
            runs = select(_P.run).where(_P.tenant == self._tenant).distinct()
            for (run,) in connection.execute(runs).all():
                pages = select(_P.first, _P.data).where(_P.tenant == self._tenant, _P.run == run).order_by(_P.first)
                for first, data in connection.execute(pages.limit(PAGES)):
                    if int(load(data)["time"].max()) >= before:
                        break
                    found.append((run, first))
        return found

    def _drop_pages(self, connection: Connection, keys: Sequence[tuple[str, int]]) -> None:
        here = and_(_P.tenant == self._tenant, tuple_(_P.run, _P.first).in_(keys))
        connection.execute(delete(RANKING_PAGES).where(here))

    async def _delete(self, table: Any, before: int) -> int:
        here = and_(table.c.tenant == self._tenant, table.c.time < before)
        return await self._writer.submit(lambda connection: int(connection.execute(delete(table).where(here)).rowcount))


def _with(drop: Drop, keys: Sequence[Any], connection: Connection) -> None:
    drop(connection, keys)
