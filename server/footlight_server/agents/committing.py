"""The rows of agents' steps, committed on the event loop: a caller's alone, or those of many callers together.

A commit costs several times what an insert does, and writes every page that it touches once more. So where steps come
close upon each other, each of them waits for the next ones, 2 ms at most, and one commit makes all of them durable. A
caller who is alone must not wait for company that never comes: now and then one step does, to find out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from footlight_server.log.agents import AgentLog
from footlight_server.log.leases import Lease
from footlight_server.log.records import AgentRow
from footlight_server.log.writer import Writer

WINDOW_SECONDS = 0.002
"""So long a step waits for others at most."""
COMPANY = 4
"""So many steps within that time are worth waiting for: fewer callers would only wait for each other."""
FEW = 16
"""So many rows of a step are committed on the event loop itself; more of them go to the writer's thread, which takes no
turn from others."""
MOST = 256
"""With so many rows nobody waits any longer."""
SOON, LATE = 16, 512
"""After how many steps alone one looks for company: after so many at first, each time twice as many, and so many at most."""
GROWTH = 32
"""After so many full groups one waits for one step more."""


class Moved(Protocol):
    """An agent whose rows are committed."""

    lease: Lease | None

    async def write(self, rows: Sequence[AgentRow]) -> None:
        """Write the rows in the longer way."""

    def written_with(self, group: Group, names: Sequence[str]) -> None:
        """Hear that a group has come to its end, whatever became of it."""


@dataclass(slots=True, eq=False)
class Part:
    """The rows of one step, and who waits for them."""

    host: Moved
    rows: Sequence[AgentRow]
    names: Sequence[str]
    waiter: asyncio.Future[None]

    def end(self, fault: Exception | None = None) -> None:
        """Tell whoever waits, if they still do."""
        if not self.waiter.done():
            if fault is None:
                self.waiter.set_result(None)
            else:
                self.waiter.set_exception(fault)


@dataclass(slots=True, eq=False)
class Group:
    """Steps that are committed together."""

    over: asyncio.Future[None]
    """Done when all of it is committed, or has failed."""
    parts: list[Part] = field(default_factory=list)
    rows: int = 0


class Committing:
    """Commits the steps of all agents of one tenant. Everything here runs on the event loop."""

    def __init__(self, log: AgentLog, writer: Writer) -> None:
        self._log = log
        self._writer = writer
        self._group: Group | None = None
        self._timer: asyncio.TimerHandle
        self._company = 0  # how many steps the next group waits for; 0 where each is committed alone
        self._alone, self._look = 0, SOON
        self._full = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def group(self) -> Group | None:
        """The group that waits for more."""
        return self._group

    def waits(self) -> bool:
        """Whether a step should join others, or wait for them."""
        if self._group is not None or self._company:
            return self._writer.is_prompt
        self._alone += 1
        if self._alone < self._look or not self._writer.is_prompt:
            return False
        self._alone, self._look = 0, min(2 * self._look, LATE)
        return True

    def join(self, host: Moved, rows: Sequence[AgentRow], names: Sequence[str]) -> tuple[Group, asyncio.Future[None]]:
        """Commit the rows with those of others; answers the group, and what the caller of the step is to wait for."""
        loop = asyncio.get_running_loop()
        if (group := self._group) is None:
            group = self._group = Group(loop.create_future())
            self._timer = loop.call_later(WINDOW_SECONDS, self._late)
        waiter = loop.create_future()
        group.parts.append(Part(host, rows, names, waiter))
        group.rows += len(rows)
        if len(group.parts) == self._company or group.rows >= MOST:
            self._full += 1
            if self._full % GROWTH == 0:
                self._company = min(self._company + 1, MOST)
            self.flush()
        return group, waiter

    def _late(self) -> None:
        """Nobody waits any longer."""
        if self._group is not None:
            found = len(self._group.parts)
            self._company = found if found >= COMPANY else 0
            self._look = SOON if self._company else self._look
            self.flush()

    def flush(self) -> None:
        """Commit what waits."""
        if (group := self._group) is None:
            return
        self._group = None
        self._timer.cancel()
        try:
            done = self._held(group) and self.at_once([row for part in group.parts for row in part.rows])
        except Exception:
            done = False  # somebody's rows are wrong, or none can be written: each agent finds out for itself
        if done:
            _end(group)
        else:
            task = asyncio.create_task(self._one_by_one(group), name="agents-commit")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _held(self, group: Group) -> bool:
        return all(part.host.lease is not None and part.host.lease.holds for part in group.parts)

    def at_once(self, rows: Sequence[AgentRow]) -> bool:
        """Commit the rows here and now. False where that cannot be: they have to go the longer way."""
        return self._writer.at_once(lambda prompt: self._log.insert_at_once(prompt, rows))

    async def submit(self, work: Callable[[Connection], None]) -> None:
        """Have the writer's thread do a work, committed when this returns. Raises what `Writer.submit` does."""
        await self._writer.submit(work)

    async def _one_by_one(self, group: Group) -> None:
        """Write the rows of each agent for themselves, so that the trouble of one is not that of others."""
        by_host: dict[Moved, list[Part]] = {}
        for part in group.parts:
            by_host.setdefault(part.host, []).append(part)
        await asyncio.gather(*(_written(host, parts) for host, parts in by_host.items()))
        _end(group)

    async def finish(self) -> None:
        """Write everything that waits."""
        self.flush()
        await asyncio.gather(*self._tasks)


async def _written(host: Moved, parts: Sequence[Part]) -> None:
    try:
        await host.write([row for part in parts for row in part.rows])
    except Exception as fault:
        for part in parts:
            part.end(fault)


def _end(group: Group) -> None:
    group.over.set_result(None)
    for part in group.parts:
        part.end()
        part.host.written_with(group, part.names)
