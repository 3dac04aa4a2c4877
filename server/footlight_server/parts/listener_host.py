"""An event listener at work: told of the log from its stored position on, under a lease, beside all requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from footlight_plugins import EventListener, Happening
from footlight_server.errors import FootlightError
from footlight_server.log.events import EventLog
from footlight_server.log.leases import LIFE_S, Lease, LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.listeners import ListenerTable, Told
from footlight_server.log.records import Appended, Receipt
from footlight_server.parts.orders import PartOrder
from footlight_server.parts.part_host import PartDown, PartHost

log = logging.getLogger(__name__)

PIECE = 500
"""So many events are told at once."""
RETRY_SECONDS = 1.0


TOLD_SECONDS = 0.5
"""For so long an erasure waits until listeners have taken it in."""


@dataclass(frozen=True, slots=True)
class ToldOf:
    """Whether a listener has been told of an erasure."""

    name: str
    plugin: str
    told: bool


class ListenerHost(PartHost[EventListener]):
    """Holds one listener and tells it. Everything here runs on the event loop."""

    def attend(self, order: PartOrder, events: EventLog, table: ListenerTable, leasing: Leasing) -> None:
        """Begin to tell it, as soon as no other server does."""
        self._order, self._events, self._table, self._leasing = order, events, table, leasing
        self._lease: Lease | None = None
        self._told: Told | None = None
        self._news, self._taken_in = asyncio.Event(), asyncio.Event()
        events.on_append.append(self._hear_of_news)
        events.on_forget.append(self._hear_of_news)
        self._telling = asyncio.create_task(self._tell_on(), name=f"tell-{order.label}")

    def _hear_of_news(self, _: Appended | Receipt) -> None:
        self._news.set()

    async def start(self) -> None:
        """Make it. It has as long as its class says, unless the operator says otherwise."""
        await super().start()
        if self.part is not None and "seconds" not in self._order.options:
            self._seconds = float(self.traits["seconds"])
            self._seat.close()
            self._seat = self._new_seat()

    @property
    def lag(self) -> int | None:
        """How many positions of the log it has not been told of; None while another server tells it."""
        return None if self._told is None else max(0, self._events.position - self._told.position)

    async def _tell_on(self) -> None:
        while True:
            self._news.clear()
            try:
                if not await self._ours():
                    await asyncio.sleep(LIFE_S)
                    continue
                await self._catch_up()
                await self._news.wait()
            except LeaseLost:
                self._told = None  # another server has taken over
            except PartDown as fault:
                log.warning("%s is told again what it did not take in: %s", self, fault)
                await asyncio.sleep(max(self.breaker.retry_after, RETRY_SECONDS))
            except FootlightError as away:
                log.warning("%s could not be told: %s", self, away.message)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("%s could not be told", self)
                await asyncio.sleep(RETRY_SECONDS)

    async def _ours(self) -> bool:
        """Whether this server tells it; takes it over where nobody does."""
        if self._lease is not None and self._lease.holds and self._told is not None:
            return True
        self._told = None
        self._lease = await self._leasing.claim(f"listeners/{self._order.label}")
        if self._lease is None:
            return False
        told = await asyncio.to_thread(self._table.told, self._order.label)
        if told is None:  # it has never been told anything
            start = 0 if self._order.since == "start" else self._events.position
            await self._save(Told(start, self._events.epoch))
        self._told = told or self._told
        return True

    async def _save(self, told: Told) -> None:
        if self._lease is None or not self._lease.holds:
            raise LeaseLost(self._order.label)
        await self._table.save(self._order.label, told, self._leasing.table.fence(self._lease))
        self._told = told
        self._taken_in.set()

    async def _catch_up(self) -> None:
        """Tell it everything that it has not heard. Who was erased comes after what was read of them before."""
        await self._make()
        while (told := self._told) is not None:
            erased = await asyncio.to_thread(self._events.erasures_since, told.epoch)
            for epoch, user in erased:
                await self.ask(partial(_told, deed=partial(_forget, user=user)))
                await self._save(replace(told, epoch=epoch))
            told = self._told or told
            goal = self._events.position
            if told.position >= goal:
                if not await asyncio.to_thread(self._events.erasures_since, told.epoch):
                    return
                continue
            happened = await asyncio.to_thread(self._table.happened, told.position, goal, PIECE)
            if happened:
                await self.ask(partial(_told, deed=partial(_hear, happened=happened)))
            await self._save(replace(told, position=happened[-1].position if len(happened) == PIECE else goal))

    async def told_of(self, epoch: int) -> ToldOf:
        """Whether it has taken an erasure in. Waits for it, not for long; another server may be the one that tells it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_SECONDS):
                while self._told is None or self._told.epoch < epoch:
                    self._taken_in.clear()
                    await self._taken_in.wait()
        told = self._told or await asyncio.to_thread(self._table.told, self._order.label)
        return ToldOf(self._order.label, self.plugin, told is not None and told.epoch >= epoch)

    async def _make(self) -> None:
        if self.part is None and not self.mending:
            await self.start()
            if self.part is None:
                self.breaker.trip(self.problem)
        if self.part is None:
            raise PartDown(self.problem or self.breaker.reason)

    def stop(self) -> None:
        """Leave it alone for good. What it takes in meanwhile it is told again."""
        self._telling.cancel()
        super().stop()


def _hear(listener: EventListener, happened: Sequence[Happening]) -> Any:
    return listener.hear(happened)


def _forget(listener: EventListener, user: int) -> Any:
    return listener.forget(user)


def _told(listener: EventListener, deed: Callable[[EventListener], Any]) -> None:
    """Tell it something. What it answers would be lost: that is a mistake of its author."""
    if deed(listener) is not None:
        raise ValueError("it answered something, where there is nothing to answer")
