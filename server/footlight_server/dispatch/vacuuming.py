"""Has PostgreSQL take out the rows of those who were erased, in the background.

A deleted row stays in its page until the table is vacuumed, which the database does by itself only when much was deleted.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from footlight_server.errors import FootlightError
from footlight_server.log.database import Database
from footlight_server.log.events import EventLog
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import Receipt

log = logging.getLogger(__name__)

LEASE = "vacuum"
"""Of several servers one does it."""

GATHER_SECONDS = 5.0
"""After an erasure so long is waited for further ones."""

RETRY_SECONDS = 60.0


class Vacuuming:
    """Vacuums after erasures, and once at the start where a server died before it had."""

    def __init__(self, database: Database, events: EventLog, leasing: Leasing) -> None:
        self._database = database
        self._events = events
        self._leasing = leasing
        self._due = asyncio.Event()
        events.on_forget.append(self._hear)

    def start(self) -> None:
        """Look from now on."""
        if self._events.epoch:
            self._due.set()
        self._task = asyncio.create_task(self._work(), name="vacuum")

    def _hear(self, _: Receipt) -> None:
        self._due.set()

    async def _work(self) -> None:
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._due.clear()
            try:
                done = await self._vacuum()
            except FootlightError as away:
                log.warning("the database could not be vacuumed after an erasure: %s", away.message)
                done = False
            if not done:
                await asyncio.sleep(RETRY_SECONDS)
                self._due.set()

    async def _vacuum(self) -> bool:
        """Whether nothing is left to do."""
        if (lease := await self._leasing.claim(LEASE)) is None:
            return False
        try:
            if await asyncio.to_thread(self._database.vacuum, self._events.last_erasure()):
                log.info("the database was vacuumed after an erasure")
        finally:
            await self._leasing.release(lease)
        return True

    async def stop(self) -> None:
        """Look no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
