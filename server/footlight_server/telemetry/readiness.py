"""When a server is ready: when the deployments that the operator requires are warm, and no stop was asked for.

gRPC's health service says it for each service, and for the server as a whole under the empty name.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from footlight_plugins import Verb
from footlight_server.dispatch.deployments import Deployed
from footlight_server.dispatch.generator_host import GeneratorHost
from footlight_server.dispatch.recommender_host import RecommenderHost

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
WARM_SECONDS = 5.0
"""Between two attempts to warm a deployment up."""

SERVICE_OF = {
    Verb.RECOMMEND: "footlight.v1.RecommendationService",
    Verb.GENERATE: "footlight.v1.GenerationService",
    Verb.ACT: "footlight.v1.InteractionService",
}

Find = Callable[[], Mapping[str, Deployed]]
Wake = Callable[[str], Awaitable[object]]
"""Brings a recommender to work that nobody has asked so far."""
Tell = Callable[[str, bool], Awaitable[None]]
"""Told a service, empty for the server, and whether it is ready."""


class Readiness:
    """Warms the required deployments up and follows how they are."""

    def __init__(self, required: Iterable[str], find: Find, wake: Wake, tell: Tell, services: Iterable[str]) -> None:
        self._required = tuple(required)
        self._find = find
        self._wake = wake
        self._tell = tell
        self._told: dict[str, bool] = dict.fromkeys(("", *services), False)
        self._tasks: list[asyncio.Task[None]] = []
        self.problem = "the server starts" if self._required else ""
        """What is missing, for people; empty where the server is ready."""

    async def start(self) -> None:
        """Look for the first time, and go on in the background."""
        await self._look()
        if self._required:
            self._warn_of_lacking()
            self._tasks = [
                asyncio.create_task(self._follow()),
                *map(asyncio.create_task, map(self._warm, self._required)),
            ]

    def _warn_of_lacking(self) -> None:
        """A name that was mistyped would else keep the server from being ready without a word."""
        found = self._find()
        for name in self._required:
            deployed = found.get(name)
            if deployed is None:
                log.warning(
                    "there is no deployment %r: the server is not ready before there is, as --require says", name
                )
            elif not deployed.ready:
                log.warning("deployment %r has no model yet: the server is not ready before it is trained", name)

    async def drain(self) -> None:
        """A stop was asked for: never be ready again."""
        self.problem = "the server stops"
        for task in self._tasks:
            task.cancel()
        await self._say(dict.fromkeys(self._told, False))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        found = self._find()
        cold = {name: why for name in self._required if (why := _coldness(found.get(name)))}
        self.problem = "; ".join(f"deployment '{name}' {why}" for name, why in cold.items())
        down = {SERVICE_OF[found[name].spec.verb] for name in cold if name in found}
        unknown = any(name not in found for name in cold)
        await self._say({name: not (name in down or (name == "" and cold) or unknown) for name in self._told})

    async def _say(self, states: Mapping[str, bool]) -> None:
        for service, ready in states.items():
            if self._told[service] != ready:
                self._told[service] = ready
                await self._tell(service, ready)

    async def _warm(self, name: str) -> None:
        while True:
            deployed = self._find().get(name)
            if deployed is not None and _coldness(deployed):
                try:
                    await self._load(deployed)
                except asyncio.CancelledError:
                    raise
                except Exception as fault:
                    log.warning("the required deployment %r is not ready: %s", name, fault)
            await asyncio.sleep(WARM_SECONDS)

    async def _load(self, deployed: Deployed) -> None:
        if isinstance(deployed.host, GeneratorHost):
            await deployed.host.loaded()
        elif isinstance(deployed.host, RecommenderHost):
            await self._wake(deployed.name)


def _coldness(deployed: Deployed | None) -> str:
    """Why a deployment would not answer at once; empty where it would."""
    if deployed is None:
        return "is not there"
    if not deployed.ready:
        return "cannot answer"
    host = deployed.host
    asleep = isinstance(host, RecommenderHost) and host.asleep
    return "is being loaded" if asleep or (isinstance(host, GeneratorHost) and not host.warm) else ""
