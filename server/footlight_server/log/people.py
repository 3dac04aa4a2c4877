"""The people that the log knows, by the ordinals that engines see."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from footlight_server.log.bulk import Lookup, Prepared, insert_rows
from footlight_server.log.database import Database
from footlight_server.log.records import NOBODY
from footlight_server.log.schema import ERASURES, PEOPLE

_TENANT: BindParameter[str] = bindparam("tenant")
_BY_NAME = Lookup(select(PEOPLE.c.user_id, PEOPLE.c.ordinal).where(PEOPLE.c.tenant == _TENANT), PEOPLE.c.user_id)
_LIVING = Prepared(select(func.max(PEOPLE.c.ordinal)).where(PEOPLE.c.tenant == _TENANT))
_AFTER = Prepared(
    select(PEOPLE.c.user_id, PEOPLE.c.ordinal).where(PEOPLE.c.tenant == _TENANT, PEOPLE.c.ordinal > bindparam("after"))
)
_NAME = Prepared(select(PEOPLE.c.user_id).where(PEOPLE.c.tenant == _TENANT, PEOPLE.c.ordinal == bindparam("ordinal")))
_ERASED = Prepared(select(func.max(ERASURES.c.user_ordinal)).where(ERASURES.c.tenant == _TENANT))


class People:
    """Finds a person's ordinal in memory. A person exists from their first event on; an ordinal is never used again."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant
        self._drops = 0
        self.load()

    def __len__(self) -> int:
        return len(self._ordinals)

    def load(self) -> None:
        """Read everybody anew from the database."""
        self._ordinals: dict[str, int] = dict(self._after(NOBODY))
        self._highest = max(self._ordinals.values(), default=NOBODY)
        """Everybody up to this ordinal is remembered, or was erased."""

    def ordinal(self, user_id: str) -> int:
        """The person's ordinal; -1 for somebody the log does not know."""
        return self._ordinals.get(user_id, NOBODY)

    def ordinals(self, user_ids: Iterable[str]) -> list[int]:
        """The ordinals of many people; -1 for those that the log does not know."""
        get = self._ordinals.get
        return [get(user_id, NOBODY) for user_id in user_ids]

    def name_of(self, ordinal: int) -> str:
        """The name of a person; empty for nobody, and for somebody who was erased. Reads the database."""
        if ordinal == NOBODY:
            return ""
        with self._database.reading() as connection:
            rows = _NAME.rows(connection, {"tenant": self._tenant, "ordinal": ordinal})
        return str(rows[0][0]) if rows else ""

    def known(self, user_ids: Iterable[str]) -> dict[str, int]:
        """The ordinals of those of the people whom the log knows."""
        return {user_id: self._ordinals[user_id] for user_id in user_ids if user_id in self._ordinals}

    def adopt(self, new: Mapping[str, int]) -> None:
        """Take over people whom a committed batch met."""
        self._ordinals.update(new)
        for ordinal in new.values():
            if ordinal == self._highest + 1:
                self._highest = ordinal

    def drop(self, user_id: str) -> None:
        """Take out a person whose erasure has been committed."""
        self._ordinals.pop(user_id, None)
        self._drops += 1

    def drop_all(self, ordinals: Collection[int]) -> None:
        """Take out people whose erasure has been committed, and of whom nothing else is known."""
        for user_id in [name for name, ordinal in self._ordinals.items() if ordinal in ordinals]:
            self.drop(user_id)
        self._drops += 1

    async def follow(self, highest: int) -> None:
        """Take over the people whom other servers met, up to an ordinal."""
        while highest > self._highest:
            drops = self._drops
            new = dict(await asyncio.to_thread(self._after, self._highest))
            if drops == self._drops:  # else somebody who was read may have been erased since
                self._ordinals.update(new)
                self._highest = max(highest, self._highest, *new.values())

    def _after(self, ordinal: int) -> list[tuple[str, int]]:
        with self._database.reading() as connection:
            return _AFTER.rows(connection, {"tenant": self._tenant, "after": ordinal})


def find_people(connection: Connection, tenant: str, user_ids: Sequence[str]) -> dict[str, int]:
    """The ordinals of those people that the database knows."""
    return dict(_BY_NAME.rows(connection, tenant, user_ids))


def create_people(connection: Connection, tenant: str, user_ids: Iterable[str]) -> dict[str, int]:
    """Give new people the next ordinals, in the order given."""
    new = {user_id: ordinal for ordinal, user_id in enumerate(user_ids, _next_ordinal(connection, tenant))}
    insert_rows(connection, PEOPLE, [(tenant, ordinal, user_id) for user_id, ordinal in new.items()])
    return new


def _next_ordinal(connection: Connection, tenant: str) -> int:
    """One above every ordinal that was ever given: erasures remember those of people who are gone."""
    highest = (query.rows(connection, {"tenant": tenant})[0][0] for query in (_LIVING, _ERASED))
    return 1 + max(NOBODY if ordinal is None else int(ordinal) for ordinal in highest)
