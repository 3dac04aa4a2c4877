"""The agents at work on this server: each under its lease, so that of several servers one at a time moves it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from footlight_server.agents.agent_host import AgentHost
from footlight_server.agents.committing import Committing
from footlight_server.agents.shaped import Shape
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.faulting import AgentDown
from footlight_server.errors import FootlightError
from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import AgentRecord
from footlight_server.log.writer import Writer
from footlight_server.models.store import ModelStore

log = logging.getLogger(__name__)


class AgentKeeper:
    """Finds the host of an agent, in a state in which it can be used."""

    def __init__(
        self,
        care_of: Callable[[AgentRecord], Awaitable[AgentCare]],
        agent_log: AgentLog,
        writer: Writer,
        models: ModelStore,
        leasing: Leasing,
        shape_of: Callable[[AgentRecord], Awaitable[Shape | None]],
    ) -> None:
        self._care_of, self._shape_of = care_of, shape_of
        self._log = agent_log
        self._models = models
        self._leasing = leasing
        self._committing = Committing(agent_log, writer)
        self._hosts: dict[str, AgentHost] = {}
        self._removing: set[asyncio.Task[None]] = set()
        self._locks: dict[str, asyncio.Lock] = {}

    def make(self, record: AgentRecord, care: AgentCare) -> AgentHost:
        """An agent that is not loaded yet."""
        return AgentHost(record, care, self._log, self._models, self._leasing.table, self._committing)

    def forget(self) -> None:
        """Somebody has been erased: what holds them is made anew from the log, and stored states are removed."""
        for host in self._hosts.values():
            host.forget()
        task = asyncio.create_task(asyncio.to_thread(self._remove_states), name="agents-forget")
        self._removing.add(task)
        task.add_done_callback(self._removing.discard)

    def _remove_states(self) -> None:
        for agent in self._log.erased_agents():
            self._models.delete(f"agent-{agent}")

    def open_host(self, record: AgentRecord) -> AgentHost | None:
        """The agent, if this server moves it now."""
        host = self._hosts.get(record.agent_id)
        return host if host is not None and host.is_open else None

    async def enter(self, record: AgentRecord) -> AgentHost:
        """The agent, to be moved and then left: until then no other server moves it.

        With one server alone this is a look at a clock. Otherwise it waits until the server that has the agent has finished
        what it was doing, or, where that server is dead, until its lease has expired.
        """
        while True:
            host = self._hosts.get(record.agent_id)
            if host is not None and host.is_open:
                host.enter()
                return host
            # In a task of its own: a caller who leaves must not leave a lease behind that nobody looks after.
            await asyncio.shield(asyncio.create_task(self._open(record)))

    async def _open(self, record: AgentRecord) -> None:
        async with self._lock(record):
            host = await self._current(record)
            if host.lease is None:
                lease = await self._leasing.acquire(f"agents/{record.ordinal}", partial(self._give_back, record))
                await host.care.prepare(record.agent_id, host.catch_up)
                host.lease = lease

    async def _current(self, record: AgentRecord) -> AgentHost:
        """The agent with everything in memory that its log has."""
        host = self._hosts.get(record.agent_id)
        if host is not None and host.is_open:
            return host
        lease = host.lease if host is not None else None
        if host is not None:
            await host.written()
        # Also asked where the lease holds: what is being committed has to come before a replay.
        if lease is not None and await self._leasing.keep([lease]):
            host = lease = None  # another server moved the agent: memory may hold what was never written
        if host is None or host.broken:
            again = host is not None
            host = self.make(record, await self._care_of(record))
            host.shape = await self._shape_of(record)
            await host.care.prepare(record.agent_id, host.load)
            host.care.attend(host)
            host.care.restarts += again
            host.lease = lease
            self._hosts[record.agent_id] = host
        elif lease is None:
            await host.care.prepare(record.agent_id, host.catch_up)
        return host

    async def _give_back(self, record: AgentRecord, lease: Lease) -> None:
        """Another server asks for the agent: finish what is being committed, and let go."""
        async with self._lock(record):
            host = self._hosts.get(record.agent_id)
            if host is None or host.lease is not lease:
                await self._leasing.release(lease)
                return
            await host.close()
            try:
                await self._leasing.release(lease)
            finally:
                host.reopen()

    def _lock(self, record: AgentRecord) -> asyncio.Lock:
        return self._locks.setdefault(record.agent_id, asyncio.Lock())

    async def stop(self) -> None:
        """Store the states of those agents that are this server's, so that the next start has little to replay."""
        await self._committing.finish()
        mine = [host for host in self._hosts.values() if host.lease is not None]
        try:
            lost = await self._leasing.keep([host.lease for host in mine if host.lease is not None])
        except FootlightError as away:
            log.warning("the states of the agents could not be stored: %s", away)
            return
        for host in mine:
            if host.lease not in lost and not host.broken:
                with contextlib.suppress(AgentDown):  # then the next start replays more
                    await host.care.prepare(host.record.agent_id, host.save, host.care.limits.engine_seconds)
