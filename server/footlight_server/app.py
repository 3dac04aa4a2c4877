"""Wires everything together. The only file that knows every part."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import cast

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from footlight.v1 import (
    assistant_pb2,
    assistant_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    engine_pb2,
    engine_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    interaction_pb2,
    interaction_pb2_grpc,
    recommendation_pb2,
    recommendation_pb2_grpc,
)
from footlight_plugins.loader import Plugins, load_plugins
from footlight_server.archive.erasures import ErasureJournal
from footlight_server.config import ServerConfig
from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.acting import Acting
from footlight_server.dispatch.agreeing import Agreement
from footlight_server.dispatch.answering import Answerer
from footlight_server.dispatch.asking import TENANT, Policy
from footlight_server.dispatch.cataloguing import Cataloguing
from footlight_server.dispatch.collecting import Collecting
from footlight_server.dispatch.conversing import Conversing
from footlight_server.dispatch.demotions import Demotions
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.engines import Engines
from footlight_server.dispatch.generating import Generating
from footlight_server.dispatch.loop_watch import LoopWatch
from footlight_server.dispatch.predicting import Predicting
from footlight_server.dispatch.recalling import Recalling
from footlight_server.dispatch.recommending import Recommending
from footlight_server.dispatch.resolving import Resolver
from footlight_server.dispatch.tasting import Tasting
from footlight_server.dispatch.tracing import Tracing
from footlight_server.dispatch.training import TrainingDesk
from footlight_server.dispatch.vacuuming import Vacuuming
from footlight_server.door import CannotStart, DataLock, check_address, check_origins, lock_data_dir, taken
from footlight_server.log.agents import AgentTable
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.conversations import ConversationTable
from footlight_server.log.database import Database
from footlight_server.log.decisions import DecisionLog
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.events import EventLog
from footlight_server.log.facets import Facets
from footlight_server.log.follower import LogFollower
from footlight_server.log.leases import LeaseTable
from footlight_server.log.leasing import Leasing
from footlight_server.log.people import People
from footlight_server.log.rankings import RankingLog
from footlight_server.log.revisions import DEPLOYMENTS, LEASES, TRAININGS
from footlight_server.log.trainings import TrainingTable
from footlight_server.log.writer import Writer
from footlight_server.marking.choice import Stages, UnknownStage
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marking
from footlight_server.models.store import ModelStore
from footlight_server.services.assistant import AssistantService
from footlight_server.services.catalog import CatalogService
from footlight_server.services.engine import EngineService
from footlight_server.services.faults import guard
from footlight_server.services.generation import GenerationService
from footlight_server.services.interaction import InteractionService
from footlight_server.services.recommendation import ENCODED, RecommendationService
from footlight_server.services.routes import Routes
from footlight_server.telemetry.sight import Sight

log = logging.getLogger(__name__)

DESCRIPTORS = tuple(
    descriptor
    for file in (catalog_pb2, recommendation_pb2, generation_pb2, interaction_pb2, engine_pb2, assistant_pb2)
    for descriptor in file.DESCRIPTOR.services_by_name.values()
)
SERVICES = tuple(descriptor.full_name for descriptor in DESCRIPTORS)

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_concurrent_streams", 512),
)


class App:
    """One server: everything it is made of, from start to stop."""

    def __init__(self, config: ServerConfig, lock: DataLock | None = None) -> None:
        check_address(config.listen)
        if config.web_listen:
            check_address(config.web_listen, "--web-listen")
            check_origins(config.web_origins)
        self.config = config
        self.port = 0
        self.web_address = ""
        self._lock = lock or lock_data_dir(config.data_dir, config.shared)
        self._plugins = load_plugins(config.plugins)
        self._stages = _chosen_stages(self._plugins, config.stages)
        self._database = Database.open(config.database_url, config.durability)
        if config.shared or config.processes > 1:
            self._database.take_turns()
        self._sight = Sight(config, lambda: self._deployments, lambda: self._watch)

    async def start(self) -> None:
        """Bring everything to work, then open the door.

        Raises
        ------
        CannotStart
            When the address is taken.
        """
        config = self.config
        policy = Policy()
        models = ModelStore(config.data_dir / "models")
        self._writer = writer = Writer(self._database)
        catalogue = Catalogue(self._database, writer, TENANT)
        people = People(self._database, TENANT)
        events = EventLog(self._database, writer, catalogue, people, TENANT)
        mark_erasures = partial(ErasureJournal(config.data_dir).follow, self._database)
        await asyncio.to_thread(mark_erasures)
        decisions = DecisionLog(self._database, writer, TENANT)
        rankings = RankingLog(self._database, writer, TENANT)
        corpora = CorpusStore(config.data_dir / "corpora", self._database, writer, TENANT)
        if self._lock.first:
            models.clean()
            await corpora.clean()
        assets = AssetStore(config.data_dir / "assets", self._database, writer, TENANT)
        table = DeploymentTable(self._database, writer, TENANT)
        self._deployments = Deployments(self._plugins, table, events, models)
        demotions = Demotions(config.data_dir)
        self._deployments.limits = replace(config.limits, demoted=demotions.read())
        self._deployments.stages = self._stages
        await self._deployments.start()
        catalogue.on_change.append(self._deployments.hear_of_items)
        catalogue.keep_time()
        self._catalogue = catalogue
        self._watch = LoopWatch(config.engine_seconds, partial(self._doom, demotions))
        self._watch.start()
        agents = AgentTable(self._database, writer, TENANT)
        self._leasing = leasing = Leasing(LeaseTable(self._database, writer, TENANT))
        if self._lock.first and not config.database:
            await leasing.table.free_all()  # those of a server that was killed; nobody else uses this file
        leasing.start()
        self._acting = Acting(self._deployments, agents, writer, models, leasing, policy, people)
        trainings = TrainingTable(self._database, writer, TENANT)
        self._training = TrainingDesk(config, self._deployments, corpora, trainings, models, leasing, policy)
        await self._training.start()
        self._facets = Facets(catalogue)
        self._facets.start()
        resolver = Resolver(catalogue, people, events, self._facets)
        self._services = (
            CatalogService(
                Cataloguing(catalogue, events, self._deployments, mark_erasures, policy, self._acting.choosing)
            ),
            self._recommendation(resolver, rankings, policy),
            self._generation(assets, corpora, decisions, policy),
            InteractionService(self._acting),
            EngineService(Engines(self._deployments, self._training, self._acting, policy), self._training),
            self._assistant(resolver, rankings, models, policy),
        )
        self._vacuuming = Vacuuming(self._database, events, leasing)
        self._vacuuming.start()
        self._agreement = Agreement(self._deployments, table)
        self._agreement.start()
        topics = {DEPLOYMENTS: self._agreement.look, LEASES: leasing.look, TRAININGS: self._training.queue.look}
        self._follower = LogFollower(self._database, events, catalogue, people, topics)
        self._follower.start(TENANT)
        _hand_back_memory()
        await self._open_door()

    def _recommendation(self, resolver: Resolver, rankings: RankingLog, policy: Policy) -> RecommendationService:
        return RecommendationService(
            Recommending(self._deployments, resolver, rankings, policy),
            Predicting(self._deployments, resolver, policy),
            Recalling(self._deployments, resolver, rankings, policy),
            self._acting.choosing,
        )

    def _generation(
        self, assets: AssetStore, corpora: CorpusStore, decisions: DecisionLog, policy: Policy
    ) -> GenerationService:
        config = self.config
        signing = SigningConfig(*config.sign_with, config.time_stamping)
        marking = Marking(self._stages, config.data_dir, signing)
        return GenerationService(
            Generating(self._deployments, assets, corpora, decisions, marking, config.producer, policy),
            Collecting(corpora, policy),
            Tracing(self._deployments, assets, corpora, self._catalogue, marking, policy),
        )

    def _assistant(
        self, resolver: Resolver, rankings: RankingLog, models: ModelStore, policy: Policy
    ) -> AssistantService:
        tasting = Tasting(self._deployments, resolver, Answerer(self._deployments, resolver, rankings))
        turns = ConversationTable(self._database, self._writer, TENANT)
        catalogue = self._catalogue
        self._conversing = Conversing(self._deployments, self._acting, tasting, turns, catalogue, models, policy)
        return AssistantService(self._conversing)

    def _doom(self, demotions: Demotions, deployment: str, reason: str) -> None:
        """An engine ends the server: let it be asked elsewhere from the next start on."""
        demotions.add(deployment, self._deployments.resolve(deployment).spec.version, reason)

    async def _open_door(self) -> None:
        # Alone on its port, a second server fails there instead of taking half of the calls.
        shared_port = ("grpc.so_reuseport", int(self.config.processes > 1))
        self._server = server = grpc.aio.server(options=(*CHANNEL_OPTIONS, shared_port))
        routes = Routes(ENCODED)
        table = cast(grpc.aio.Server, routes)  # for the generated functions, which ask no more of a server
        for service, descriptor in zip(self._services, DESCRIPTORS, strict=True):
            guard(service, descriptor, self._agreement.seek)
            self._sight.observe(service, descriptor)
        catalog, recommendation, generation, interaction, engine, talk = self._services
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, table)
        recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server(recommendation, table)
        generation_pb2_grpc.add_GenerationServiceServicer_to_server(generation, table)
        interaction_pb2_grpc.add_InteractionServiceServicer_to_server(interaction, table)
        engine_pb2_grpc.add_EngineServiceServicer_to_server(engine, table)
        assistant_pb2_grpc.add_AssistantServiceServicer_to_server(talk, table)
        server.add_generic_rpc_handlers((routes,))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        try:
            self.port = server.add_insecure_port(self.config.listen)
        except RuntimeError as fault:
            raise taken(self.config.listen) from fault
        await server.start()
        await self._open_web_door(routes)
        await self._sight.start(self._health, SERVICES)

    async def _open_web_door(self, front: grpc.GenericRpcHandler) -> None:
        """The same calls over HTTP, where that is asked for; what it needs is imported then."""
        config = self.config
        if not config.web_listen:
            return
        try:
            from footlight_server.web.serving import WebDoor
        except ModuleNotFoundError as missing:
            raise CannotStart(f"--web-listen needs the extra web, pip install 'footlight[web]': {missing}") from missing
        from footlight_server.web.application import Application
        from footlight_server.web.origins import Origins

        application = Application(front, DESCRIPTORS, Origins(check_origins(config.web_origins)))
        self._web_door = WebDoor(application, config.web_listen, config.processes > 1)
        await self._web_door.open()
        self.web_address = self._web_door.address

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"{self.config.listen.rpartition(':')[0]}:{self.port}"

    @property
    def metrics_address(self) -> str:
        """Where metrics and health are answered over HTTP; empty for nowhere."""
        return self._sight.address

    async def _shut_doors(self) -> None:
        grace = self.config.grace_seconds
        web = [self._web_door.close(grace)] if hasattr(self, "_web_door") else []
        await asyncio.gather(self._server.stop(grace), *web)

    async def stop(self) -> None:
        """Take no more calls, let those in flight finish, write everything down."""
        if hasattr(self, "_server"):
            await self._sight.drain()
            await self._health.enter_graceful_shutdown()
            await asyncio.sleep(self.config.drain_seconds)  # who balances the load hears of it and sends no more
            # Together, because whoever watches the job that runs would hold the door open until it has ended.
            await asyncio.gather(self._shut_doors(), self._training.stop())
            await self._vacuuming.stop()
            await self._conversing.stop()
            await self._acting.stop()
            await self._leasing.stop()
            await self._agreement.stop()
            await self._deployments.stop()
        if hasattr(self, "_watch"):
            self._watch.stop()
        if hasattr(self, "_follower"):
            await self._follower.stop()
        if hasattr(self, "_facets"):
            self._facets.stop()
        if hasattr(self, "_catalogue"):
            self._catalogue.stop()
        if hasattr(self, "_writer"):
            await self._writer.close()
        self._sight.close()
        self._database.close()
        self._lock.release()


def _chosen_stages(plugins: Plugins, chosen: tuple[str, ...]) -> Stages:
    try:
        return Stages(plugins.stages, chosen)
    except UnknownStage as unknown:
        raise CannotStart(str(unknown)) from unknown


def _hand_back_memory() -> None:
    """Return what only the start needed to the system: reading the log and loading kernels takes more than serving."""
    with contextlib.suppress(OSError, AttributeError):  # another C library may have no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _spare_collector() -> None:
    """Let the garbage collector pass over what lives as long as the server, and look less often at what calls make.

    Nearly everything that a call makes is freed by its reference count; collections at the usual rate find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def serve(config: ServerConfig, ready: Callable[[App], None], lock: DataLock | None = None) -> None:
    """Run a server until SIGTERM or SIGINT; a second signal ends it at once.

    Raises
    ------
    CannotStart
        When it cannot start; the message says what to do.
    """
    app = App(config, lock)
    try:
        await app.start()
        _spare_collector()
        ready(app)
        await _until_signal()
    finally:
        await app.stop()


async def _until_signal() -> None:
    stop = asyncio.Event()

    def heard() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    await stop.wait()
