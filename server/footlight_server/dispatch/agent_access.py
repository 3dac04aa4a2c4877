"""How agents are reached: by their record, admitted, under their lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from footlight_plugins import Verb
from footlight_server.agents.agent_host import AgentHost, Outdated
from footlight_server.agents.keeping import AgentKeeper
from footlight_server.agents.settings import Settings
from footlight_server.agents.shaped import Shape
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.engine_options import engine_class_of
from footlight_server.dispatch.finishing import outliving
from footlight_server.errors import Unavailable
from footlight_server.log.agents import AgentTable
from footlight_server.log.leases import LeaseLost
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import AgentRecord, AgentRow
from footlight_server.log.validation import check_id
from footlight_server.log.writer import Writer
from footlight_server.models.store import ModelStore

T = TypeVar("T")
ATTEMPTS = 10
MOST_RECORDS = 10_000
"""So many records are kept at hand."""


class AgentAccess:
    """Finds agents and lets one thing at a time be done with each."""

    def __init__(
        self,
        deployments: Deployments,
        agents: AgentTable,
        writer: Writer,
        models: ModelStore,
        leasing: Leasing,
        policy: Policy,
    ) -> None:
        self.deployments = deployments
        self.agents = agents
        self.log = agents.log
        self.keeper = AgentKeeper(self.care_of, agents.log, writer, models, leasing, self._shape_of)
        self.policy = policy
        self._records: dict[str, AgentRecord] = {}
        self._names: dict[int, str] = {}

    def remember(self, record: AgentRecord) -> AgentRecord:
        """Keep a record at hand; where there are many, the one that was read first is read again when it is asked for."""
        if len(self._records) >= MOST_RECORDS and record.agent_id not in self._records:
            oldest = self._records.pop(next(iter(self._records)))
            del self._names[oldest.ordinal]
        self._records[record.agent_id] = record
        self._names[record.ordinal] = record.agent_id
        return record

    def record(self, field: str, agent_id: str) -> AgentRecord:
        """An agent by its name, or NotFound."""
        check_id(field, agent_id)
        if (record := self._records.get(agent_id)) is None:
            record = self.remember(self.agents.get(agent_id))  # another server may have made it
        return record

    def numbered(self, ordinal: int) -> AgentRecord | None:
        """An agent by its number."""
        if ordinal in self._names:
            return self._records[self._names[ordinal]]
        record = self.agents.numbered(ordinal)  # another server may have made it
        return None if record is None else self.remember(record)

    def _care(self, record: AgentRecord) -> AgentCare:
        care = self.deployments.resolve(record.deployment, Verb.ACT).agents
        assert care is not None
        return care

    async def care_of(self, record: AgentRecord) -> AgentCare:
        """Who looks after the agent, its engine imported."""
        care = self._care(record)
        await asyncio.to_thread(engine_class_of, care.spec)
        if Settings.of(record.settings).reward.shaper:
            care.leave_the_loop()  # a shaper is waited for
        return care

    async def _shape_of(self, record: AgentRecord) -> Shape | None:
        """What shapes the agent's rewards."""
        reward = Settings.of(record.settings).reward
        shapers = self.deployments.roster.shapers
        shaping = await shapers.shaping(reward.shaper, reward.shaper_options, record.deployment)
        return None if shaping is None else shaping.shaped

    async def use(self, asking: Asking, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]) -> T:
        """Do something with an agent that this server alone may move meanwhile.

        Where its engine is not inline, it goes on when the caller leaves: what was lived through has to be written.
        """
        care = self._care(record)
        if care.inline:
            return await self._admitted(asking, care, record, work)
        return await outliving(asking, self._admitted(asking, care, record, work))

    def at_hand(self, record: AgentRecord) -> AgentHost | None:
        """The agent, where it can be moved without waiting for anything."""
        host = self.keeper.open_host(record)
        if host is None or not host.is_free:
            return None
        host.touch()
        return host

    def use_now(self, asking: Asking, host: AgentHost, work: Callable[[AgentHost], T]) -> T:
        """`use` of an agent that is `at_hand`.

        Raises
        ------
        Outdated
            When it has to be made anew; nothing was written.
        """
        care, agent = host.care, host.record.agent_id
        with care.admission.enter(asking):
            care.admit(agent)
            try:
                return work(host)
            finally:
                care.leave(agent)

    async def note(self, asking: Asking, record: AgentRecord, kind: int, **what: object) -> AgentRow:
        """Write down something about an agent itself."""

        async def work(host: AgentHost) -> AgentRow:
            async with host.turn:
                return await host.note(kind, **what)

        return await self.use(asking, record, work)

    async def _admitted(
        self, asking: Asking, care: AgentCare, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]
    ) -> T:
        with care.admission.enter(asking):
            care.admit(record.agent_id)
            try:
                return await self._moved(record, work)
            finally:
                care.leave(record.agent_id)

    async def _moved(self, record: AgentRecord, work: Callable[[AgentHost], Awaitable[T]]) -> T:
        for _ in range(ATTEMPTS):
            host = await self.keeper.enter(record)
            try:
                return await work(host)
            except (LeaseLost, Outdated):
                continue  # nothing was written: again, with the newer state
            finally:
                host.leave()
        raise Unavailable(f"agent '{record.agent_id}' was taken over by another server again and again")
