"""The agents at work on this server: each under its lease, so that of several servers one at a time moves it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

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
    """Finds the host of an agent, in a state in which it can be used.

    As many are kept in memory as the limits say. Of more, those are put away that were not asked for the longest time, as
    far as a second chance tells (Corbato 1968, the "clock"): they are stored where much would have to be replayed, their
    leases are given back, and the next call that asks for them makes them anew.
    """

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
        self._hosts: dict[str, AgentHost] = {}  # in the order in which they were opened, or given a second chance
        self._leaving: set[AgentHost] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

    def make(self, record: AgentRecord, care: AgentCare) -> AgentHost:
        """An agent that is not loaded yet."""
        return AgentHost(record, care, self._log, self._models, self._leasing.table, self._committing)

    def forget(self) -> None:
        """Somebody has been erased: what holds them is made anew from the log, and stored states are removed."""
        for host in self._hosts.values():
            host.forget()
        self._spawn(asyncio.to_thread(self._remove_states), "agents-forget")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
            host.recent = True
        self._make_room(host)

    def _make_room(self, newest: AgentHost) -> None:
        """Begin to put away as many agents as there are too many; the newest is about to be used."""
        most = newest.care.limits.agents_at_hand
        chances = 3 * len(self._hosts)
        while len(self._hosts) - len(self._leaving) > most and chances:
            chances -= 1
            agent_id, host = next(iter(self._hosts.items()))
            self._hosts[agent_id] = self._hosts.pop(agent_id)  # to the end
            if host is newest or host in self._leaving:
                continue
            waits = host.sessions.has_deadlines and chances > len(self._hosts)  # these only where there is nobody else
            if not (host.recent or host.is_used or waits):
                self._leaving.add(host)
                self._spawn(self._put_away(host), "agent-put-away")
            host.recent = False

    async def _put_away(self, host: AgentHost) -> None:
        try:
            async with self._lock(host.record):
                if self._hosts.get(host.record.agent_id) is host and not host.recent:
                    await self._close(host)
        except Exception as fault:  # its log has all of it
            log.warning("agent %r could not be put away in order: %s", host.record.agent_id, fault)
        finally:
            self._leaving.discard(host)

    async def _close(self, host: AgentHost) -> None:
        """Let nobody use it, and forget it when it is stored."""
        await host.close()
        lease = host.lease
        try:
            if lease is not None and host.is_worth_storing and not await self._leasing.keep([lease]):
                await self._store(host)
            if lease is not None and lease.holds:
                await self._leasing.release(lease)
        finally:
            host.reopen()
            del self._hosts[host.record.agent_id]

    async def _store(self, host: AgentHost) -> None:
        with contextlib.suppress(AgentDown):  # then there is more to replay
            await host.care.prepare(host.record.agent_id, host.save, host.care.limits.engine_seconds)

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
        """One for each agent, as long as anybody holds it or waits for it."""
        return self._locks.setdefault(record.agent_id, asyncio.Lock())

    async def stop(self) -> None:
        """Store the states of those agents that are this server's, so that the next start has little to replay."""
        await self._committing.finish()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        mine = [host for host in self._hosts.values() if host.lease is not None]
        try:
            lost = await self._leasing.keep([host.lease for host in mine if host.lease is not None])
        except FootlightError as away:
            log.warning("the states of the agents could not be stored: %s", away)
            return
        for host in mine:
            if host.lease not in lost and not host.broken:
                await self._store(host)
