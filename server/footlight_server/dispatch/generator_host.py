"""One generator at work: loaded when it is first asked, because what it needs is heavy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, Content, EngineSpec, Generator, Options
from footlight_plugins.factories import resolve_factory
from footlight_plugins.options import options_of
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.seat import Seat
from footlight_server.errors import FailedPrecondition
from footlight_server.models.store import ModelStore


class GeneratorHost:
    """Holds one engine and its model version."""

    def __init__(self, name: str, spec: EngineSpec, models: ModelStore, max_pending: int) -> None:
        self.name = name
        self.spec = spec
        self.version = 0
        self.problem = ""
        self.admission = Admission(name, max_pending)
        self._models = models
        self._seat = Seat(name, inline=False)  # a batch takes milliseconds at least
        self._engine: Generator | None = None
        self._loading = asyncio.Lock()

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
                self._engine = await asyncio.to_thread(self._load, version)
            self.version = version

    def _load(self, version: int) -> Generator:
        state, manifest = self._models.load(self.name, version)
        engine_class = resolve_factory(self.spec)
        make = cast(Callable[[Options], Generator], engine_class)
        engine = make(options_of(engine_class, manifest.options))
        engine.load(state)
        return engine

    async def engine(self) -> Generator:
        """The engine that serves.

        Raises
        ------
        FailedPrecondition
            When there is no model; the message says what to do.
        """
        async with self._loading:
            if self._engine is None:
                if not self.version:
                    raise FailedPrecondition(
                        f"deployment '{self.name}' has no model yet: train it first", reason="NO_MODEL"
                    )
                engine, self.version = await asyncio.to_thread(self._newest_good)
                self._engine = engine
            return self._engine

    def _newest_good(self) -> tuple[Generator, int]:
        version = self._models.newest_good(self.name, self.version + 1)
        if version is None:
            raise FailedPrecondition(f"every model of '{self.name}' is damaged: train it again", reason="NO_MODEL")
        return self._load(version), version

    async def generate(self, engine: Generator, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        """Make one piece of content a seed."""
        return await self._seat.run(lambda: engine.generate(seeds, call))

    async def stop(self) -> None:
        """Let go of the engine."""
        self._engine = None
        self._seat.close()
