"""One deployment that converses: its engine on one thread, told of the catalogue, working off what it puts off.

It is made by the first turn that asks for it, because reading a catalogue and a model of language takes seconds and memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar, cast

from footlight_plugins import Assistant, Call, Options, State
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.deployments import Deployed
from footlight_server.dispatch.engine_options import checked_options, engine_class_of
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import PREPARE_SECONDS, Seat
from footlight_server.errors import DataLoss, NotFound, Unavailable
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.records import now
from footlight_server.models.store import Manifest, ModelStore

T = TypeVar("T")
log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""How long to wait for an engine that reads the catalogue."""
REST_SECONDS = 0.02
"""Between two pieces of what the engine puts off, so that whoever talks gets a turn."""
SLICE = 2_000
"""So many items are told at a time."""
KEPT = 1


class TalkerHost:
    """Everything here runs on the event loop."""

    def __init__(self, deployed: Deployed, limits: Limits, catalogue: Catalogue, models: ModelStore) -> None:
        self.name = deployed.name
        self._deployed = deployed
        self._limits = limits
        self._catalogue = catalogue
        self._models = models
        self.admission = Admission(self.name, limits.max_pending, limits.queue_seconds)
        self.engine: Assistant | None = None
        self._seat = self._new_seat()
        self._revision = -1
        self._making: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._saved = True

    def _new_seat(self) -> Seat:
        return Seat(self.name, self.admission, self._limits.engine_seconds, self._stuck)

    def _stuck(self) -> None:
        """A piece of work takes too long: leave the thread to itself, and make the engine anew when it is asked."""
        fault = EngineFault(f"the engine of {self.name!r} took more than {self._limits.engine_seconds:g} s")
        self._seat.abandon(fault, lambda: None)
        self.engine, self._revision, self._seat = None, -1, self._new_seat()

    async def ready(self, seconds: float) -> Assistant:
        """The engine, told of everything that the catalogue says by now.

        Raises
        ------
        Unavailable
            When that takes longer; it goes on, and the next call finds it done.
        """
        if self.engine is not None and self._revision == self._catalogue.revision:
            return self.engine
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._making)
        except TimeoutError:
            away = Unavailable(f"deployment '{self.name}' reads the catalogue: ask again soon")
            away.retry_after = RETRY_SECONDS
            raise away from None
        assert self.engine is not None
        return self.engine

    async def _make(self) -> None:
        engine = self.engine
        if engine is None:
            engine = await self.run(partial(_new, self._deployed, self._stored), patience=PREPARE_SECONDS)
        after = None if self._revision < 0 else self._revision
        contents, revision = await asyncio.to_thread(self._catalogue.contents, after)
        for start in range(0, len(contents), SLICE):
            part = contents[start : start + SLICE]
            await self.run(partial(engine.describe, part), patience=PREPARE_SECONDS)
        self.engine, self._revision = engine, max(revision, self._revision, 0)
        if self._revision < self._catalogue.revision and not contents:
            self._revision = self._catalogue.revision
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(engine))

    def _stored(self) -> State | None:
        with suppress(DataLoss, NotFound):
            if (version := self._models.newest_good(self.name)) is not None:
                return self._models.load(self.name, version)[0]
        return None

    async def _settle(self, engine: Assistant) -> None:
        """Work off what the engine puts off, and store what came of it."""
        try:
            while self.engine is engine and await self.run(lambda: engine.pending > 0):
                self._saved = False
                await self.run(engine.settle)
                await asyncio.sleep(REST_SECONDS)
            await self.save()
        except EngineFault as fault:
            log.error("deployment %r failed at what it had put off", self.name, exc_info=fault)

    async def save(self) -> None:
        """Store what took long to compute."""
        if (engine := self.engine) is None or self._saved:
            return
        state = await self.run(engine.state)
        options = dict(self._deployed.record.options)
        spec = self._deployed.spec
        manifest = Manifest(spec.name, spec.version, options, log_position=0, seed=0, create_time=now())
        await asyncio.to_thread(self._models.save, self.name, state, manifest)
        await asyncio.to_thread(self._models.prune, self.name, KEPT)
        self._saved = True

    async def run(self, work: Callable[[], T], call: Call | None = None, patience: float = 0.0) -> T:
        """Run a piece of the engine's work after the ones before it; raises as `Seat.run` does."""
        return await self._seat.run(work, call or Call(), patience)

    async def stop(self) -> None:
        """Let go of the engine."""
        for task in (self._making, self._settling):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
        with suppress(EngineFault):
            await self.save()
        self._seat.close()


def _new(deployed: Deployed, stored: Callable[[], State | None]) -> Assistant:
    engine_class = engine_class_of(deployed.spec)
    options = checked_options(engine_class, deployed.record.options)
    engine = cast(Callable[[Options], Assistant], engine_class)(options)
    engine.warm_up()
    if (state := stored()) is not None:
        with suppress(ValueError):  # of another version: it is computed anew
            engine.load(state)
    return engine
