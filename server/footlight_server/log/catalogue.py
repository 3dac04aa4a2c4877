"""The catalogue: what can be recommended. Ids and ordinals are in memory, everything else in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import ItemContent
from footlight_server.errors import NotFound
from footlight_server.log.availability import Availability
from footlight_server.log.columns import grown
from footlight_server.log.database import Database
from footlight_server.log.item_rows import (
    LIVE,
    LIVE_BY_ID,
    Change,
    Status,
    checked_items,
    delete,
    item_of,
    put,
    read_as_of,
    read_contents,
    read_statuses,
)
from footlight_server.log.paging import decode_token, encode_token, page_length
from footlight_server.log.records import Item, now
from footlight_server.log.revisions import CATALOGUE, revisions
from footlight_server.log.schema import ITEMS
from footlight_server.log.validation import check_size
from footlight_server.log.writer import Writer

Items: TypeAlias = list[Item]  # inside the class, "list" is the method
Ordinals: TypeAlias = list[int | None]
Statuses: TypeAlias = list[Status]
LARGEST_GET = 1_000
LONGEST_WAIT = 60.0
"""The time of day is looked at so often while items are waiting to become available, because a clock may be set."""


class Catalogue:
    """Every item that was ever put, under an ordinal that it keeps for ever, deleted or not."""

    def __init__(self, database: Database, writer: Writer, tenant: str) -> None:
        self._database = database
        self._writer = writer
        self._tenant = tenant
        self.ids: list[str] = []
        """Item ids by ordinal, deleted ones included. Read only."""
        self.live: NDArray[np.bool_] = np.empty(0, np.bool_)
        """Shape (items,): which ordinals are not deleted. Replaced when the catalogue changes, never changed itself."""
        self.servable = self.live
        """Shape (items,): which of them are available now, and so may be answered. Replaced, never changed itself."""
        self.revision = 0
        """The last change that is known here."""
        self.on_change: list[Callable[[], None]] = []
        """Called on the event loop after every change."""
        self._availability = Availability()
        self._ordinals: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with database.reading() as connection:
            known = revisions(connection, tenant).get(CATALOGUE, 0)
        self._take(read_statuses(database, tenant), known)

    def keep_time(self) -> None:
        """Let items become available, and cease to be, as time goes by. Called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._look_at_the_time()

    def stop(self) -> None:
        """Look at the time no more."""
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()

    @property
    def count(self) -> int:
        """How many items the catalogue has, deleted ones left out."""
        return len(self._ordinals)

    def ordinal(self, item_id: str) -> int | None:
        """The item's ordinal; None where there is no such item, or it was deleted."""
        return self._ordinals.get(item_id)

    def ordinals(self, item_ids: Iterable[str]) -> Ordinals:
        """The ordinals of many items; None for those that `ordinal` does not know."""
        return [*map(self._ordinals.get, item_ids)]

    def available(self, time: int) -> NDArray[np.bool_]:
        """Shape (items,): which items are available at a time, in microseconds since 1970."""
        return self._availability.among(self.live, time)

    async def put(self, items: Sequence[Item]) -> tuple[int, int]:
        """Create the items that are new and replace the others, all or none. Answers how many of each.

        Raises
        ------
        InvalidArgument
            Names the field that is wrong, such as ``items[3].tags[0]``.
        """
        rows = checked_items(items)
        change = await self._writer.submit(lambda connection: put(connection, self._tenant, rows), self._adopt)
        return change.created, change.updated

    def get(self, item_id: str) -> Item:
        """Read one item, or raise NotFound."""
        return self.batch_get((item_id,))[0]

    def batch_get(self, item_ids: Sequence[str]) -> Items:
        """Read items in the order asked; NotFound names the first id that is unknown."""
        check_size("item_ids", item_ids, LARGEST_GET)
        for item_id in item_ids:
            self._check_known(item_id)
        with self._database.reading() as connection:
            rows = LIVE_BY_ID.rows(connection, self._tenant, tuple(dict.fromkeys(item_ids)))
        found = {item.item_id: item for item in map(item_of, rows)}
        for item_id in item_ids:
            if item_id not in found:  # deleted since
                raise NotFound("item", item_id)
        return [found[item_id] for item_id in item_ids]

    def list(self, page_size: int = 0, page_token: str = "") -> tuple[Items, str]:
        """One page in the order in which items were first put, and the token of the next; empty after the last."""
        length = page_length(page_size)
        key = decode_token(page_token, int)
        query = LIVE.where(ITEMS.c.ordinal > (key[0] if key else -1)).order_by(ITEMS.c.ordinal).limit(length + 1)
        with self._database.reading() as connection:
            rows = connection.execute(query, {"tenant": self._tenant}).all()
        token = encode_token(rows[length - 1].ordinal) if len(rows) > length else ""
        return [item_of(row) for row in rows[:length]], token

    async def delete(self, item_id: str) -> None:
        """Take the item out of every later answer, or raise NotFound. Its ordinal and its events stay."""
        self._check_known(item_id)
        await self._writer.submit(lambda connection: delete(connection, self._tenant, item_id), self._adopt)

    def contents(self, after: int | None = None) -> tuple[Sequence[ItemContent], int]:
        """What is said of every item, or of those changed after a revision; and a revision up to which none is missing.

        Reads the database: call it on a thread.
        """
        return read_contents(self._database, self._tenant, after)

    def as_of(self, time: int) -> tuple[NDArray[np.bool_], int]:
        """Shape (items,): which items were there at a time, as far as that is known; and how many were changed since.

        Reads the database: call it on a thread.
        """
        return read_as_of(self._database, self._tenant, time)

    def catch_up(self) -> bool:
        """Take over what other servers put and deleted, now. Answers whether there was anything."""
        known = self.revision
        with self._database.reading() as connection:
            revision = revisions(connection, self._tenant).get(CATALOGUE, 0)
        if revision > known:
            self._take(read_statuses(self._database, self._tenant, known), revision)
        return revision > known

    async def follow(self, revision: int) -> None:
        """Take over what other servers put and deleted, up to a revision."""
        while revision > (known := self.revision):
            rows = await asyncio.to_thread(read_statuses, self._database, self._tenant, known)
            if known == self.revision:  # else this server has gone on meanwhile
                self._take(rows, revision)

    def _check_known(self, item_id: str) -> None:
        if item_id not in self._ordinals and not (self.catch_up() and item_id in self._ordinals):
            raise NotFound("item", item_id)

    def _adopt(self, change: Change) -> None:
        if change.revision == self.revision + 1:
            self._take(change.items, change.revision)
        elif change.revision > self.revision:
            self.catch_up()  # another server, or a put whose answer was lost, came before

    def _take(self, rows: Statuses, revision: int) -> None:
        """Take over items as they are at a revision or later, in the order of their ordinals."""
        size = max(len(self.ids), rows[-1].ordinal + 1 if rows else 0)
        live = grown(self.live, size, False)
        for ordinal, item_id, deleted, _, _ in rows:
            if ordinal >= len(self.ids):
                self.ids.append(item_id)
            live[ordinal] = not deleted
            if deleted:
                self._ordinals.pop(item_id, None)
            else:
                self._ordinals[item_id] = ordinal
        self._availability.put(size, [(row.ordinal, row.available_from, row.available_until) for row in rows])
        self.live, self.revision = live, revision
        self._look_at_the_time()
        for hear in self.on_change:
            hear()

    def _look_at_the_time(self) -> None:
        time = now()
        self.servable = self.available(time)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loop is not None and (change := self._availability.next_change(time)) is not None:
            wait = min((change - time) / 1e6, LONGEST_WAIT)
            self._timer = self._loop.call_later(wait, self._look_at_the_time)
