"""One generator at work: loaded when it is first asked, because what it needs is heavy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, Content, EngineSpec, Generator, NotMade, Options, State, Wish, WishRefused
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.checking import checked_contents
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.generator_batches import Batcher
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import apart
from footlight_server.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument
from footlight_server.isolation.proxies import IsolatedGenerator
from footlight_server.marking.originals import parted
from footlight_server.models.store import Manifest, ModelStore

ANYTHING = Wish()


@dataclass(frozen=True, slots=True)
class Loaded:
    """An engine with what its version says about itself."""

    engine: Generator
    manifest: Manifest
    index: State | None
    """What of the training samples is kept to compare with; None where nothing is."""
    stage: str
    """The stage that made the index."""

    @property
    def domain(self) -> str:
        """What the samples are; empty where nothing is kept of them."""
        return "" if self.index is None else str(self.index.meta.get("domain", ""))


class GeneratorHost:
    """Holds one engine and its model version."""

    def __init__(self, name: str, spec: EngineSpec, models: ModelStore, limits: Limits) -> None:
        self.name = name
        # A batch takes milliseconds at least: never on the event loop.
        self.care = Care(name, replace(spec, inline=False), limits, self._reload, self._let_go)
        self.spec = self.care.spec
        self.version = 0
        self.problem = ""
        self.admission = self.care.admission
        self._models = models
        self._loaded: Loaded | None = None
        self.batcher = Batcher(self._make, min(spec.batch_size, limits.generator_batch))
        self._loading = asyncio.Lock()
        self._load_task: asyncio.Task[None] | None = None

    def expect(self, version: int) -> None:
        """Remember which version to load when somebody asks."""
        self.version = version

    async def activate(self, version: int) -> None:
        """Serve another version.

        Raises
        ------
        DataLoss
            When its file is damaged; what served goes on serving.
        """
        async with self._loading:
            if self._loaded is None:
                await asyncio.to_thread(self._models.check, self.name, version)
            else:
                self._loaded = await apart(self.name, lambda: self._load(version))
                self.care.attend(self._loaded.engine)
            self.version, self.problem = version, ""
            self.care.mended()

    async def _reload(self) -> None:
        """Nothing is loaded before somebody asks: so it was at first."""

    def _let_go(self, problem: str) -> None:
        self._loaded, self.problem = None, problem

    def _load(self, version: int) -> Loaded:
        stored, manifest = self._models.load(self.name, version)
        engine_class = resolve_factory(self.spec)
        options = options_of(engine_class, manifest.options)
        make = cast(Callable[[Options], Generator], engine_class)
        engine = IsolatedGenerator(self.care.started(options)) if self.care.isolated else make(options)
        state, index, stage = parted(stored)
        engine.load(state)
        return Loaded(engine, manifest, index, stage)

    @property
    def warm(self) -> bool:
        """Whether the next call finds it loaded."""
        return self._loaded is not None and self.care.askable

    async def loaded(self) -> Loaded:
        """The engine that serves, with its version.

        Raises
        ------
        FailedPrecondition
            When there is no model; the message says what to do.
        EngineDown
            While the engine is not asked, because it failed.
        """
        while self._loaded is None:
            if not self.version:
                raise FailedPrecondition(
                    f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
                )
            if not self.care.askable:
                raise self.care.down()
            if self._load_task is None or self._load_task.done():
                self._load_task = asyncio.create_task(self._load_newest(), name=f"load-{self.name}")
            await asyncio.shield(self._load_task)  # a caller who leaves does not end it: others wait for it too
        return self._loaded

    async def _load_newest(self) -> None:
        async with self._loading:
            if self._loaded is not None:
                return
            try:
                loaded, version = await apart(self.name, self._newest_good)
            except EngineFault as fault:
                self.care.fault(fault)
                raise
            self._loaded, self.version = loaded, version
            self.care.attend(loaded.engine)

    def _newest_good(self) -> tuple[Loaded, int]:
        version = self._models.newest_good(self.name, self.version + 1)
        if version is None:
            raise FailedPrecondition(f"every model of '{self.name}' is damaged: train it again", reason="NO_MODEL")
        return self._load(version), version

    async def generate(self, seeds: NDArray[np.int64], call: Call, wish: Wish = ANYTHING) -> list[Content]:
        """Make one piece of content a seed, in one batch with what others want meanwhile.

        Raises
        ------
        FailedPrecondition
            When there is no model.
        InvalidArgument
            When the engine cannot fulfil the wish.
        DeadlineExceeded
            When the call's deadline passes first.
        EngineDown
            While the engine is not asked, because it failed.
        EngineFault
            When it did something wrong just now, and is asked again all the same.
        """
        left = None if call.deadline == float("inf") else max(0.0, call.deadline - time.monotonic())
        try:
            async with asyncio.timeout(left):
                return await self.batcher.generate(seeds, wish, call)
        except TimeoutError:
            raise DeadlineExceeded("the deadline passed before the engine had answered") from None

    async def interpolate(
        self, ends: tuple[int, int], shares: NDArray[np.float64], wish: Wish, animate: bool, call: Call
    ) -> list[Content]:
        """Make content on the way from one seed to another; see `footlight_plugins.Generator.interpolate`."""
        engine = (await self.loaded()).engine
        due = 1 if animate else len(shares)
        return await self._asked(lambda: engine.interpolate(*ends, shares, wish, animate, call), call, due)

    async def _make(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """One batch."""
        engine = (await self.loaded()).engine
        if wish == ANYTHING:
            return await self._asked(lambda: engine.generate(seeds, call), call, len(seeds))
        return await self._asked(lambda: engine.generate_as(seeds, wish, call), call, len(seeds))

    async def _asked(self, work: Callable[[], list[Content]], call: Call, due: int) -> list[Content]:
        # As long as the caller waits, and what the engine may take to notice that nobody waits any more.
        patience = max(0.0, call.deadline - time.monotonic()) + self.care.limits.engine_seconds
        try:
            contents = await self.care.run(lambda: _fulfilled(work), call, patience)
            checked_contents(self.spec.name, contents, due)
        except EngineFault as fault:
            self.care.fault(fault)
            if self.care.closed:
                raise
            raise self.care.down() from fault
        self.care.breaker.succeed()
        self.problem = ""
        return contents

    async def stop(self) -> None:
        """Let go of the engine."""
        self._loaded = None
        self.batcher.stop()
        self.care.stop()


def _fulfilled(work: Callable[[], list[Content]]) -> list[Content]:
    """A wish that cannot be fulfilled is the caller's mistake, and what an engine does not stand for is not handed out:
    neither is a fault of the engine."""
    try:
        return work()
    except WishRefused as refused:
        raise InvalidArgument(refused.wish, refused.expected) from refused
    except NotMade as nothing:
        raise FailedPrecondition(str(nothing), "NOT_MADE") from nothing
