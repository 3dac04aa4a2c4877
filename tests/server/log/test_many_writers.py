"""Several processes write to one database: positions, ordinals and epochs stay in order, and nothing is there twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from tests.postgresql import own_cluster

from footlight_plugins import EventKind
from footlight_server.log import Catalogue, Database, Event, EventLog, Item, People, Writer

WRITERS, BATCHES, BATCH = 8, 20, 10

WRITER = """
import asyncio, sys
from footlight_plugins import EventKind
from footlight_server.errors import Unavailable
from footlight_server.log import Catalogue, Database, Event, EventLog, Item, People, Writer

url, me, batches, size = sys.argv[1], *map(int, sys.argv[2:])

async def stubborn(call):
    while True:
        try:
            return await call()
        except Unavailable as busy:
            print(busy, file=sys.stderr)

async def main():
    database = Database.open(url)
    writer = Writer(database)
    catalogue = Catalogue(database, writer, "t")
    await stubborn(lambda: catalogue.put([Item("shared"), Item(f"own {me}")]))
    log = EventLog(database, writer, catalogue, People(database, "t"), "t")
    for i in range(batches):
        own = [Event(f"{me}-{i}-{j}", f"user {j % 5}", "shared", EventKind.PLAY, time=i) for j in range(size - 1)]
        batch = [*own, Event(f"same {i}", "everybody", "shared", EventKind.PLAY, time=i)]
        await stubborn(lambda: log.append(batch))
        assert catalogue.ids[catalogue.ordinal(f"own {me}")] == f"own {me}"
    await stubborn(lambda: log.append([Event(f"last {me}", f"brief {me}", "shared", EventKind.PLAY, time=0)]))
    await stubborn(lambda: log.forget(f"brief {me}"))
    await writer.close()
    database.close()

asyncio.run(main())
"""


@contextmanager
def writers(url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Eight processes that begin on an empty database, all at once."""
    command = [sys.executable, "-c", WRITER, url]
    numbers = (str(BATCHES), str(BATCH))
    started = [
        subprocess.Popen([*command, str(me), *numbers], stderr=subprocess.PIPE, text=True) for me in range(WRITERS)
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def followed(url: str, running: list[subprocess.Popen[str]]) -> list[int]:
    """The positions that a follower saw who polled until the last writer ended, in the order in which it saw them."""
    seen: list[int] = []
    database = Database.open(url)
    ended = False
    while not ended:
        ended = all(process.poll() is not None for process in running)
        query = text("SELECT position FROM events WHERE tenant = 't' AND position > :last ORDER BY position")
        with database.reading() as connection:
            seen += connection.execute(query, {"last": seen[-1] if seen else 0}).scalars()
    database.close()
    return seen


def numbers(url: str, query: str) -> list[int]:
    database = Database.open(url)
    with database.reading() as connection:
        found = list(connection.execute(text(query)).scalars())
    database.close()
    return found


@pytest.fixture(scope="module")
def empty(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database without a table."""
    if store == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'footlight.db'}"
        return
    name = own_cluster().create()
    yield own_cluster().url(name)
    own_cluster().drop(name)


@pytest.fixture(scope="module")
def seen(empty: str) -> list[int]:
    """What a follower saw while eight processes wrote until they were done."""
    with writers(empty) as running:
        positions = followed(empty, running)
        complaints = [process.communicate()[1] for process in running if process.returncode]
    assert complaints == []
    return positions


EVENTS = WRITERS * BATCHES * (BATCH - 1) + BATCHES


def test_follower_of_eight_writers_skips_no_position(seen: list[int]) -> None:
    """Those who were erased left a hole, perhaps before the follower came by; nobody else may."""
    missing = set(range(1, EVENTS + WRITERS + 1)) - set(seen)
    assert seen == sorted(seen) and len(missing) <= WRITERS and len(seen) >= EVENTS


def test_follower_saw_everything_that_is_there(seen: list[int], empty: str) -> None:
    there = numbers(empty, "SELECT position FROM events ORDER BY position")
    assert len(there) == EVENTS and set(there) <= set(seen)


def test_people_of_several_writers_are_created_once(seen: list[int], empty: str) -> None:
    assert numbers(empty, "SELECT count(*) FROM people") == [6]


def test_ordinals_of_several_writers_leave_no_gap(seen: list[int], empty: str) -> None:
    assert numbers(empty, "SELECT ordinal FROM items ORDER BY ordinal") == list(range(WRITERS + 1))


def test_erasures_of_several_writers_are_counted_through(seen: list[int], empty: str) -> None:
    assert numbers(empty, "SELECT epoch FROM erasures ORDER BY epoch") == list(range(1, WRITERS + 1))


async def test_person_erased_by_another_process_is_a_stranger_again(database: Database, writer: Writer) -> None:
    ours, theirs = await log_of(database, writer), await log_of(database, writer)
    await ours.append([play("a")])
    assert (await theirs.forget("ann")).user == 0
    assert (await ours.append([play("b")])).events.user.tolist() == [1]


async def test_forgetting_whom_another_process_erased_drops_them_here(database: Database, writer: Writer) -> None:
    ours, theirs = await log_of(database, writer), await log_of(database, writer)
    await ours.append([play("a")])
    await theirs.forget("ann")
    assert (await ours.forget("ann")).user == 0 and ours.people.ordinal("ann") == -1


async def test_people_and_items_of_another_process_are_met(database: Database, writer: Writer) -> None:
    ours, theirs = await log_of(database, writer), await log_of(database, writer)
    await theirs.catalogue.put([Item("brazil")])
    await theirs.append([play("a")])
    assert (await ours.append([play("a")])).duplicates == 1 and ours.people.ordinal("ann") == 0
    assert await ours.catalogue.put([Item("casablanca")]) == (1, 0)
    assert ours.catalogue.ids == ["alien", "brazil", "casablanca"]


def play(event_id: str) -> Event:
    return Event(event_id, "ann", "alien", EventKind.PLAY, time=1)


class Process(EventLog):
    """A log with caches of its own, as another process would have."""

    def __init__(self, database: Database, catalogue: Catalogue, writer: Writer) -> None:
        self.people = People(database, "t")
        self.catalogue = catalogue
        super().__init__(database, writer, catalogue, self.people, "t")


async def log_of(database: Database, writer: Writer) -> Process:
    catalogue = Catalogue(database, writer, "t")
    await catalogue.put([Item("alien")])
    return Process(database, catalogue, writer)
