"""Takes over what other servers on the same database write, as if this one had written it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from footlight_server.errors import FootlightError
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.events import EventLog
from footlight_server.log.heads import RETRY_S, Heads, HeadWatch
from footlight_server.log.people import People
from footlight_server.log.revisions import CATALOGUE

log = logging.getLogger(__name__)

Topics = Mapping[str, Callable[[], None]]
"""What to call on the event loop when the revision of a topic has moved."""


class LogFollower:
    """Keeps the caches of one tenant as new as the database. Everything here runs on the event loop."""

    def __init__(self, events: EventLog, catalogue: Catalogue, people: People, topics: Topics) -> None:
        self._events = events
        self._catalogue = catalogue
        self._people = people
        self._topics = topics
        self._heads: Heads | None = None
        self._revisions: Mapping[str, int] = {}
        self._moved = asyncio.Event()

    def start(self, tenant: str, watch: HeadWatch) -> None:
        """Begin to follow."""
        self._tenant, self._watch = tenant, watch
        watch.add(tenant, self._hear)
        self._task = asyncio.create_task(self._follow(), name="log-follower")

    def _hear(self, heads: Heads) -> None:
        self._heads = heads
        self._moved.set()

    async def _follow(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            assert self._heads is not None
            try:
                await self._take_over(self._heads)
            except FootlightError as away:
                log.warning("what other servers wrote could not be taken over: %s", away.message)
                await asyncio.sleep(RETRY_S)
                self._moved.set()
            except Exception:
                log.exception("what other servers wrote could not be taken over")

    async def _take_over(self, heads: Heads) -> None:
        """Items and people first: events, and what is learned from them, speak of both."""
        await self._catalogue.follow(heads.revisions.get(CATALOGUE, 0))
        await self._people.follow(heads.person)
        await self._events.follow(heads.position, heads.epoch)
        moved = [topic for topic, number in heads.revisions.items() if number != self._revisions.get(topic)]
        self._revisions = heads.revisions
        for topic in moved:
            if (hear := self._topics.get(topic)) is not None:
                hear()

    async def stop(self) -> None:
        """Follow no more."""
        self._watch.remove(self._tenant)
        self._task.cancel()
