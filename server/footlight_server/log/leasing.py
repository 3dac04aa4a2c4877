"""The leases that this server holds: taken when needed, prolonged while they are used, given back when asked for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from footlight_server.errors import FootlightError
from footlight_server.log.leases import LIFE_S, Lease, LeaseTable

log = logging.getLogger(__name__)

Asked: TypeAlias = Callable[[Lease], Awaitable[None]]
"""Called when another server asks for a lease: finish what is under way, then `Leasing.release` it."""
PROLONG_S = LIFE_S / 3
RETRY_S = LIFE_S / 8
"""How long whoever waits for a lease waits for news before looking whether its holder has died."""
TURN_S = 0.02
"""How long a lease that was just taken is kept at least, so that two servers which both need it get something done."""


class Leasing:
    """Keeps leases for whoever needs one. Everything here runs on the event loop."""

    def __init__(self, table: LeaseTable) -> None:
        self.table = table
        self._held: dict[str, tuple[Lease, Asked | None]] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def start(self) -> None:
        """Begin to prolong what is used."""
        self._spawn(self._prolong_used())

    async def acquire(self, name: str, asked: Asked) -> Lease:
        """Take a lease, however long its holder takes to give it back or is dead."""
        while (lease := await self.table.take(name)) is None:
            news = self._news
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await news.wait()
        self._held[name] = lease, asked
        asyncio.get_running_loop().call_later(TURN_S, self.look)  # somebody may have asked for it all the while
        return lease

    async def claim(self, name: str) -> Lease | None:
        """Take a lease that nobody holds; None where somebody does. It is kept until it is released."""
        if (lease := await self.table.take(name, ask=False)) is not None:
            self._held[name] = lease, None
        return lease

    async def keep(self, leases: Sequence[Lease]) -> list[Lease]:
        """Prolong leases that may have expired. Answers those that are lost to another server."""
        if not leases:
            return []
        lost = await self.table.prolong(leases)
        for lease in lost:
            self._forget(lease)
        return lost

    async def release(self, lease: Lease) -> None:
        """Give a lease back."""
        self._forget(lease)
        await self.table.give_back([lease])

    def look(self) -> None:
        """Something happened to some lease: let those who wait try again, and find out what others ask for."""
        self._news.set()
        self._news = asyncio.Event()
        if self._held and not self._stopping:
            self._spawn(self._hear())

    async def stop(self) -> None:
        """Give everything back."""
        self._stopping = True
        for task in tuple(self._tasks):
            task.cancel()
        if held := [lease for lease, _ in self._held.values()]:
            self._held = {}
            try:
                await self.table.give_back(held)
            except FootlightError as away:
                log.warning("leases could not be given back, and will expire: %s", away)

    def _forget(self, lease: Lease) -> None:
        lease.until = 0.0
        if (held := self._held.get(lease.name)) is not None and held[0] is lease:
            del self._held[lease.name]

    async def _hear(self) -> None:
        wanted = await asyncio.to_thread(self.table.wanted)
        asked = [self._held[name] for name in wanted if name in self._held]
        await asyncio.gather(*(give_back(lease) for lease, give_back in asked if give_back is not None))

    async def _prolong_used(self) -> None:
        while True:
            await asyncio.sleep(PROLONG_S)
            used = [lease for lease, asked in self._held.values() if lease.used or asked is None]
            for name in [name for name, (lease, _) in self._held.items() if lease not in used and not lease.holds]:
                del self._held[name]  # it has lapsed; its next use prolongs it, unless somebody took it
            for lease in used:
                lease.used = False
            try:
                for lease in await self.keep(used):
                    log.warning("the lease of %r was lost to another server", lease.name)
            except FootlightError as away:
                log.warning("leases could not be prolonged: %s", away)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a lease could not be looked after", exc_info=fault)
