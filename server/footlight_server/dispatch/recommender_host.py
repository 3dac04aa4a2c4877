"""One recommender at work: it follows the log, answers, forgets, and is swapped for a newer model while it serves."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from footlight_plugins import Engine, EngineSpec, Events, Options, Recommender, TrainingRun
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.seat import Seat
from footlight_server.errors import FailedPrecondition
from footlight_server.log.events import EventLog
from footlight_server.log.records import Appended
from footlight_server.models.store import ModelStore

T = TypeVar("T")
Question = TypeVar("Question")
log = logging.getLogger(__name__)

CHUNK = 256
"""At most so many events are applied before the event loop turns to somebody else."""


Prepared = tuple[Recommender, int, int, int]
"""An engine, its version, and the log position and the erasure epoch that it has seen."""


def made(engine_class: type[Engine], options: Options) -> Recommender:
    """A new engine of a class that is known to be a recommender's."""
    return cast(Callable[[Options], Recommender], engine_class)(options)


class RecommenderHost:
    """Holds one engine, its model version, and the log position up to which it has seen everything."""

    def __init__(self, name: str, spec: EngineSpec, events: EventLog, models: ModelStore, max_pending: int) -> None:
        self.name = name
        self.spec = spec
        self.version = 0
        self.position = 0
        self.problem = ""
        self.admission = Admission(name, max_pending)
        self.engine: Recommender | None = None
        self._events = events
        self._models = models
        self.inline = spec.inline
        self._seat = Seat(name, spec.inline)
        self._behind = asyncio.Event()
        self._caught_up = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None
        self._options: Options | None = None

    async def start(self, options: Options, version: int) -> None:
        """Load the version that was serving, or the newest good one before it, and follow the log from there."""
        self._options = options
        try:
            await self._start(options, version)
        except Exception as fault:  # whatever an engine raises is its own problem, not the server's
            self.problem = str(fault) or type(fault).__name__
            log.exception("deployment %r cannot serve", self.name)
        self.follow()

    def follow(self) -> None:
        """Watch the log from now on."""
        self._follower = asyncio.create_task(self._follow(), name=f"follow-{self.name}")

    async def _start(self, options: Options, version: int) -> None:
        good = await asyncio.to_thread(self._newest_good, version) if version else 0
        if good != version:
            log.error("version %d of %r is damaged: version %d serves", version, self.name, good)
        try:
            if good:
                await self.activate(good)
        except FailedPrecondition:
            if self.spec.needs_training:
                raise
        if self.engine is None and not self.spec.needs_training:
            await self._swap_in(lambda: self._fresh(options))

    def _newest_good(self, version: int) -> int:
        return self._models.newest_good(self.name, version + 1) or 0

    def _fresh(self, options: Options) -> Prepared:
        """An engine that was never stored, fitted to the whole log."""
        position, epoch = self._events.position, self._events.epoch
        engine = made(resolve_factory(self.spec), options)
        events = self._events.read(0, position)
        if len(events):
            with tempfile.TemporaryDirectory() as directory:
                engine.fit(events, TrainingRun(0, Path(directory), lambda *_: None))
        return engine, 0, position, epoch

    def _stored(self, version: int) -> Prepared:
        """A stored version, scrubbed of the people erased since and brought near to the end of the log."""
        state, manifest = self._models.load(self.name, version)
        engine_class = resolve_factory(self.spec)
        engine = made(engine_class, options_of(engine_class, manifest.options))
        engine.load(state)
        epoch = self._events.epoch
        for _, user in self._events.erasures_since(manifest.erasure_epoch):
            self._erase(engine, user)
        position = self._events.position
        engine.apply(self._events.read(manifest.log_position, position))
        return engine, version, position, epoch

    def _erase(self, engine: Recommender, user: int) -> None:
        if not self.spec.can_forget:
            raise FailedPrecondition(f"the model was made before a person was erased: train '{self.name}' again")
        engine.forget(user)

    async def activate(self, version: int) -> None:
        """Serve another version: prepared beside the one that serves, swapped in whole.

        Raises
        ------
        DataLoss
            When its file is damaged; what served goes on serving.
        """
        await self._swap_in(lambda: self._stored(version))

    def _warm(self, prepare: Callable[[], Prepared]) -> Prepared:
        prepared = prepare()
        started = time.monotonic()
        prepared[0].warm_up()
        if (seconds := time.monotonic() - started) > 2:
            log.info(
                "deployment %r compiled its kernels in %.0f s; they are kept for the next time", self.name, seconds
            )
        return prepared

    async def _swap_in(self, prepare: Callable[[], Prepared]) -> None:
        engine, version, position, epoch = await asyncio.to_thread(self._warm, prepare)
        # What was appended or erased meanwhile is little: taken in on the seat, so that nothing comes in between.
        while (behind := self._events.position) > position or self._events.epoch > epoch:
            erasures, epoch = self._events.erasures_since(epoch), self._events.epoch
            for _, user in erasures:
                await self._seat.run(partial(self._erase, engine, user))
            events = await asyncio.to_thread(self._events.read, position, behind)
            await self._apply(engine, events)
            position = behind
        self.engine, self.version, self.position, self.problem = engine, version, position, ""

    async def _apply(self, engine: Recommender, events: Events) -> None:
        for start in range(0, len(events), CHUNK):
            part = events.take(slice(start, start + CHUNK))
            await self._seat.run(partial(engine.apply, part))
            await asyncio.sleep(0)

    def publish(self, appended: Appended) -> None:
        """Hear of events that were just committed. A few are applied at once; more are left to the follower."""
        expected = appended.position - appended.recorded
        small = self._seat.inline and len(appended.events) <= CHUNK
        if self.engine is not None and small and self.position == expected and not self._behind.is_set():
            try:
                self.engine.apply(appended.events)
                self.position = appended.position
            except Exception as fault:
                self._fail(fault)
        else:
            self._behind.set()

    async def _follow(self) -> None:
        while True:
            await self._behind.wait()
            try:
                await self._catch_up()
            except Exception as fault:
                self._fail(fault)
            self._behind.clear()
            if self.engine is not None and self.position < self._events.position:
                self._behind.set()

    async def _catch_up(self) -> None:
        while (engine := self.engine) is not None and self.position < (behind := self._events.position):
            epoch = self._events.epoch
            events = await asyncio.to_thread(self._events.read, self.position, behind)
            for start in range(0, len(events), CHUNK):
                part = self._without_erased(events.take(slice(start, start + CHUNK)), epoch)
                if engine is not self.engine:
                    return  # another version was swapped in, which has seen these events
                await self._seat.run(partial(engine.apply, part))
                await asyncio.sleep(0)
            if engine is self.engine:
                self.position = behind
            async with self._caught_up:
                self._caught_up.notify_all()

    def _without_erased(self, events: Events, epoch: int) -> Events:
        """Events that were read at an epoch, without those of the people who were erased since."""
        if self._events.epoch == epoch:
            return events
        erased = [user for _, user in self._events.erasures_since(epoch)]
        return events.take(~np.isin(events.user, erased))

    def _fail(self, fault: Exception) -> None:
        log.error("deployment %r failed to follow the log", self.name, exc_info=fault)
        self.engine, self.problem = None, f"failed to follow the log: {fault}"

    @property
    def behind(self) -> bool:
        """Whether the log holds what this engine has not seen."""
        return self.position < self._events.position

    async def fresh(self, seconds: float) -> None:
        """Wait until everything that was committed before now is in the answer, but not longer than so many seconds."""
        position = self._events.position
        if self.position >= position or self.engine is None:
            return
        self._behind.set()
        try:
            async with asyncio.timeout(seconds), self._caught_up:
                await self._caught_up.wait_for(lambda: self.position >= position)
        except TimeoutError:
            pass  # the answer states the position that it reflects

    async def forget(self, user: int) -> None:
        """Take a person out, for good. An engine that fails at it stops serving: the next start scrubs it anew."""
        if self.engine is None or user < 0:
            return
        try:
            await self._forget(self.engine, user)
        except Exception as fault:
            log.error("deployment %r failed to forget a person", self.name, exc_info=fault)
            self.engine, self.problem = None, "failed to forget a person who was erased"

    async def _forget(self, engine: Recommender, user: int) -> None:
        if self.spec.can_forget:
            await self._seat.run(lambda: engine.forget(user))
            return
        self.engine, self.problem = None, f"a person was erased: train '{self.name}' again"
        if (options := self._options) is not None and not self.spec.needs_training:
            await self._swap_in(lambda: self._fresh(options))

    async def run(self, work: Callable[[Recommender, Question], T], question: Question) -> T:
        """Ask the engine something, on its seat.

        Raises
        ------
        FailedPrecondition
            When there is no model to ask; the message says what to do.
        """
        if self.inline:
            return self.now(work, question)
        return await self._seat.run(partial(work, self._serving(), question))

    def now(self, work: Callable[[Recommender, Question], T], question: Question) -> T:
        """The same of an engine that answers inline: nobody needs to wait."""
        return work(self.engine or self._serving(), question)

    def _serving(self) -> Recommender:
        if self.engine is None:
            raise FailedPrecondition(
                self.problem or f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
            )
        return self.engine

    async def stop(self) -> None:
        """Let go of the engine."""
        if self._follower is not None:
            self._follower.cancel()
        self.engine = None
        self._seat.close()
