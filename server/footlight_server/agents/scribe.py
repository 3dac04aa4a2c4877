"""Writes down what an agent lives through: in order, under its lease, and before anybody is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy import Connection

from footlight_server.agents.committing import FEW, Committing, Group
from footlight_server.errors import FootlightError, Unavailable
from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease, LeaseLost, LeaseTable
from footlight_server.log.records import AgentRecord, AgentRow

log = logging.getLogger(__name__)


class Scribe:
    """The writing half of an agent's host. Everything here runs on the event loop, but `_append`."""

    def __init__(self, record: AgentRecord, log: AgentLog, leases: LeaseTable, committing: Committing) -> None:
        self.record = record
        self.broken = False
        """Whether what memory has of the agent is not to be used any more."""
        self.requests: dict[str, asyncio.Future[None]] = {}
        """What decisions that are being committed wait for, by request id; the log has them then, or they failed."""
        self.lease: Lease | None = None
        """The right to move it; None while another server may have it."""
        self._log = log
        self._leases = leases
        self._committing = committing
        self._newest: asyncio.Future[None] | None = None
        self._lost = False  # rows could not be written; what was lived through after them cannot be, either
        self._closed = False
        self.recent = False
        """Whether it was used since somebody last looked for agents to put away."""
        self._users = 0
        self._quiet = asyncio.Event()

    @property
    def key(self) -> str:
        """Under which name its state is stored."""
        return f"agent-{self.record.ordinal}"

    @property
    def is_open(self) -> bool:
        """Whether it may be moved now."""
        return not self.broken and not self._closed and self.lease is not None and self.lease.holds

    @property
    def is_used(self) -> bool:
        """Whether anybody is in it, or anything of it is being committed."""
        return self._users > 0

    def enter(self) -> None:
        """Keep the lease until `leave`."""
        self.touch()
        self._users += 1

    def touch(self) -> None:
        """Keep the lease, and the agent at hand, a little longer."""
        assert self.lease is not None
        self.lease.used = self.recent = True

    def leave(self) -> None:
        """The end of what `enter` began."""
        self._users -= 1
        if not self._users:
            self._quiet.set()

    async def close(self) -> None:
        """Let nobody enter, and wait until everybody has left and everything is committed."""
        self._closed = True
        while self._users:
            self._quiet.clear()
            await self._quiet.wait()

    def reopen(self) -> None:
        """The end of what `close` began; the lease is gone."""
        self.lease = None
        self._closed = False

    def _commit(self, rows: Sequence[AgentRow], names: Sequence[str] = ()) -> asyncio.Future[None] | None:
        """Write the rows down, or begin to. A repeated request of one of the ``names`` waits meanwhile.

        Returns
        -------
        What to wait for, and shield; None where they are committed already.
        """
        before = None if self._newest is None or self._newest.done() else self._newest
        if len(rows) <= FEW and self.lease is not None:
            group = self._committing.group
            if (before is None or (group is not None and before is group.over)) and self._committing.waits():
                return self._join(rows, names)
            if before is None and self._committed_at_once(rows):
                return None
        self._users += 1  # also when the caller leaves before it is done
        self._newest = task = asyncio.create_task(self._write_after(rows, names, before))
        for request_id in names:
            self.requests[request_id] = task
        return task

    def _join(self, rows: Sequence[AgentRow], names: Sequence[str]) -> asyncio.Future[None]:
        self._users += 1
        group, waiter = self._committing.join(self, rows, names)
        if not group.over.done():
            self._newest = group.over
            for request_id in names:
                self.requests[request_id] = group.over
        return waiter

    def written_with(self, group: Group, names: Sequence[str]) -> None:
        """Hear that a group has come to its end, whatever became of it."""
        for request_id in names:
            self.requests.pop(request_id, None)
        self.leave()

    def _committed_at_once(self, rows: Sequence[AgentRow]) -> bool:
        """Commit the rows here and now, where nobody else writes."""
        if len(rows) > FEW or self.lease is None or not self.lease.holds:
            return False
        try:
            return self._committing.at_once(rows)
        except Exception as fault:
            raise self._unwritten(fault) from fault

    def _unwritten(self, fault: Exception) -> Unavailable:
        self.broken = self._lost = True
        if isinstance(fault, FootlightError):
            return Unavailable(f"the step could not be written down: {fault.message}")
        log.error("a step of agent %r could not be written down", self.record.agent_id, exc_info=fault)
        return Unavailable("the step could not be written down; the server's log has the cause")

    async def settle(self) -> None:
        """Wait until everything that memory holds now is committed: what is said of it is durable then.

        Raises
        ------
        Unavailable
            When it could not be written; memory was wrong, and the caller should ask again.
        """
        if self._newest is not None and not self._newest.done():
            await asyncio.shield(self._newest)  # commits are done in the order in which they were begun
        if self._lost:
            raise Unavailable("a step could not be written down")

    async def written(self) -> None:
        """Wait until nothing of it is on its way to the log, whatever became of that."""
        while self._newest is not None and not self._newest.done():
            await asyncio.wait([self._newest])

    async def _write_after(
        self, rows: Sequence[AgentRow], names: Sequence[str], before: asyncio.Future[None] | None
    ) -> None:
        """Write the rows down after those ``before``: by then it may be possible at once again."""
        try:
            if before is not None:
                await asyncio.wait([before])
                if before.cancelled() or before.exception() is not None or self._lost:
                    raise self._unwritten(Unavailable("the step before it could not be"))
                if self._committed_at_once(rows):
                    return
            await self.write(rows)
        finally:
            for request_id in names:
                del self.requests[request_id]
            self.leave()

    async def write(self, rows: Sequence[AgentRow]) -> None:
        """Write the rows by the writer's thread.

        Raises
        ------
        LeaseLost
            When another server has taken the agent over.
        Unavailable
            When they cannot be written, or those before them could not be.
        """
        lease = self.lease
        try:
            if self._lost:
                raise Unavailable("the step before it could not be")
            await self._committing.submit(lambda connection: self._append(connection, lease, rows))
        except LeaseLost:
            self.broken = self._lost = True
            raise
        except Exception as fault:
            raise self._unwritten(fault) from fault

    def _append(self, connection: Connection, lease: Lease | None, rows: Sequence[AgentRow]) -> None:
        """Runs in the writer: write the rows, unless another server has taken the agent over."""
        if lease is None:
            raise LeaseLost(self.key)
        self._leases.check(connection, lease)
        self._log.insert_rows(connection, rows)
