"""The catalogue and the event log, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from footlight._client.aio import AsyncCalls
from footlight._client.sync import SyncCalls
from footlight._wire import catalog as wire
from footlight.types import Erasure, Event, Item, PersonalRecord, PutItems, RecordedEvents


class CatalogMethods(SyncCalls):
    """Items and events."""

    def put_items(self, items: Iterable[Item], *, timeout: float | None = None) -> PutItems:
        """Creates the items that are new and replaces those that exist.

        Up to 5,000 items go in one request, which is written whole or not at all; more are split.

        Raises:
            InvalidArgument: an item is wrong; the field counts from the first item given.
        """
        return self._write_all(wire.put_items(items), wire.add_puts, PutItems(0, 0), "items", timeout)

    def get_item(self, item_id: str, *, timeout: float | None = None) -> Item:
        """One item. Raises NotFound."""
        return self._run(wire.get_item(item_id), timeout)

    def get_items(self, item_ids: Iterable[str], *, timeout: float | None = None) -> list[Item]:
        """Many items, in the order asked. Raises NotFound naming the first that is unknown."""
        return [item for call in wire.get_items(item_ids) for item in self._run(call, timeout)]

    def items(self, *, timeout: float | None = None) -> Iterator[Item]:
        """The whole catalogue, page after page, in the order in which items were first put."""
        return self._pages(wire.list_items, timeout)

    def delete_item(self, item_id: str, *, timeout: float | None = None) -> None:
        """Takes an item out of every later answer. Raises NotFound."""
        self._run(wire.delete_item(item_id), timeout)

    def record_events(self, events: Iterable[Event], *, timeout: float | None = None) -> RecordedEvents:
        """Appends events to the log and says what was new. What it returned for is durable.

        Up to 5,000 events go in one request, which is written whole or not at all; more are split. An event whose id
        is in the log already changes nothing, so the whole call can be repeated.

        Raises:
            InvalidArgument: an event is wrong; the field counts from the first event given.
            NotFound: an item is not in the catalogue.
            AlreadyExists: an event id was used for another event.
        """
        nothing = RecordedEvents(0, 0, 0)
        return self._write_all(wire.record_events(events), wire.add_recorded, nothing, "events", timeout)

    def forget_user(self, user_id: str, *, timeout: float | None = None) -> Erasure:
        """Erases a person from the log and from every recommender, for good. An unknown person is no error."""
        return self._run(wire.forget_user(user_id), timeout)

    def export_user(self, user_id: str, *, timeout: float | None = None) -> Iterator[PersonalRecord]:
        """Everything that the server keeps of a person, record by record. Of an unknown person there is nothing."""
        for records in self._stream(wire.export_user(user_id), timeout):
            yield from records


class AsyncCatalogMethods(AsyncCalls):
    """Items and events."""

    async def put_items(self, items: Iterable[Item], *, timeout: float | None = None) -> PutItems:
        return await self._write_all(wire.put_items(items), wire.add_puts, PutItems(0, 0), "items", timeout)

    async def get_item(self, item_id: str, *, timeout: float | None = None) -> Item:
        return await self._run(wire.get_item(item_id), timeout)

    async def get_items(self, item_ids: Iterable[str], *, timeout: float | None = None) -> list[Item]:
        return [item for call in wire.get_items(item_ids) for item in await self._run(call, timeout)]

    def items(self, *, timeout: float | None = None) -> AsyncIterator[Item]:
        return self._pages(wire.list_items, timeout)

    async def delete_item(self, item_id: str, *, timeout: float | None = None) -> None:
        await self._run(wire.delete_item(item_id), timeout)

    async def record_events(self, events: Iterable[Event], *, timeout: float | None = None) -> RecordedEvents:
        nothing = RecordedEvents(0, 0, 0)
        return await self._write_all(wire.record_events(events), wire.add_recorded, nothing, "events", timeout)

    async def forget_user(self, user_id: str, *, timeout: float | None = None) -> Erasure:
        return await self._run(wire.forget_user(user_id), timeout)

    async def export_user(self, user_id: str, *, timeout: float | None = None) -> AsyncIterator[PersonalRecord]:
        async for records in self._stream(wire.export_user(user_id), timeout):
            for record in records:
                yield record
