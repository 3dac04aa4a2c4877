"""What plug-ins offer, and the deployments made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from footlight_plugins import EngineSpec
from footlight_plugins.factories import EngineUnavailable, resolve_options
from footlight_plugins.loader import PluginStatus
from footlight_plugins.options import options_schema
from footlight_server.dispatch.acting import Acting
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.training import TrainingDesk
from footlight_server.errors import FailedPrecondition, InvalidArgument
from footlight_server.isolation.cells import Cell
from footlight_server.log.validation import check_time
from footlight_server.marking.choice import StageAtWork
from footlight_server.parts.part_host import PartHost


@dataclass(frozen=True, slots=True)
class Offered:
    """An engine that a plug-in offers."""

    spec: EngineSpec
    plugin: str
    schema: dict[str, Any]
    """Of its options; says why instead where the engine cannot be imported."""


class Engines:
    """Answers everything about engines, plug-ins and deployments."""

    def __init__(self, deployments: Deployments, training: TrainingDesk, acting: Acting, policy: Policy) -> None:
        self._deployments = deployments
        self._training = training
        self._acting = acting
        self._policy = policy

    def engines(self, asking: Asking) -> list[Offered]:
        """Every engine, by name."""
        self._policy.check(asking, "read")
        plugins = self._deployments.plugins
        return [
            Offered(spec, plugins.plugin_of(name).name, _schema(spec)) for name, spec in sorted(plugins.engines.items())
        ]

    def plugins(self, asking: Asking) -> list[PluginStatus]:
        """Every plug-in, by name."""
        self._policy.check(asking, "read")
        return sorted(self._deployments.plugins.statuses, key=lambda status: status.name)

    def parts_at_work(self) -> Sequence[PartHost[Any]]:
        """The parts that the server itself uses."""
        return self._deployments.roster.hosts

    def stages_at_work(self) -> Sequence[StageAtWork]:
        """The stages that assets go through."""
        return self._deployments.stages.at_work

    def cells_at_work(self) -> Sequence[Cell]:
        """The processes of parts that engines ask for, and of stages."""
        return self._deployments.cells.at_work

    def deployments(self, asking: Asking) -> list[Deployed]:
        """Every deployment, by name."""
        self._policy.check(asking, "read")
        return list(self._deployments)

    async def create(self, asking: Asking, name: str, engine: str, options: Mapping[str, Any]) -> Deployed:
        """Give an engine another name and options of its own."""
        self._policy.check(asking, "admin")
        return await self._deployments.create(name, engine, options)

    async def roll_back(self, asking: Asking, name: str, position: int | None, time: int | None) -> Deployed:
        """Set a recommender back to a log position, or to a time in microseconds since 1970."""
        self._policy.check(asking, "admin")
        if position is None:
            if time is None:
                raise InvalidArgument("target", "must be a position or a time")
            position = await asyncio.to_thread(self._deployments.events.position_at, check_time("time", time))
        return await self._deployments.roll_back(name, position)

    async def follow(self, asking: Asking, name: str) -> Deployed:
        """Let a deployment that was set back follow the log again."""
        self._policy.check(asking, "admin")
        return await self._deployments.follow(name)

    async def delete(self, asking: Asking, name: str) -> None:
        """Remove a deployment that nobody uses."""
        self._policy.check(asking, "admin")
        self._deployments.resolve(name, field="name")
        if self._training.trains(name):
            raise FailedPrecondition(f"'{name}' is being trained: cancel that first", reason="IN_USE")
        if self._acting.uses(name):
            raise FailedPrecondition(f"agents use '{name}'", reason="IN_USE")
        await self._deployments.delete(name)


def _schema(spec: EngineSpec) -> dict[str, Any]:
    try:
        return options_schema(resolve_options(spec))
    except EngineUnavailable as missing:
        return {"unavailable": str(missing)}
