"""One generator at work: loaded when it is first asked, because what it needs is heavy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, Content, EngineSpec, Generator, Options
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.checking import checked_contents
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.seat import apart
from footlight_server.errors import FailedPrecondition
from footlight_server.isolation.proxies import IsolatedGenerator
from footlight_server.models.store import ModelStore


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
        self._engine: Generator | None = None
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
            if self._engine is None:
                await asyncio.to_thread(self._models.check, self.name, version)
            else:
                self._engine = await apart(self.name, lambda: self._load(version))
            self.version, self.problem = version, ""
            self.care.attend(self._engine)
            self.care.mended()

    async def _reload(self) -> None:
        """Nothing is loaded before somebody asks: so it was at first."""

    def _let_go(self, problem: str) -> None:
        self._engine, self.problem = None, problem

    def _load(self, version: int) -> Generator:
        state, manifest = self._models.load(self.name, version)
        engine_class = resolve_factory(self.spec)
        options = options_of(engine_class, manifest.options)
        make = cast(Callable[[Options], Generator], engine_class)
        engine = IsolatedGenerator(self.care.started(options)) if self.care.isolated else make(options)
        engine.load(state)
        return engine

    async def engine(self) -> Generator:
        """The engine that serves.

        Raises
        ------
        FailedPrecondition
            When there is no model; the message says what to do.
        EngineDown
            While the engine is not asked, because it failed.
        """
        while self._engine is None:
            if not self.version:
                raise FailedPrecondition(
                    f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
                )
            if not self.care.askable:
                raise self.care.down()
            if self._load_task is None or self._load_task.done():
                self._load_task = asyncio.create_task(self._load_newest(), name=f"load-{self.name}")
            await asyncio.shield(self._load_task)  # a caller who leaves does not end it: others wait for it too
        return self._engine

    async def _load_newest(self) -> None:
        async with self._loading:
            if self._engine is not None:
                return
            try:
                self._engine, self.version = await apart(self.name, self._newest_good)
            except EngineFault as fault:
                self.care.fault(fault)
                raise
            self.care.attend(self._engine)

    def _newest_good(self) -> tuple[Generator, int]:
        version = self._models.newest_good(self.name, self.version + 1)
        if version is None:
            raise FailedPrecondition(f"every model of '{self.name}' is damaged: train it again", reason="NO_MODEL")
        return self._load(version), version

    async def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed.

        Raises
        ------
        FailedPrecondition
            When there is no model.
        EngineDown
            While the engine is not asked, because it failed.
        EngineFault
            When it did something wrong just now, and is asked again all the same.
        """
        engine = await self.engine()
        # As long as the caller waits, and what the engine may take to notice that nobody waits any more.
        patience = max(0.0, call.deadline - time.monotonic()) + self.care.limits.engine_seconds
        try:
            contents = await self.care.run(lambda: engine.generate(seeds, call), call, patience)
            checked_contents(self.spec.name, contents, len(seeds))
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
        self._engine = None
        self.care.stop()
