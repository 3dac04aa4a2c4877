"""What the house has and what happened: everything that writes the catalogue or the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.choosing import Choosing
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.events import EventLog
from footlight_server.log.records import NOBODY, Appended, Event, Forgotten, Item, Receipt
from footlight_server.log.validation import check_id
from footlight_server.parts.listener_host import ToldOf


class Cataloguing:
    """Writes, then tells every recommender."""

    def __init__(
        self,
        catalogue: Catalogue,
        events: EventLog,
        deployments: Deployments,
        journal: Callable[[], object],
        policy: Policy,
        choosing: Choosing,
    ) -> None:
        """``journal`` writes erasures down beside the database; it may take as long as a disk does."""
        self._choosing = choosing
        self._journal = journal
        self._catalogue = catalogue
        self._events = events
        self._deployments = deployments
        self._policy = policy

    async def put_items(self, asking: Asking, items: Sequence[Item]) -> tuple[int, int]:
        """Create or replace items: (created, updated)."""
        self._policy.check(asking, "write")
        return await self._catalogue.put(items)

    def get_items(self, asking: Asking, item_ids: Sequence[str]) -> list[Item]:
        """Read items in the order asked."""
        self._policy.check(asking, "read")
        for index, item_id in enumerate(item_ids):
            check_id(f"item_ids[{index}]", item_id)
        return self._catalogue.batch_get(item_ids)

    def get_item(self, asking: Asking, item_id: str) -> Item:
        """Read one item."""
        self._policy.check(asking, "read")
        return self._catalogue.get(check_id("item_id", item_id))

    def list_items(self, asking: Asking, page_size: int, page_token: str) -> tuple[list[Item], str, int]:
        """Read one page: (items, token of the next page, how many there are in all)."""
        self._policy.check(asking, "read")
        items, token = self._catalogue.list(page_size, page_token)
        return items, token, self._catalogue.count

    async def delete_item(self, asking: Asking, item_id: str) -> None:
        """Take an item out of every later answer."""
        self._policy.check(asking, "write")
        await self._catalogue.delete(check_id("item_id", item_id))

    async def record_events(self, asking: Asking, events: Sequence[Event]) -> Appended:
        """Append events; every recommender hears of them before the caller does."""
        self._policy.check(asking, "write")
        appended = await self._events.append(events)
        await self._choosing.pay(asking, events)
        return appended

    @to_the_end
    async def forget_user(self, asking: Asking, user_id: str) -> tuple[Receipt, list[Forgotten], list[ToldOf]]:
        """Erase a person from the log and from every recommender; answers what was changed there, and which event
        listeners have been told."""
        self._policy.check(asking, "write")
        receipt = await self._events.forget(user_id)
        await asyncio.to_thread(self._journal)  # also where nothing was erased now: an earlier call may have died here
        states = await self._deployments.forgotten(receipt.epoch)
        if receipt.user == NOBODY:
            return receipt, [], []
        return receipt, states, await self._deployments.roster.told_of(receipt.epoch)
