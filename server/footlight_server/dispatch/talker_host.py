"""One deployment that converses: its engine on one thread, told of the catalogue, working off what it puts off.

It is made by the first turn that asks for it, because reading a catalogue and a model of language takes seconds and memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from footlight_plugins import Assistant, Call, Options, State
from footlight_server.dispatch import talking
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.deployments import Deployed
from footlight_server.dispatch.engine_options import checked_options, engine_class_of
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import FOREVER
from footlight_server.errors import DataLoss, NotFound, Unavailable
from footlight_server.isolation.assistant import IsolatedAssistant
from footlight_server.isolation.process import START_SECONDS
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.records import now
from footlight_server.models.answers import count_of, state_of
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
        self.deployed = deployed
        # A turn takes milliseconds at least: never on the event loop.
        spec = replace(deployed.spec, inline=False)
        self.care = Care(self.name, spec, limits, self._reload, self._let_go)
        self.care.plugin, deployed.talker = deployed.care.plugin, self.care
        self.admission = self.care.admission
        self.engine: Assistant | None = None
        self._catalogue = catalogue
        self._models = models
        self._revision = -1
        self._making: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self._saved = True

    async def _reload(self) -> None:
        """Nothing is made before somebody asks: so it was at first."""

    def _let_go(self, _: str) -> None:
        self.engine, self._revision = None, -1

    async def ready(self, seconds: float) -> None:
        """Have the engine told of everything that the catalogue says by now.

        Raises
        ------
        Unavailable
            When that takes longer; it goes on, and the next call finds it done. EngineDown, which is one, while the
            engine is not asked because it failed.
        EngineFault
            When it fails at that now.
        """
        if self.engine is not None and self._revision == self._catalogue.revision:
            return
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make(), name=f"make-{self.name}")
            self._making.add_done_callback(_heard)
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._making)
        except TimeoutError:
            away = Unavailable(f"deployment '{self.name}' reads the catalogue: ask again soon")
            away.retry_after = RETRY_SECONDS
            raise away from None

    async def _make(self) -> None:
        if self.care.lost or not self.care.breaker.admits():
            raise self.care.down()
        try:
            await self._make_up()
        except EngineFault as fault:
            self._let_go("")  # it may have taken in half of something
            raise self._judged(fault) from fault
        finally:
            self.care.breaker.give_up()  # whether it is well, its first answer says

    async def _make_up(self) -> None:
        """Make the engine where there is none, and tell it what has changed."""
        engine = self.engine
        if engine is None:
            engine = await self._prepare(self._new, START_SECONDS if self.care.isolated else 0.0)
            self.care.attend(engine)
        after = None if self._revision < 0 else self._revision
        contents, revision = await asyncio.to_thread(self._catalogue.contents, after)
        for start in range(0, len(contents), SLICE):
            await self._prepare(partial(engine.describe, contents[start : start + SLICE]))
        self.engine, self._revision = engine, max(revision, self._revision, 0)
        if self._revision < self._catalogue.revision and not contents:
            self._revision = self._catalogue.revision
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(engine), name=f"settle-{self.name}")

    async def _prepare(self, work: Callable[[], T], more: float = 0.0) -> T:
        """What comes before an answer may take as long as an engine's start, and so many seconds more."""
        return await self.care.seat.run(work, FOREVER, self.care.limits.start_seconds + more)

    def _new(self) -> Assistant:
        engine_class = engine_class_of(self.deployed.spec)
        options = checked_options(engine_class, self.deployed.record.options)
        make = cast(Callable[[Options], Assistant], engine_class)
        engine = IsolatedAssistant(self.care.started(options)) if self.care.isolated else make(options)
        talking.check_declared(engine)
        engine.warm_up()
        if (state := self._stored()) is not None:
            with suppress(ValueError):  # of another version: it is computed anew
                engine.load(state)
        return engine

    def _stored(self) -> State | None:
        with suppress(DataLoss, NotFound):
            if (version := self._models.newest_good(self.name)) is not None:
                return self._models.load(self.name, version)[0]
        return None

    async def _settle(self, engine: Assistant) -> None:
        """Work off what the engine puts off, and store what came of it."""
        try:
            while self.engine is engine and await self._aside(lambda: count_of("pending", engine.pending) > 0):
                self._saved = False
                await self._aside(engine.settle)
                await asyncio.sleep(REST_SECONDS)
            await self._save()
        except EngineFault as fault:
            log.error("deployment %r failed at what it had put off", self.name, exc_info=fault)
            self.care.fault(fault)

    async def _aside(self, work: Callable[[], T]) -> T:
        return await self.care.seat.run(work)

    async def _save(self) -> None:
        """Store what took long to compute."""
        if (engine := self.engine) is None or self._saved:
            return
        state = await self._aside(partial(state_of, engine))
        options = dict(self.deployed.record.options)
        spec = self.deployed.spec
        manifest = Manifest(spec.name, spec.version, options, log_position=0, seed=0, create_time=now())
        try:
            await asyncio.to_thread(self._models.save, self.name, state, manifest)
        except (TypeError, ValueError, AttributeError) as wrong:  # no arrays, or what JSON cannot hold
            raise EngineFault(f"engine {spec.name!r} answered a state that cannot be stored: {wrong}") from wrong
        await asyncio.to_thread(self._models.prune, self.name, KEPT)
        self._saved = True

    async def ask(self, work: Callable[[Assistant], T], call: Call) -> T:
        """Let the engine do something after what it does already.

        Raises
        ------
        EngineDown
            While it is not asked, because it failed.
        EngineFault
            When it did something wrong just now, and is asked again all the same.
        """
        if (engine := self.engine) is None:
            raise self.care.down()
        try:
            answer = await self.care.run(partial(work, engine), call)
        except EngineFault as fault:
            raise self._judged(fault) from fault
        self.care.breaker.succeed()
        return answer

    def _judged(self, fault: EngineFault) -> Exception:
        """What to raise for a fault: that the engine is out of order now, or the fault itself."""
        self.care.fault(fault)
        return fault if self.care.closed else self.care.down()

    async def stop(self) -> None:
        """Let go of the engine."""
        for task in (self._making, self._settling):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
        try:
            await self._save()
        except EngineFault as fault:
            log.error("what deployment %r had computed was not stored", self.name, exc_info=fault)
        self.care.stop()


def _heard(task: asyncio.Task[None]) -> None:
    """Look at the outcome: whoever waited for it may have left."""
    if not task.cancelled():
        task.exception()
