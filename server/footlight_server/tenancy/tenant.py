"""Wires everything that one tenant has, from its log to the services that answer for it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import cast

import grpc

from footlight.v1 import (
    assistant_pb2_grpc,
    catalog_pb2_grpc,
    engine_pb2_grpc,
    generation_pb2_grpc,
    interaction_pb2_grpc,
    recommendation_pb2_grpc,
)
from footlight_server.corpora.assets import AssetStore
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.acting import Acting
from footlight_server.dispatch.agreeing import Agreement
from footlight_server.dispatch.answering import Answerer
from footlight_server.dispatch.cataloguing import Cataloguing
from footlight_server.dispatch.collecting import Collecting
from footlight_server.dispatch.conversing import Conversing
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.engines import Engines
from footlight_server.dispatch.expiring import Expiry
from footlight_server.dispatch.exporting import Exporting
from footlight_server.dispatch.generating import Generating
from footlight_server.dispatch.predicting import Predicting
from footlight_server.dispatch.recalling import Recalling
from footlight_server.dispatch.recommending import Recommending
from footlight_server.dispatch.resolving import Resolver
from footlight_server.dispatch.retaining import Retaining
from footlight_server.dispatch.tasting import Tasting
from footlight_server.dispatch.tracing import Tracing
from footlight_server.dispatch.training import TrainingDesk
from footlight_server.dispatch.vacuuming import Vacuuming
from footlight_server.log.agents import AgentTable
from footlight_server.log.ages import Ages
from footlight_server.log.audit import AuditTrail
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.conversations import ConversationTable
from footlight_server.log.decisions import DecisionLog
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.events import EventLog
from footlight_server.log.facets import Facets
from footlight_server.log.follower import LogFollower
from footlight_server.log.leases import LeaseTable
from footlight_server.log.leasing import Leasing
from footlight_server.log.listeners import ListenerTable
from footlight_server.log.people import People
from footlight_server.log.rankings import RankingLog
from footlight_server.log.retention import Retention
from footlight_server.log.revisions import DEPLOYMENTS, LEASES, TRAININGS
from footlight_server.log.trainings import TrainingTable
from footlight_server.models.store import ModelStore
from footlight_server.parts.roster import Roster
from footlight_server.services.assistant import AssistantService
from footlight_server.services.auditing import Auditor
from footlight_server.services.catalog import CatalogService
from footlight_server.services.descriptors import DESCRIPTORS
from footlight_server.services.engine import EngineService
from footlight_server.services.faults import guard
from footlight_server.services.generation import GenerationService
from footlight_server.services.interaction import InteractionService
from footlight_server.services.recommendation import ENCODED, RecommendationService
from footlight_server.services.routes import Routes
from footlight_server.telemetry.pseudonyms import Pseudonyms
from footlight_server.tenancy.ground import Ground


class Tenant:
    """One tenant at work: nothing here is shared with another one but the ground."""

    deployments: Deployments

    def __init__(self, name: str, ground: Ground) -> None:
        self.name = name
        self.routes = Routes(ENCODED)
        self._ground = ground
        self._config = ground.config_of(name)
        self._ends = AsyncExitStack()
        """What has begun, to be ended in the reverse order."""

    async def start(self) -> None:
        """Bring everything to work. Where that fails, what has begun is ended."""
        try:
            await asyncio.to_thread(self._read)
            await self._start_deployments()
            await self._start_work()
            self._serve()
            self._follow()
        except BaseException:
            await self.stop()
            raise

    def _read(self) -> None:
        """What the database holds, and the parts that keep some of it in memory."""
        rows = (self._ground.database, self._ground.writer)
        data_dir = self._ground.config.data_dir
        self._catalogue = Catalogue(*rows, self.name)
        self._people = People(rows[0], self.name)
        self._events = EventLog(*rows, self._catalogue, self._people, self.name)
        self._decisions = DecisionLog(*rows, self.name)
        self._rankings = RankingLog(*rows, self.name)
        self._corpora = CorpusStore(data_dir / "corpora", *rows, self.name, self._ground.corpus_blobs)
        self._assets = AssetStore(data_dir / "assets", *rows, self.name)
        self._models = ModelStore(self._config.data_dir / "models")

    async def _start_deployments(self) -> None:
        ground = self._ground
        self._table = DeploymentTable(ground.database, ground.writer, self.name)
        self.deployments = Deployments(ground.plugins, self._table, self._events, self._models)
        limits = self._config.limits.knowing(ground.plugins)
        self.deployments.limits = replace(limits, demoted=ground.demotions.read())
        self.deployments.stages, self.deployments.cells = ground.stages, ground.cells
        self.deployments.roster = roster = Roster(ground.plugins, self._config.parts, self._events, limits)
        self._ends.callback(roster.stop)
        await roster.start()
        self._ends.push_async_callback(self.deployments.stop)
        await self.deployments.start()
        self._catalogue.on_change.append(self.deployments.hear_of_items)
        self._catalogue.keep_time()
        self._ends.callback(self._catalogue.stop)

    async def _start_work(self) -> None:
        """What goes on beside the calls, and agents."""
        ground, policy = self._ground, self._ground.policy
        self._leasing = leasing = Leasing(LeaseTable(ground.database, ground.writer, self.name))
        leasing.start()
        self._ends.push_async_callback(leasing.stop)
        await self.deployments.roster.listen(ListenerTable(ground.database, ground.writer, self.name), leasing)
        self._ends.callback(self.deployments.roster.stop_listening)
        agents = AgentTable(ground.database, ground.writer, self.name)
        self._acting = Acting(self.deployments, agents, ground.writer, self._models, leasing, policy, self._people)
        self._ends.push_async_callback(self._acting.stop)
        trainings = TrainingTable(ground.database, ground.writer, self.name)
        self._training = TrainingDesk(
            self._config, self.deployments, self._corpora, trainings, self._models, leasing, policy
        )
        await self._training.start()
        self._ends.push_async_callback(self._training.stop)
        self._facets = Facets(self._catalogue)
        self._facets.start()
        self._ends.callback(self._facets.stop)
        self._vacuuming = Vacuuming(ground.database, self._events, leasing)
        self._vacuuming.start()
        self._ends.push_async_callback(self._vacuuming.stop)
        retention = Retention(ground.database, ground.writer, self.name)
        retaining = Retaining(
            retention, self._events, ground.database, leasing, ground.mark_erasures, self._config.retain_days
        )
        retaining.start()
        self._ends.push_async_callback(retaining.stop)
        self._agreement = Agreement(self.deployments, self._table)
        self._agreement.start()
        self._ends.push_async_callback(self._agreement.stop)

    def _serve(self) -> None:
        """The services, each guarded, in the table of routes."""
        ages = Ages(self._ground.database, self.name)
        resolver = Resolver(self._catalogue, self._people, self._events, self._facets, ages)
        policy, mark_erasures = self._ground.policy, self._ground.mark_erasures
        catalog = CatalogService(
            Cataloguing(self._catalogue, self._events, self.deployments, mark_erasures, policy, self._acting.choosing),
            Exporting(self._ground.database, self._people, self.deployments, policy),
        )
        recommendation = self._recommendation(resolver)
        generation = self._generation()
        interaction = InteractionService(self._acting)
        engine = EngineService(Engines(self.deployments, self._training, self._acting, policy), self._training)
        talk = self._assistant(resolver)
        services = (catalog, recommendation, generation, interaction, engine, talk)
        trail = AuditTrail(self._ground.database, self._ground.writer, self.name)
        auditor = Auditor(trail, Pseudonyms(self._ground.config.data_dir).of)
        for service, descriptor in zip(services, DESCRIPTORS, strict=True):
            auditor.audit(service, descriptor)
            guard(service, descriptor, self._agreement.seek)
            self._ground.observe(service, descriptor)
        table = cast(grpc.aio.Server, self.routes)  # for the generated functions, which ask no more of a server
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, table)
        recommendation_pb2_grpc.add_RecommendationServiceServicer_to_server(recommendation, table)
        generation_pb2_grpc.add_GenerationServiceServicer_to_server(generation, table)
        interaction_pb2_grpc.add_InteractionServiceServicer_to_server(interaction, table)
        engine_pb2_grpc.add_EngineServiceServicer_to_server(engine, table)
        assistant_pb2_grpc.add_AssistantServiceServicer_to_server(talk, table)

    def _recommendation(self, resolver: Resolver) -> RecommendationService:
        policy = self._ground.policy
        return RecommendationService(
            Recommending(self.deployments, resolver, self._rankings, policy),
            Predicting(self.deployments, resolver, policy),
            Recalling(self.deployments, resolver, self._rankings, policy),
            self._acting.choosing,
        )

    def _generation(self) -> GenerationService:
        marking, policy, producer = self._ground.marking, self._ground.policy, self._config.producer
        stores = (self._assets, self._corpora)
        return GenerationService(
            Generating(self.deployments, *stores, self._decisions, marking, producer, policy),
            Collecting(self._corpora, policy),
            Tracing(self.deployments, *stores, self._catalogue, marking, policy),
        )

    def _assistant(self, resolver: Resolver) -> AssistantService:
        ground = self._ground
        tasting = Tasting(self.deployments, resolver, Answerer(self.deployments, resolver, self._rankings))
        turns = ConversationTable(ground.database, ground.writer, self.name)
        conversing = Conversing(
            self.deployments, self._acting, tasting, turns, self._catalogue, self._models, ground.policy
        )
        self._ends.push_async_callback(conversing.stop)
        expiry = Expiry(conversing, turns, self._config.conversation_days)
        expiry.start()
        self._ends.push_async_callback(expiry.stop)
        return AssistantService(conversing)

    def _follow(self) -> None:
        topics = {
            DEPLOYMENTS: self._agreement.look,
            LEASES: self._leasing.look,
            TRAININGS: self._training.queue.look,
        }
        follower = LogFollower(self._events, self._catalogue, self._people, topics)
        follower.start(self.name, self._ground.heads)
        self._ends.push_async_callback(follower.stop)

    async def stop_training(self) -> None:
        """Stop the job that runs: whoever watches it would hold the door open until it has ended."""
        await self._training.stop()

    async def stop(self) -> None:
        """Write everything down, and end. Nobody calls any more."""
        await self._ends.aclose()
