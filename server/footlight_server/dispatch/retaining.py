"""Keeps nothing of people for longer than the owner wants, where they said for how long.

Somebody of whom no event is left is forgotten altogether, in every recommender as well. Of the others models know what they
learned until they are trained again, or made anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from footlight_server.errors import FootlightError
from footlight_server.log.database import Database
from footlight_server.log.events import EventLog
from footlight_server.log.leasing import Leasing
from footlight_server.log.retention import Retention

log = logging.getLogger(__name__)

LEASE = "retention"
"""Of several servers one does it."""
SWEEP_SECONDS = 3_600.0
DAY_MICROS = 86_400_000_000


class Retaining:
    """Sweeps at the start, and every hour."""

    def __init__(
        self,
        retention: Retention,
        events: EventLog,
        database: Database,
        leasing: Leasing,
        journal: Callable[[], object],
        days: float,
    ) -> None:
        """``journal`` writes erasures down beside the database. 0 ``days`` keeps everything for ever."""
        self._retention = retention
        self._events = events
        self._database = database
        self._leasing = leasing
        self._journal = journal
        self._days = days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sweep from now on, where there is anything to do."""
        if self._days > 0:
            self._task = asyncio.create_task(self._work(), name="retention")

    async def _work(self) -> None:
        while True:
            try:
                if (lease := await self._leasing.claim(LEASE)) is not None:
                    try:
                        await self._sweep()
                    finally:
                        await self._leasing.release(lease)
            except FootlightError as away:
                log.warning("what is too old could not be deleted; it is tried again: %s", away.message)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _sweep(self) -> None:
        swept = await self._retention.sweep(time.time_ns() // 1_000 - round(self._days * DAY_MICROS))
        forgotten = 0
        while people := await asyncio.to_thread(self._retention.idle_people):
            for user_id in people:
                await self._events.forget(user_id)
            forgotten += len(people)
        if forgotten:
            await asyncio.to_thread(self._journal)
        if any(swept) or forgotten:
            await asyncio.to_thread(self._database.scrub)
            log.info(
                "deleted what is older than %g days: %d events, %d decisions, %d pages of rankings, %d turns, %d people",
                self._days,
                *swept,
                forgotten,
            )

    async def stop(self) -> None:
        """Sweep no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
