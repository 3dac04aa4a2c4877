"""Leases: one holder at a time, given back when asked for, taken from the dead, and no write without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from footlight_server.log import Database, Writer
from footlight_server.log.deployments import DeploymentTable
from footlight_server.log.leases import LIFE_S, Lease, LeaseLost, LeaseTable, clock
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import Deployment, Training, TrainingState
from footlight_server.log.schema import LEASES
from footlight_server.log.trainings import TrainingTable
from footlight_server.log.turns import Turns

TENANT = "default"


class Site:
    """One server's view of the leases."""

    def __init__(self, url: str) -> None:
        self.database = Database.open(url)
        self.writer = Writer(self.database)
        self.table = LeaseTable(self.database, self.writer, TENANT)
        self.leasing = Leasing(self.table)

    async def write(self, lease: Lease) -> None:
        """Write something that the lease protects."""
        await self.writer.submit(lambda connection: self.table.check(connection, lease))

    async def close(self) -> None:
        await self.leasing.stop()
        await self.writer.close()
        self.database.close()


@pytest.fixture
async def sites(url: str) -> AsyncIterator[tuple[Site, Site]]:
    made = Site(url), Site(url)
    yield made
    for site in made:
        await site.close()


def _expire(connection: Connection, shift: float) -> None:
    connection.execute(update(LEASES).values(expires=clock(connection) + int(shift * 1e6)))


async def expire(site: Site, lease: Lease, shift: float = -1.0) -> None:
    """As if its holder had stood still for so long."""
    await site.writer.submit(lambda connection: _expire(connection, shift))
    lease.until = 0.0


async def taken(site: Site, name: str = "agent") -> Lease:
    lease = await site.table.take(name)
    assert lease is not None
    return lease


async def test_a_lease_has_one_holder(sites: tuple[Site, Site]) -> None:
    lease = await taken(sites[0])
    assert lease.holds and await sites[1].table.take("agent") is None
    await sites[0].write(lease)


async def test_the_holder_hears_who_asks_and_the_asker_gets_it(sites: tuple[Site, Site]) -> None:
    lease = await taken(sites[0])
    assert sites[0].table.wanted() == set()
    await sites[1].table.take("agent")
    assert sites[0].table.wanted() == {"agent"}
    await sites[0].table.give_back([lease])
    assert await sites[0].table.take("agent") is None and (await taken(sites[1])).fence > lease.fence


async def test_a_claim_does_not_ask(sites: tuple[Site, Site]) -> None:
    await taken(sites[0])
    assert await sites[1].leasing.claim("agent") is None
    assert sites[0].table.wanted() == set()


async def test_an_expired_lease_is_taken_and_its_old_holder_writes_no_more(sites: tuple[Site, Site]) -> None:
    lease = await taken(sites[0])
    await expire(sites[0], lease)
    await sites[1].write(await taken(sites[1]))
    with pytest.raises(LeaseLost):
        await sites[0].write(lease)
    assert await sites[0].table.prolong([lease]) == [lease]


async def test_an_expired_lease_that_nobody_took_is_prolonged(sites: tuple[Site, Site]) -> None:
    lease = await taken(sites[0])
    await expire(sites[0], lease)
    await sites[0].write(lease)  # nobody else has written meanwhile
    assert await sites[0].table.prolong([lease]) == [] and lease.holds
    assert await sites[1].table.take("agent") is None


async def test_an_expiry_further_ahead_than_a_life_counts_as_expired(sites: tuple[Site, Site]) -> None:
    lease = await taken(sites[0])
    await expire(sites[0], lease, 10 * LIFE_S)
    await taken(sites[1])


async def test_whoever_waits_gets_the_lease_when_it_is_given_back(sites: tuple[Site, Site]) -> None:
    first, second = (site.leasing for site in sites)
    lease = await first.acquire("agent", first.release)
    await sites[1].table.take("agent")  # asks for it
    waiting = asyncio.create_task(second.acquire("agent", second.release))
    first.look()  # what the follower of the log calls
    assert (await waiting).fence > lease.fence and not lease.holds


async def test_a_server_that_stops_gives_everything_back(sites: tuple[Site, Site]) -> None:
    await sites[0].leasing.acquire("agent", sites[0].leasing.release)
    await sites[0].leasing.stop()
    await taken(sites[1])


async def test_turns_are_taken_by_one_at_a_time(tmp_path: Path) -> None:
    sides, seen = [Turns(tmp_path / "x.db") for _ in range(3)], []

    def write(number: int) -> None:
        for _ in range(5):
            with sides[number].take():
                seen.append(number)
                seen.append(number)

    await asyncio.gather(*(asyncio.to_thread(write, number) for number in range(3)))
    assert seen[::2] == seen[1::2] and len(seen) == 30
    for side in sides:
        side.close()


async def test_who_lost_the_lease_can_neither_end_a_job_nor_choose_what_serves(sites: tuple[Site, Site]) -> None:
    one, other = sites
    jobs = TrainingTable(one.database, one.writer, TENANT)
    deployments = DeploymentTable(one.database, one.writer, TENANT)
    job = Training("t-1", "tally", seed=1, corpus_id="", options={}, create_time=1)
    await jobs.insert(job)
    await deployments.create(Deployment("tally", "counter", {}))
    lease = await taken(one)
    await expire(one, lease)
    await taken(other)
    with pytest.raises(LeaseLost):
        await jobs.update(replace(job, state=TrainingState.SUCCEEDED), one.table.fence(lease))
    with pytest.raises(LeaseLost):
        await deployments.activate("tally", 7, fence=one.table.fence(lease))
    assert (jobs.get("t-1"), deployments.list()[0].active_version) == (job, 0)
