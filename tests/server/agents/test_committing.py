"""Steps of many callers in one commit: who waits for whom, and what becomes of those who stand beside a failure."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from footlight_server.agents.committing import COMPANY, SOON, Committing, Group
from footlight_server.log import Database, Writer
from footlight_server.log.agents import AgentTable
from footlight_server.log.leases import Lease
from footlight_server.log.records import AgentRecord, AgentRow

ACT = AgentRow(0, 1, 1, "s", flag=0, action=0, distribution=b"")


class Host:
    """One agent: it has a lease, and writes by the thread where it is asked to."""

    def __init__(self, table: AgentTable, writer: Writer, number: int) -> None:
        self.lease: Lease | None = Lease(f"agents/{number}", 1, float("inf"))
        self.number, self.position, self.ended = number, 0, 0
        self._table, self._writer = table, writer

    def row(self) -> AgentRow:
        self.position += 1
        return ACT._replace(agent=self.number, position=self.position)

    async def write(self, rows: Sequence[AgentRow]) -> None:
        await self._writer.submit(lambda connection: self._table.log.insert_rows(connection, rows))

    def written_with(self, group: Group, names: Sequence[str]) -> None:
        self.ended += 1


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    database = Database.open(f"sqlite:///{tmp_path / 'footlight.db'}")
    started = Writer(database)
    yield started
    await started.close()
    database.close()


@pytest.fixture
async def table(writer: Writer) -> AgentTable:
    made = AgentTable(writer._database, writer, "default")
    for name in ("a", "b"):
        await made.insert(AgentRecord(name, "q-learning", {}, {}, 1, 1))
    return made


def positions(table: AgentTable, agent: int) -> list[int]:
    return [row.position for row in table.log.read(agent)]


def joined(committing: Committing, host: Host, *rows: AgentRow) -> asyncio.Future[None]:
    return committing.join(host, rows or [host.row()], [])[1]


async def test_steps_that_wait_together_are_committed_together(table: AgentTable, writer: Writer) -> None:
    committing, a, b = Committing(table.log, writer), Host(table, writer, 0), Host(table, writer, 1)
    await asyncio.gather(*(joined(committing, host) for host in (a, b, a)))
    assert (positions(table, 0), positions(table, 1), a.ended, b.ended) == ([1, 2], [1], 2, 1)


async def test_nothing_is_told_before_the_commit(table: AgentTable, writer: Writer) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    waiter = joined(committing, host)
    await asyncio.sleep(0)
    assert not waiter.done() and positions(table, 0) == []
    committing.flush()
    assert waiter.done() and positions(table, 0) == [1]


async def test_one_who_is_alone_is_asked_to_wait_ever_less_often(table: AgentTable, writer: Writer) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    waited = []
    for step in range(4 * SOON):
        if committing.waits():
            waited.append(step + 1)
            await joined(committing, host)
    assert waited == [SOON, 3 * SOON]


async def test_company_that_was_found_is_waited_for_until_it_is_there(table: AgentTable, writer: Writer) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    await asyncio.gather(*(joined(committing, host) for _ in range(COMPANY)))
    assert committing.waits()
    waiters = [joined(committing, host) for _ in range(COMPANY)]
    assert all(waiter.done() for waiter in waiters)


async def test_who_leaves_leaves_the_step_behind(table: AgentTable, writer: Writer) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    joined(committing, host).cancel()
    await joined(committing, host)
    assert positions(table, 0) == [1, 2]


async def test_rows_that_cannot_be_are_the_trouble_of_their_agent_alone(table: AgentTable, writer: Writer) -> None:
    committing, a, b = Committing(table.log, writer), Host(table, writer, 0), Host(table, writer, 1)
    row = a.row()
    found = await asyncio.gather(
        joined(committing, a, row, row), joined(committing, b), joined(committing, a), return_exceptions=True
    )
    assert [isinstance(one, Exception) for one in found] == [True, False, True]
    assert (positions(table, 0), positions(table, 1)) == ([], [1])


async def test_while_somebody_else_writes_the_thread_does(table: AgentTable, writer: Writer, tmp_path: Path) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    other = sqlite3.connect(tmp_path / "footlight.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiter = joined(committing, host)
    committing.flush()
    other.close()
    await waiter
    assert positions(table, 0) == [1]


async def test_an_agent_whose_lease_is_over_is_asked_to_write_for_itself(table: AgentTable, writer: Writer) -> None:
    committing, host = Committing(table.log, writer), Host(table, writer, 0)
    assert host.lease is not None
    host.lease.until = 0.0
    waiter = joined(committing, host)
    committing.flush()
    assert not waiter.done()
    await committing.finish()
    assert waiter.done() and positions(table, 0) == [1]
