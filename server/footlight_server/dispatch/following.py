"""An engine that follows the log: restored at the start, brought up to date in micro-batches, swapped for a newer model
while it serves, and held at a position when it is told to."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import abstractmethod
from collections.abc import Callable
from functools import partial

import numpy as np

from footlight_plugins import Engine, Events, Options, Recommender
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.faulting import judged, told
from footlight_server.dispatch.pace import Pace
from footlight_server.dispatch.seat import apart, on_the_loop
from footlight_server.dispatch.upkeep import RETRY_SECONDS, Upkeep
from footlight_server.errors import DataLoss, FailedPrecondition, NotFound, Unavailable
from footlight_server.log.events import EventLog
from footlight_server.log.records import Appended, Forgotten
from footlight_server.models.answers import forgotten_by, known_to, pending_of
from footlight_server.models.checkpoints import Place
from footlight_server.models.restoring import Prepared, Restorer, made, refit_pays
from footlight_server.models.store import ModelStore

log = logging.getLogger(__name__)

READ = 8_192
"""The follower reads so many positions of the log at once."""

MANY = 20_000
"""So many events behind, it is asked whether a fit to the whole log is faster."""

UNSTORED = Place(0, 0, 0)


class LogAway(Exception):
    """The log cannot be read now, which is no fault of the engine; nothing of what was to be read was applied."""


class Follower(Upkeep):
    """Holds one engine, its model version, and the log position up to which it has seen everything."""

    inline: bool

    def __init__(self, care: Care, events: EventLog, models: ModelStore) -> None:
        super().__init__(care, events)
        self.version = 0
        self.position = 0
        self.pinned: int | None = None
        """The position that it is held at; None while it follows the log."""
        self.stored = UNSTORED
        """The newest state on disk that it can be restored from."""
        self.problem = ""
        self.asleep = False
        """Whether it is brought to work only when somebody asks for it."""
        self._models = models
        self._restorer = Restorer(care.name, care.spec, events, models, self._made)
        self._options: Options | None = None
        """Those of an engine that needs no training; a model has its own."""
        self._wanted = 0
        self._pace = Pace()
        self._swapping = asyncio.Lock()
        self._behind = asyncio.Event()
        self._caught_up = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    @abstractmethod
    def _look_again(self) -> None:
        """A new engine serves, or the old one is well again."""

    def _made(self, engine_class: type[Engine], options: Options) -> Recommender:
        """A new engine that knows nothing yet."""
        return made(engine_class, options)

    async def start(self, options: Options, version: int, pinned: int | None = None) -> None:
        """Restore the version that was serving, or the newest good one before it, and follow the log from there."""
        self._options, self._wanted, self.pinned = options, version, pinned
        try:
            await self._start(options, version)
        except FailedPrecondition as wrong:
            self.problem = wrong.message
            log.exception("deployment %r cannot serve", self.name)
        except Exception as fault:  # whatever an engine raises is its own problem, not the server's
            log.error("deployment %r cannot serve", self.name, exc_info=fault)
            self.care.lose(told(fault))
        self.follow()

    async def _reload(self) -> None:
        """Make the engine anew: from the version that served, or the newest good one before it, and from the log."""
        await self._start(self._options or Options(), self.version or self._wanted)

    def follow(self) -> None:
        """Watch the log from now on, and the catalogue where the engine reads it."""
        if self._tasks:
            return
        works = {"follow": self._follow, "settle": self._settle}
        if self.spec.reads_catalogue:
            works["describe"] = self._keep_described
        self._tasks += [asyncio.create_task(work(), name=f"{name}-{self.name}") for name, work in works.items()]

    async def _start(self, options: Options, version: int) -> None:
        async with self._swapping:
            try:
                if version or not self.spec.needs_training:
                    await self._swap_in(lambda: self._newest(version, options), self.pinned)
            except FailedPrecondition:
                if self.spec.needs_training or not version:
                    raise
                await self._swap_in(lambda: self._restorer.restore(0, options, self.pinned), self.pinned)

    def _newest(self, version: int, options: Options) -> Prepared:
        """The version; where it is damaged, the newest good one before it."""
        while version:
            try:
                return self._restorer.restore(version, options, self.pinned)
            except (DataLoss, NotFound) as damage:
                good = self._models.newest_good(self.name, version) or 0
                log.error("version %d of %r is damaged: version %d serves (%s)", version, self.name, good, damage)
                version = good
        if self.spec.needs_training:
            raise FailedPrecondition(f"every model of '{self.name}' is damaged: train it again", reason="NO_MODEL")
        return self._restorer.restore(0, options, self.pinned)

    async def activate(self, version: int) -> None:
        """Serve another version: prepared beside the one that serves, swapped in whole. A pin stays.

        Raises
        ------
        DataLoss
            When its file is damaged; what served goes on serving.
        FailedPrecondition
            When it cannot be had at the pinned position.
        """
        async with self._swapping:
            await self._restore(version, self.pinned)

    async def roll_back(self, position: int) -> None:
        """Serve the state as of a log position, and stay there. Whoever was erased since is not in it.

        Raises
        ------
        FailedPrecondition
            When there is no model, or it is too new; what served goes on serving.
        """
        async with self._swapping:
            await self._restore(self.version, position)

    async def as_of(self, version: int, position: int) -> Recommender:
        """An engine of its own with a version's state as of a log position; whoever was erased since is not in it.

        Raises
        ------
        DataLoss, NotFound, FailedPrecondition
            When that state cannot be had; the message says why.
        """
        options = self._options or Options()
        return (await apart(self.name, lambda: self._restorer.restore(version, options, position))).engine

    async def resume(self) -> None:
        """Follow the log again."""
        async with self._swapping:
            if self.pinned is not None:
                await self._restore(self.version, None)

    async def _restore(self, version: int, pinned: int | None) -> None:
        if not version and (self._options is None or self.spec.needs_training):
            raise FailedPrecondition(
                self.problem or f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
            )
        await self._swap_in(lambda: self._restorer.restore(version, self._options or Options(), pinned), pinned)

    def _warm(self, prepare: Callable[[], Prepared]) -> Prepared:
        prepared = prepare()
        started = time.monotonic()
        prepared.engine.warm_up()
        if (seconds := time.monotonic() - started) > 2:
            log.info(
                "deployment %r compiled its kernels in %.0f s; they are kept for the next time", self.name, seconds
            )
        return prepared

    async def _swap_in(self, prepare: Callable[[], Prepared], pinned: int | None) -> None:
        """Serve another engine. Only under the lock `_swapping`."""
        prepared = await apart(self.name, partial(self._warm, prepare))
        engine, manifest, position, epoch, stored, described = prepared
        # What was appended or erased meanwhile is little: taken in on the seat, so that nothing comes in between.
        while (goal := self._events.position if pinned is None else pinned) > position or self._events.epoch > epoch:
            erasures, epoch = self._events.erasures_since(epoch), self._events.epoch
            for _, user in erasures:
                await self.care.seat.run(partial(self._restorer.erase, engine, user))
            position = await self._advance(engine, position, min(goal, position + READ))
        described = await self._tell_contents(engine, described)
        pending = await self.care.seat.run(partial(pending_of, engine))
        self.engine, self.version, self.position, self.problem = engine, manifest.version, position, ""
        self.pinned, self.stored, self.asleep, self._described = pinned, stored, False, described
        self._note_pending(pending)
        self._untold.set()
        self.care.mended()
        self._look_again()
        self.follow()
        self._behind.set()  # the follower looks whether there is more, and tells whoever waits

    async def _advance(self, engine: Recommender, position: int, upto: int, serving: bool = False) -> int:
        """Apply the events between two positions in micro-batches; answers the second, which is then reached.

        An engine that is ``serving`` is left alone once another one serves.
        """
        epoch = self._events.epoch
        try:
            events = await asyncio.to_thread(self._events.read, position, upto)
        except Unavailable as away:
            raise LogAway from away
        start = 0
        while start < len(events) and not (serving and engine is not self.engine):
            part = events.take(slice(start, start + self._pace.size))
            start += len(part)
            part = self._without_erased(part, epoch)
            pending = await self.care.seat.run(partial(self._applied, engine, part))
            if engine is self.engine:
                self._note_pending(pending)
            await asyncio.sleep(0)
        return upto

    def _applied(self, engine: Recommender, events: Events) -> int:
        """Apply a micro-batch; answers how many events are pending then."""
        self._pace.measured(partial(engine.apply, events), len(events))
        return pending_of(engine)

    @on_the_loop
    def publish(self, appended: Appended) -> None:
        """Hear of events that were just committed. A few are applied at once; more are left to the follower."""
        if self.pinned is not None:
            return
        expected = appended.position - appended.recorded
        small = self.spec.inline and len(appended.events) <= max(1, self._pace.size // 2)  # there are other engines
        if self.engine is not None and small and self.position == expected and not self._behind.is_set():
            try:
                pending = self._applied(self.engine, appended.events)
                self.position = appended.position
                self._note_pending(pending)
            except BaseException as fault:  # an engine may raise anything
                self._fail(judged(self.spec.name, fault))
        else:
            self._behind.set()

    async def _follow(self) -> None:
        while True:
            await self._behind.wait()
            try:
                await self._tell()
                await self._catch_up()
            except LogAway as away:
                log.warning("deployment %r waits for the log: %s", self.name, away.__cause__)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as fault:
                self._fail(fault)
            self._behind.clear()
            if self.engine is not None and self.behind:
                self._behind.set()

    async def _catch_up(self) -> None:
        while (engine := self.engine) is not None and self.behind:
            left = self.goal - self.position
            if left >= MANY and refit_pays(self.spec, self.goal, self._pace.seconds(left)):
                await self._refit(engine)
                continue
            reached = await self._advance(engine, self.position, min(self.position + READ, self.goal), serving=True)
            if engine is not self.engine:
                continue  # another one was swapped in meanwhile: go on from where that one is
            self.position = reached
            await self._tell()

    async def _refit(self, engine: Recommender) -> None:
        """Catch up by a fit to the whole log: so much came in that to follow it would take far longer.

        The engine that serves answers meanwhile, from where it is.
        """
        async with self._swapping:
            if engine is self.engine:
                log.info("deployment %r is %d events behind: it is fitted to the whole log", self.name, self.lag)
                refitted = partial(self._restorer.refitted, self.version, self._options or Options(), self.pinned)
                await self._swap_in(refitted, self.pinned)

    async def _tell(self) -> None:
        """Wake whoever waits for a position."""
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
        if not self.care.lost:  # else it is being made anew already
            self.care.lose(f"it failed to follow the log: {told(fault)}", fault)

    async def fresh(self, seconds: float) -> None:
        """Wait until everything that was committed before now is in the answer, but not longer than so many seconds."""
        position = self.goal
        if self.position >= position or self.engine is None:
            return
        self._behind.set()
        try:
            async with asyncio.timeout(seconds), self._caught_up:
                await self._caught_up.wait_for(lambda: self.position >= position)
        except TimeoutError:
            pass  # the answer states the position that it reflects

    async def forget(self, user: int) -> Forgotten | None:
        """Take a person out, for good. An engine that fails at it stops serving and is made anew without them.

        None where there is no state that could hold them.
        """
        if self.engine is None or user < 0:
            return None
        touched, position = 0, self.position
        try:
            touched = await self._forget(self.engine, user)
            engine = self.engine
            gone = engine is None or not await self.care.seat.run(partial(known_to, engine, user))
        except Exception as fault:
            log.error("deployment %r failed to forget a person", self.name, exc_info=fault)
            self.care.lose("it failed to forget a person who was erased")
            gone = True
        if not gone:
            log.error("deployment %r still knows a person who was erased", self.name)
        return Forgotten(self.name, position, touched, gone)

    async def _forget(self, engine: Recommender, user: int) -> int:
        if self.spec.can_forget:
            return await self.care.seat.run(partial(forgotten_by, engine, user))
        self.engine, self.problem = None, f"a person was erased: train '{self.name}' again"
        if (options := self._options) is not None and not self.spec.needs_training:
            async with self._swapping:
                await self._swap_in(lambda: self._restorer.restore(0, options, self.pinned), self.pinned)
        return 0

    @property
    def goal(self) -> int:
        """The position that it should be at."""
        return self._events.position if self.pinned is None else self.pinned

    @property
    def lag(self) -> int:
        """How many positions of the log it has not seen, also those that it is not to see."""
        return max(0, self._events.position - self.position)

    @property
    def behind(self) -> bool:
        """Whether the log holds what this engine has not seen and should."""
        return self.position < (self._events.position if self.pinned is None else self.pinned)
