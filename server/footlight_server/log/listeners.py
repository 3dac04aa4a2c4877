"""What event listeners are told, and how far they have been told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from footlight_plugins import EventKind, Happening
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.leases import Fence
from footlight_server.log.records import now
from footlight_server.log.schema import EVENTS, ITEMS, LISTENERS, PEOPLE
from footlight_server.log.writer import Writer

_E, _L = EVENTS.c, LISTENERS.c


@dataclass(frozen=True, slots=True)
class Told:
    """How far a listener has been told."""

    position: int
    """Of the log."""
    epoch: int
    """Of the erasures."""


class ListenerTable:
    """One tenant's listeners. Reading may wait: call it on a thread."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database, self._writer, self._tenant = database, writer, tenant

    def told(self, name: str) -> Told | None:
        """How far a listener has been told; None where there never was one of that name."""
        query = select(_L.position, _L.epoch).where(_L.tenant == self._tenant, _L.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Told(int(row.position), int(row.epoch))

    async def save(self, name: str, told: Told, fence: Fence) -> None:
        """Write down how far it has been told, unless another server has taken over: raises LeaseLost then."""
        await self._writer.submit(lambda connection: self._save(connection, name, told, fence))

    def _save(self, connection: Connection, name: str, told: Told, fence: Fence) -> None:
        fence(connection)
        connection.execute(delete(LISTENERS).where(_L.tenant == self._tenant, _L.name == name))
        insert_rows(connection, LISTENERS, [(self._tenant, name, told.position, told.epoch, now())])

    def happened(self, after: int, upto: int, most: int) -> Sequence[Happening]:
        """The first events after one position and up to another, with the names of those who took part."""
        who = and_(PEOPLE.c.tenant == _E.tenant, PEOPLE.c.ordinal == _E.user_ordinal)
        what = and_(ITEMS.c.tenant == _E.tenant, ITEMS.c.ordinal == _E.item_ordinal)
        columns = (_E.position, _E.event_id, _E.user_ordinal, PEOPLE.c.user_id, ITEMS.c.item_id)
        query = (
            select(*columns, _E.kind, _E.value, _E.time, _E.decision_id)
            .select_from(EVENTS)
            .join(PEOPLE, who)
            .join(ITEMS, what)
            .where(_E.tenant == self._tenant, _E.position > after, _E.position <= upto)
            .order_by(_E.position)
            .limit(most)
        )
        with self._database.reading() as connection:
            return [_happening(row) for row in connection.execute(query)]


def _happening(row: Iterable[Any]) -> Happening:
    position, event_id, user, user_id, item_id, kind, value, time, decision_id = tuple(row)
    strength = 1.0 if value is None else value
    return Happening(position, event_id, user, user_id, item_id, EventKind(kind), strength, time, decision_id)
