"""The named uses of engines: which there are, which answers, what serves in each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from footlight_plugins import EngineSpec, Verb
from footlight_plugins.factories import EngineUnavailable, resolve_options
from footlight_plugins.loader import Plugins
from footlight_plugins.options import OptionError, options_of
from footlight_server.dispatch.abilities import cannot
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.engine_options import checked_options, engine_class_of, options_type_of
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.dispatch.generator_host import GeneratorHost
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.errors import (
    AlreadyExists,
    DataLoss,
    FailedPrecondition,
    FootlightError,
    InvalidArgument,
    NotFound,
)
from footlight_server.isolation.placement import Cells
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.events import EventLog
from footlight_server.log.leases import Fence, LeaseLost
from footlight_server.log.records import Appended, Deployment, Forgotten, Receipt
from footlight_server.log.validation import check_id
from footlight_server.marking.choice import Stages
from footlight_server.models.store import ModelStore
from footlight_server.parts.orders import PartsConfig
from footlight_server.parts.roster import Roster

log = logging.getLogger(__name__)

REMEMBERED = 256
"""Of so many erasures it is remembered what they changed, so that a call which is repeated gets the same receipt."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(slots=True)
class Deployed:
    """A deployment at work."""

    record: Deployment
    spec: EngineSpec
    host: RecommenderHost | GeneratorHost | None
    """None for engines of the verb act: every agent is an instance of its own."""
    agents: AgentCare | None = None
    """Looks after the agents; None for the other verbs."""
    talker: Care | None = None
    """Looks after an engine that converses, once it was asked."""
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while another state is made to serve, and until that is written down."""

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def active_version(self) -> int:
        return self.record.active_version if self.host is None else self.host.version

    @property
    def care(self) -> Care | AgentCare:
        """Who looks after its engine, or the engines of its agents."""
        care = self.talker or (self.agents if self.host is None else self.host.care)
        assert care is not None
        return care

    @property
    def ready(self) -> bool:
        """Whether it can answer when it is asked."""
        if isinstance(self.host, RecommenderHost):
            return self.host.able or self.host.asleep
        return self.host is None or (bool(self.host.version) and self.host.care.askable)

    async def stop(self) -> None:
        """Let go of its engines."""
        if self.agents is not None:
            self.agents.stop()
        if self.talker is not None:
            self.talker.stop()
        if self.host is not None:
            await self.host.stop()


def options_in_force(deployed: Deployed) -> Mapping[str, Any]:
    """Every option of a deployment; those that were given, where the engine cannot be imported. May import it now."""
    try:
        options = options_of(resolve_options(deployed.spec), deployed.record.options)
    except (EngineUnavailable, OptionError):
        return deployed.record.options
    return options.model_dump(mode="json")


class Deployments:
    """All deployments. Every engine has one of its own name with its default options."""

    def __init__(self, plugins: Plugins, table: DeploymentTable, events: EventLog, models: ModelStore) -> None:
        self.plugins = plugins
        self.events = events
        self.models = models
        self.limits = Limits()
        self.stages, self.cells = Stages(plugins), Cells(plugins, self.limits)
        self.roster = Roster(plugins, PartsConfig(diversify=""), events)
        self._table = table
        self._deployed: dict[str, Deployed] = {}
        self._changing = asyncio.Lock()
        """Held while deployments come and go."""
        self._forgetting: dict[int, asyncio.Task[list[Forgotten]]] = {}

    def __iter__(self) -> Iterator[Deployed]:
        return iter(sorted(self._deployed.values(), key=lambda deployed: deployed.name))

    async def start(self) -> None:
        """Bring every deployment to work; one that cannot says so and the others serve."""
        self.events.on_append.append(self._publish)
        self.events.on_forget.append(self._forget)
        records = {record.name: record for record in self._table.list()}
        for name in self.plugins.engines:
            if name not in records:
                records[name] = Deployment(name, name, {})
                with contextlib.suppress(AlreadyExists):  # another server starts at the same time
                    await self._table.create(records[name])
        for record in records.values():
            if (spec := self.plugins.engines.get(record.engine)) is None:
                log.warning("deployment %r is left out: no plug-in offers engine %r", record.name, record.engine)
                continue
            self._deployed[record.name] = await self._deploy(record, spec)
        for name in sorted(self.limits.isolated - self._deployed.keys()):
            log.warning("there is no deployment %r yet; its engine will have a process of its own", name)

    def _publish(self, appended: Appended) -> None:
        for host in self.recommenders():
            host.publish(appended)

    def hear_of_items(self) -> None:
        """The catalogue has changed, through this server or another one."""
        for host in self.recommenders():
            host.hear_of_items()

    def _forget(self, receipt: Receipt) -> None:
        """Somebody was erased, through this server or another one."""
        task = asyncio.create_task(self._forget_everywhere(receipt.user))
        self._forgetting[receipt.epoch] = task
        self._forgetting.pop(receipt.epoch - REMEMBERED, None)

    async def _forget_everywhere(self, user: int) -> list[Forgotten]:
        states = []
        for host in self.recommenders():
            if (forgotten := await host.forget(user)) is not None:
                states.append(forgotten)
            if host.engine is None and host.problem and not host.spec.can_forget:
                host.problem += f" ({cannot(self.plugins, host.spec.name, 'can_forget').message})"
        return states

    async def forgotten(self, epoch: int) -> list[Forgotten]:
        """Wait until every recommender has forgotten the people who were erased up to an epoch.

        Answers what the last of these erasures changed; nothing where it was long ago.
        """
        for task in [task for number, task in self._forgetting.items() if number <= epoch]:
            await asyncio.shield(task)
        last = self._forgetting.get(epoch)
        return [] if last is None else last.result()

    async def _deploy(self, record: Deployment, spec: EngineSpec) -> Deployed:
        host: RecommenderHost | GeneratorHost | None = None
        plugin = self.plugins.plugin_of(spec.name).name
        if spec.verb is Verb.RECOMMEND:
            host = RecommenderHost(record.name, spec, self.events, self.models, self.limits)
            host.care.plugin = plugin
            host.compose(self.roster.composition(record.name))
            if self._sleeps(record, spec):
                host.asleep = True
            elif record.active_version or not spec.needs_training:
                await self._start_recommender(host, record, spec)
            else:
                host.follow()
        elif spec.verb is Verb.GENERATE:
            host = GeneratorHost(record.name, spec, self.models, self.limits)
            host.care.plugin = plugin
            host.expect(record.active_version)
        else:
            care = AgentCare(record.name, spec, self.limits)
            care.plugin = plugin
            return Deployed(record, spec, None, care)
        return Deployed(record, spec, host)

    def _sleeps(self, record: Deployment, spec: EngineSpec) -> bool:
        """Whether it costs nothing until it is asked: an engine's own deployment, never asked and never trained.

        The first of the fallbacks is always awake: it answers when something else cannot.
        """
        fallbacks = [other for other in self.plugins.engines.values() if other.fallback]
        first = max(fallbacks, key=lambda other: other.rank, default=None)
        return not (spec.needs_training or spec is first or record.active_version or record.awake)

    async def _start_recommender(self, host: RecommenderHost, record: Deployment, spec: EngineSpec) -> None:
        try:
            options = checked_options(await asyncio.to_thread(engine_class_of, spec), record.options)
        except (FailedPrecondition, InvalidArgument) as fault:
            host.problem = fault.message
            host.follow()
        else:
            starting = asyncio.create_task(host.start(options, record.active_version, record.pinned_position))
            done, _ = await asyncio.wait({starting}, timeout=self.limits.start_seconds)
            if not done:
                host.care.await_start(starting)

    async def wake(self, host: RecommenderHost) -> None:
        """Bring a recommender to work that nobody has asked so far; whoever asks meanwhile waits as well."""
        if host.waking is None or host.waking.done():  # it is still asleep after all: try again
            host.waking = asyncio.create_task(self._wake(host), name=f"wake-{host.name}")
        await asyncio.shield(host.waking)

    async def _wake(self, host: RecommenderHost) -> None:
        deployed = self._deployed[host.name]
        await self._start_recommender(host, deployed.record, deployed.spec)
        host.asleep = False
        deployed.record = replace(deployed.record, awake=True)
        try:
            await self._table.wake(host.name)
        except FootlightError as away:  # it is awake all the same, until the server stops
            log.warning("that deployment %r was asked could not be written down: %s", host.name, away.message)

    async def awake(self, name: str) -> RecommenderHost:
        """The recommender that `recommender` finds, brought to work."""
        host = self.recommender(name)
        if host.asleep:
            await self.wake(host)
        return host

    def resolve(self, name: str, verb: Verb | None = None, field: str = "deployment") -> Deployed:
        """The deployment of that name; where the name is empty, the one of highest rank that can answer.

        Raises
        ------
        NotFound
            When there is none of that name.
        InvalidArgument
            When its engine is for another verb, or the name cannot be one; ``field`` is what the request calls it.
        """
        if not name and verb is not None:
            return self._best(verb)
        check_id(field, name)
        if (deployed := self._deployed.get(name)) is None:
            raise NotFound("deployment", name, self._deployed)
        if verb is not None and deployed.spec.verb is not verb:
            raise InvalidArgument(field, f"'{name}' is for {deployed.spec.verb.value}, not for {verb.value}")
        return deployed

    def _best(self, verb: Verb) -> Deployed:
        candidates = [deployed for deployed in self if deployed.spec.verb is verb]
        if not candidates:
            raise FailedPrecondition(f"no engine is installed for {verb.value}", reason="NO_ENGINE")
        return max(candidates, key=lambda deployed: (deployed.ready, deployed.spec.rank))

    def recommender(self, name: str) -> RecommenderHost:
        """The recommender of that name, or the one of highest rank that can answer; raises as `resolve` does."""
        if (deployed := self._deployed.get(name)) is not None and isinstance(deployed.host, RecommenderHost):
            return deployed.host
        host = self.resolve(name, Verb.RECOMMEND).host
        assert isinstance(host, RecommenderHost)
        return host

    def fallback(self) -> RecommenderHost | None:
        """Who answers for a person nobody knows: the fallback of the highest rank that can."""
        able = [host for host in self.recommenders() if host.spec.fallback and host.able]
        return max(able, key=lambda host: host.spec.rank, default=None)

    def recommenders(self) -> list[RecommenderHost]:
        """Everyone who follows the log."""
        return [d.host for d in self._deployed.values() if isinstance(d.host, RecommenderHost)]

    @to_the_end
    async def create(self, name: str, engine: str, options: Mapping[str, Any]) -> Deployed:
        """Give an engine another name and options of its own."""
        if not _NAME.fullmatch(name):
            raise InvalidArgument("name", "must be lower-case letters, digits and hyphens, a letter first, at most 63")
        check_id("engine", engine)
        if (spec := self.plugins.engines.get(engine)) is None:
            raise NotFound("engine", engine, self.plugins.engines)
        if name in self._deployed:
            raise AlreadyExists("deployment", name)
        checked_options(await asyncio.to_thread(options_type_of, spec), options)
        record = Deployment(name, engine, dict(options), awake=True)
        async with self._changing:
            await self._table.create(record)
            self._deployed[name] = await self._deploy(record, spec)
        return self._deployed[name]

    async def adopt(self, record: Deployment) -> Deployed | None:
        """The deployment of a row of the table; brought to work now where another server has made it."""
        async with self._changing:
            spec = self.plugins.engines.get(record.engine)
            if record.name not in self._deployed and spec is not None:
                there = await asyncio.to_thread(self._table.list)  # this server may have deleted it meanwhile
                if any(row.name == record.name for row in there):
                    self._deployed[record.name] = await self._deploy(record, spec)
        return self._deployed.get(record.name)

    async def drop(self, name: str) -> None:
        """Let go of a deployment that another server has deleted."""
        async with self._changing:
            deployed = self._deployed.pop(name, None)
            if deployed is not None:
                await deployed.stop()

    @to_the_end
    async def delete(self, name: str) -> None:
        """Remove a deployment and its models."""
        deployed = self.resolve(name, field="name")
        if name == deployed.spec.name:
            raise FailedPrecondition(f"'{name}' is the engine's own deployment and stays")
        async with self._changing:
            await self._table.delete(name)
            del self._deployed[name]
            await deployed.stop()
        await asyncio.to_thread(self.models.delete, name)

    @to_the_end
    async def activate(self, name: str, version: int, fence: Fence | None = None) -> None:
        """Serve a version: loaded first, written down second, so that a damaged one changes nothing.

        Raises
        ------
        LeaseLost
            When the ``fence`` says so; what served before serves on.
        """
        deployed = self.resolve(name)
        if deployed.host is None:
            raise FailedPrecondition(f"deployment '{name}' has no models: each of its agents has a state of its own")
        if all(manifest.version != version for manifest in await asyncio.to_thread(self.models.versions, name)):
            raise NotFound("model", f"{name}/{version}")
        async with deployed.changing:
            try:
                await deployed.host.activate(version)
            except DataLoss as damage:
                log.error("version %d of %r is refused: %s", version, name, damage.message)
                raise FailedPrecondition(f"version {version} of '{name}' is damaged", "MODEL_DAMAGED") from damage
            before, deployed.record = deployed.record, replace(deployed.record, active_version=version)
            try:
                await self._table.activate(name, version, fence=fence)
            except LeaseLost:
                deployed.record = before
                if before.active_version:
                    await deployed.host.activate(before.active_version)
                raise

    @to_the_end
    async def roll_back(self, name: str, position: int) -> Deployed:
        """Serve the state as of a log position and stay there: restored first, written down second."""
        deployed, host = await self._following(name)
        if not 0 <= position <= self.events.position:
            raise InvalidArgument("position", f"must be between 0 and {self.events.position:,}, the log's last")
        async with deployed.changing:
            try:
                await host.roll_back(position)
            except DataLoss as damage:
                log.error("%r cannot be rolled back: %s", name, damage.message)
                raise FailedPrecondition(f"the model of '{name}' is damaged", "MODEL_DAMAGED") from damage
            await self._pin(deployed, position)
        return deployed

    @to_the_end
    async def follow(self, name: str) -> Deployed:
        """Follow the log again."""
        deployed, host = await self._following(name)
        async with deployed.changing:
            await host.resume()
            await self._pin(deployed, None)
        return deployed

    async def _pin(self, deployed: Deployed, position: int | None) -> None:
        await self._table.pin(deployed.name, position)
        deployed.record = replace(deployed.record, pinned_position=position)

    async def _following(self, name: str) -> tuple[Deployed, RecommenderHost]:
        deployed = self.resolve(name)
        if not isinstance(deployed.host, RecommenderHost):
            raise FailedPrecondition(f"deployment '{name}' does not follow the log", reason="NOT_SUPPORTED")
        return deployed, await self.awake(name)

    async def stop(self) -> None:
        """Let go of every engine."""
        for deployed in self._deployed.values():
            await deployed.stop()
