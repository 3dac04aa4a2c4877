"""Everything that an operator sees of one server, in one place: what `app` starts and stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2

from footlight_server.config import ServerConfig
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.loop_watch import LoopWatch
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.isolation.cells import Cell
from footlight_server.marking.choice import StageAtWork
from footlight_server.parts.part_host import PartHost
from footlight_server.services.observing import observe
from footlight_server.telemetry.access_log import AccessLog
from footlight_server.telemetry.endpoint import Endpoint, Probes
from footlight_server.telemetry.exposition import EngineView, Exposition, PartView, ServerView
from footlight_server.telemetry.pseudonyms import Pseudonyms
from footlight_server.telemetry.readiness import Readiness

STALLED_SECONDS = 10.0
"""A server whose event loop has not come round for so long counts as dead."""


class Sight:
    """Metrics, access log, health. ``find`` answers the deployments of the first tenant once there are any."""

    def __init__(self, config: ServerConfig, find: Callable[[], Deployments], watch: Callable[[], LoopWatch]) -> None:
        self._config = config
        self._find = find
        self._watch = watch
        self.access_log: AccessLog | None = None
        if config.access_log:
            self.access_log = AccessLog(config.access_log, Pseudonyms(config.data_dir).of)
        self._endpoint: Endpoint | None = None
        self._readiness: Readiness | None = None

    def observe(self, service: object, descriptor: ServiceDescriptor) -> None:
        """Observe the RPCs of a service that is guarded already."""
        observe(service, descriptor, self.access_log)

    async def start(self, servicer: health.aio.HealthServicer, services: Iterable[str]) -> None:
        """Say how the server is, to whoever asks by gRPC or HTTP."""

        async def tell(service: str, ready: bool) -> None:
            states = health_pb2.HealthCheckResponse
            await servicer.set(service, states.SERVING if ready else states.NOT_SERVING)

        deployments = self._find()
        self._readiness = Readiness(self._config.require, self._deployed, deployments.awake, tell, services)
        for service in ("", *services):
            await tell(service, False)
        await self._readiness.start()
        if self._config.metrics_listen:
            exposition = Exposition(self._view)
            probes = Probes(self._stalled, lambda: self._problem, exposition.text)
            self._endpoint = Endpoint(self._config.metrics_listen, probes)

    @property
    def address(self) -> str:
        """Where HTTP is answered; empty for nowhere."""
        return "" if self._endpoint is None else self._endpoint.address

    async def drain(self) -> None:
        """A stop was asked for."""
        if self._readiness is not None:
            await self._readiness.drain()

    def close(self) -> None:
        """Write the last lines, and answer nobody any more."""
        if self._endpoint is not None:
            self._endpoint.close()
        if self.access_log is not None:
            self.access_log.close()

    @property
    def _problem(self) -> str:
        return "the server starts" if self._readiness is None else self._readiness.problem

    def _deployed(self) -> dict[str, Deployed]:
        return {deployed.name: deployed for deployed in self._find()}

    def _stalled(self) -> str:
        late = self._watch().late_seconds
        return f"the event loop has stood still for {late:g} s" if late >= STALLED_SECONDS else ""

    def _view(self) -> ServerView:
        deployments = self._find()
        position = deployments.events.position
        engines = [_engine_view(deployed, position) for deployed in deployments]
        dropped = self.access_log.dropped if self.access_log is not None else 0
        cells = {cell.spec: cell for cell in deployments.cells.at_work}
        stages = [_stage_view(stage, cells.pop(stage.spec, None)) for stage in deployments.stages.at_work]
        parts = [*_part_views(deployments.roster.hosts), *stages, *map(_cell_view, cells.values())]
        return ServerView(not self._problem, self._watch().late_seconds, position, dropped, engines, parts)


def _engine_view(deployed: Deployed, position: int) -> EngineView:
    care, host = deployed.care, deployed.host
    follows = isinstance(host, RecommenderHost) and not host.asleep and host.pinned is None
    lag = max(0, position - host.position) if follows and isinstance(host, RecommenderHost) else None
    agents = care.at_hand if isinstance(care, AgentCare) else None
    return EngineView(deployed.name, deployed.ready, care.admission.pending, care.faults, care.restarts, lag, agents)


def _stage_view(stage: StageAtWork, cell: Cell | None) -> PartView:
    able = not stage.problem and (cell is None or cell.able)
    return PartView(stage.spec.role, stage.spec.name, stage.plugin, able, stage.faults)


def _cell_view(cell: Cell) -> PartView:
    return PartView(cell.spec.role, cell.spec.name, cell.plugin, cell.able, cell.breaker.faults)


def _part_views(hosts: Sequence[PartHost[Any]]) -> list[PartView]:
    """One a part, wherever it is used."""
    by_part: dict[str, list[PartHost[Any]]] = {}
    for host in hosts:
        by_part.setdefault(str(host), []).append(host)
    return [
        PartView(
            uses[0].spec.role,
            uses[0].spec.name,
            uses[0].plugin,
            all(host.able for host in uses),
            sum(host.breaker.faults for host in uses),
            max((host.lag for host in uses if host.lag is not None), default=None),
        )
        for uses in by_part.values()
    ]
