"""What an engine that serves is told beside its events: what the catalogue says, and to work off what it put off."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from functools import partial

from footlight_plugins import EngineSpec, Recommender
from footlight_server.dispatch.care import Care
from footlight_server.errors import Unavailable
from footlight_server.log.events import EventLog
from footlight_server.models.answers import pending_of

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.05
"""How long to wait for a database that does not answer."""

GATHER_SECONDS = 0.1
"""What an engine puts off is worked off so soon: events that come one after the other are worked off together."""


class Upkeep(ABC):
    """Keeps the engine that serves settled, and described. Everything here runs on the event loop."""

    def __init__(self, care: Care, events: EventLog) -> None:
        self.care = care
        self.name = care.name
        self.engine: Recommender | None = None
        self.pending = 0
        """How many of the events up to its position the answers do not reflect yet, because the engine put them off."""
        self._events = events
        self._put_off = asyncio.Event()
        self._described = 0
        """The revision of the catalogue up to which the engine was told of items."""
        self._untold = asyncio.Event()

    @property
    def spec(self) -> EngineSpec:
        """The engine, as it is asked now."""
        return self.care.spec

    @abstractmethod
    def _fail(self, fault: Exception) -> None:
        """The engine did something wrong."""

    def _note_pending(self, pending: int) -> None:
        self.pending = pending
        if pending:
            self._put_off.set()

    async def _settle(self) -> None:
        """Let the engine work off what it puts off, a piece at a time: whoever asks for an answer gets a turn between."""
        while True:
            await self._put_off.wait()
            self._put_off.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self._settle_pieces()
            except Exception as fault:
                self._fail(fault)

    async def _settle_pieces(self) -> None:
        while (engine := self.engine) is not None and self.pending:
            pending = await self.care.seat.run(partial(_settled, engine))
            if engine is self.engine:
                self.pending = pending
            await asyncio.sleep(0)

    def hear_of_items(self) -> None:
        """The catalogue has changed: the engine is told soon, where it wants to know."""
        self._untold.set()

    async def _keep_described(self) -> None:
        while True:
            await self._untold.wait()
            self._untold.clear()
            if (engine := self.engine) is None:
                continue
            try:
                described = await self._tell_contents(engine, self._described)
            except Unavailable as away:
                log.warning("deployment %r waits for the catalogue: %s", self.name, away)
                await asyncio.sleep(RETRY_SECONDS)
                self._untold.set()
            except Exception as fault:
                self._fail(fault)
            else:
                if engine is self.engine:
                    self._described = described

    async def _tell_contents(self, engine: Recommender, known: int) -> int:
        """Tell an engine of every item that was changed after a revision; answers the revision that it then knows."""
        while self.spec.reads_catalogue and (goal := self._events.catalogue_revision) > known:
            contents, revision = await asyncio.to_thread(self._events.contents, known)
            await self.care.seat.run(partial(engine.describe, contents))
            known = max(revision, goal)
        return known


def _settled(engine: Recommender) -> int:
    """Settle once; answers how many events are pending then."""
    engine.settle()
    return pending_of(engine)
