"""A candidate source at work: it hears of the last days of the log, and of what comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from footlight_plugins import Call, CandidateSource, Events
from footlight_plugins.parts import PartSpec
from footlight_server.dispatch.faulting import EngineFault, told
from footlight_server.dispatch.limits import UNLIMITED, Limits
from footlight_server.dispatch.seat import apart
from footlight_server.errors import FootlightError
from footlight_server.log.events import EventLog
from footlight_server.log.records import Appended, Receipt, now
from footlight_server.parts.part_host import PartDown, PartHost

T = TypeVar("T")
log = logging.getLogger(__name__)

PIECE = 4_096
"""So many events are heard of at once."""
RETRY_SECONDS = 1.0
DAY = 86_400_000_000
"""In microseconds."""


class SourceHost(PartHost[CandidateSource]):
    """Holds one source. Everything here runs on the event loop."""

    def __init__(
        self, spec: PartSpec, plugin: str, options: Mapping[str, Any], seconds: float, limits: Limits = UNLIMITED
    ) -> None:
        super().__init__(spec, plugin, options, seconds, limits)
        self.share = 0.0
        """Of the places of an answer, so many are the source's."""
        self.position = 0
        """The log position up to which it has heard."""
        self._taught: CandidateSource | None = None
        """The one that has heard; another one that was made since begins anew."""
        self._news = asyncio.Event()
        self._feeding: asyncio.Task[None] | None = None

    @property
    def window(self) -> int:
        """Of how much it hears, in microseconds."""
        return int(self.traits.get("window_days", 0.0) * DAY)

    def follow(self, events: EventLog) -> None:
        """Let it hear of the log, from the beginning of its window on."""
        self._events = events
        events.on_append.append(self._appended)
        events.on_forget.append(self._forgotten)
        self._news.set()
        self._feeding = asyncio.create_task(self._feed(), name=f"feed-{self.spec.name}")

    def _appended(self, _: Appended) -> None:
        self._news.set()

    def _forgotten(self, _: Receipt) -> None:
        """Somebody was erased: nobody is to be answered from what was heard of them."""
        if self.window:
            self.part = None
            self._news.set()

    async def start(self) -> None:
        """Make it; it hears of its window then."""
        await super().start()
        self._news.set()

    async def _feed(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            faults = self.breaker.faults
            try:
                await self._catch_up()
            except (PartDown, FootlightError) as fault:
                if self.breaker.faults > faults:  # it may have taken in half of something
                    log.warning("%s could not hear of the log, and is made anew: %s", self, fault)
                    self.part = None
                await asyncio.sleep(max(self.breaker.retry_after, RETRY_SECONDS))
                self._news.set()

    async def _catch_up(self) -> None:
        if self.part is None and self.window and not self.mending:
            await self.start()
            if self.part is None:
                self.breaker.trip(self.problem)
                raise PartDown(self.problem)
        part = self.part
        if part is None or not self.window:
            return
        if part is not self._taught:
            self.position = await asyncio.to_thread(self._events.position_at, now() - self.window)
            self._taught = part
        while self.part is part and self.position < (goal := self._events.position):
            upto = min(goal, self.position + PIECE)
            events = await asyncio.to_thread(self._events.read, self.position, upto)
            await self.ask(partial(_hear, events=events))
            self.position = upto

    async def as_of(self, position: int, time: int) -> RestoredSource:
        """Another one that has heard what this one had when it stood at a position, at a time in microseconds."""
        part, _ = await apart(str(self), self.born)
        if self.window:
            start = await asyncio.to_thread(self._events.position_at, time - self.window)
            for after in range(start, position, PIECE):
                events = await asyncio.to_thread(self._events.read, after, min(position, after + PIECE))
                await apart(str(self), partial(_hear, part, events))
        return RestoredSource(str(self), part, self.share)

    def stop(self) -> None:
        """Leave it alone for good."""
        if self._feeding is not None:
            self._feeding.cancel()
        super().stop()


class RestoredSource:
    """A source as it was."""

    def __init__(self, name: str, part: CandidateSource, share: float) -> None:
        self._name, self._part, self.share = name, part, share

    async def ask(self, work: Callable[[CandidateSource], T], call: Call) -> T:
        """Let it do something; raises PartDown when it does something wrong."""
        try:
            return await apart(self._name, partial(work, self._part))
        except EngineFault as fault:
            raise PartDown(told(fault)) from fault


def _hear(source: CandidateSource, events: Events) -> None:
    source.hear(events)
