"""A PostgreSQL that goes away and comes back: clear errors meanwhile, nothing lost, nothing twice, no restart."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.postgresql import PORT, Cluster, another_cluster

from footlight_plugins import EventKind
from footlight_server.errors import Unavailable
from footlight_server.log import Database, Event, EventLog, People, Writer


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster that these tests may stop."""
    with another_cluster() as own:
        yield own


@pytest.fixture(scope="session")
def store() -> str:
    return "postgresql"


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    name = cluster.fresh()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def away(cluster: Cluster, events: EventLog) -> Iterator[Callable[[], None]]:
    """The cluster is stopped; call this to start it again."""
    cluster.stop()
    yield cluster.start
    if not cluster.is_running:
        cluster.start()


def plays(*event_ids: str, user: str = "ann") -> list[Event]:
    return [Event(event_id, user, "alien", EventKind.PLAY, time=1) for event_id in event_ids]


async def test_append_while_the_database_is_away_is_unavailable(events: EventLog, away: Callable[[], None]) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match="database is not available: nothing was written"):
            await events.append(plays("a"))


async def test_read_while_the_database_is_away_is_unavailable(events: EventLog, away: Callable[[], None]) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match="database is not available: it cannot be read"):
            await asyncio.to_thread(events.read)


async def test_service_resumes_when_the_database_is_back(events: EventLog, away: Callable[[], None]) -> None:
    with pytest.raises(Unavailable):
        await events.append(plays("a"))
    away()
    assert (await events.append(plays("a", "b"))).recorded == 2
    assert len(events.read()) == 2


async def test_readers_resume_when_the_database_is_back(events: EventLog, cluster: Cluster) -> None:
    await events.append(plays("a"))
    assert len(events.read()) == 1
    cluster.stop()
    cluster.start()
    assert len(events.read()) == 1


async def test_every_waiting_work_is_told_at_once(events: EventLog, away: Callable[[], None]) -> None:
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*(events.append(plays(str(i))) for i in range(500)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}


def insert_people(connection: Connection, ordinals: Sequence[int]) -> None:
    for ordinal in ordinals:
        connection.execute(text("INSERT INTO people VALUES ('t', :o, :u)"), {"o": ordinal, "u": f"user {ordinal}"})


async def test_background_records_wait_for_the_database(
    writer: Writer, database: Database, away: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    for ordinal in range(5):
        writer.later(insert_people, ordinal)
    await asyncio.sleep(1.0)
    away()
    await writer.close()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM people WHERE tenant = 't'")).scalar() == 5
    assert "background records wait" in caplog.text


# Connections that break during a commit.


class Wire:
    """Passes bytes between clients and PostgreSQL; breaks the connection at the next commit when told to."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self._server = str(cluster.folder / f".s.PGSQL.{PORT}")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{PORT}"))
        self._listener.listen()
        self.break_before = self.break_after = False
        """Whether the next COMMIT is not passed on, or its answer is not."""
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._start(self._there, client, server)
                self._start(self._back, server, client)

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        with client, suppress(OSError):
            while data := client.recv(65_536):
                if self.break_before and b"COMMIT" in data:
                    self.break_before = False
                    break
                self._committing = b"COMMIT" in data
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with server, suppress(OSError):
            while data := server.recv(65_536):
                if self.break_after and self._committing:
                    self.break_after = False
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(cluster: Cluster, tmp_path: Path) -> Iterator[Wire]:
    made = Wire(tmp_path, cluster)
    yield made
    made.close()


@pytest.fixture
async def wired(wire: Wire, url: str, cluster: Cluster, tmp_path: Path, events: EventLog) -> AsyncIterator[EventLog]:
    """A log whose connections go over the wire."""
    database = Database.open(url.replace(str(cluster.folder), str(tmp_path)))
    writer = Writer(database)
    yield EventLog(database, writer, events._catalogue, People(database, "default"), "default")
    await writer.close()
    database.close()


@pytest.mark.parametrize(("committed", "recorded"), [(True, 0), (False, 2)])
async def test_repeat_after_a_lost_commit_writes_each_event_once(
    wire: Wire, wired: EventLog, committed: bool, recorded: int
) -> None:
    wire.break_after, wire.break_before = committed, not committed
    with pytest.raises(Unavailable, match="it may have been written; repeat it"):
        await wired.append(plays("a", "b"))
    again = await wired.append(plays("a", "b"))
    assert (again.recorded, again.position, wired.position, len(wired.read())) == (recorded, 2, 2, 2)


async def test_person_of_a_lost_commit_is_known_after_the_repeat(wire: Wire, wired: EventLog) -> None:
    wire.break_after = True
    with pytest.raises(Unavailable):
        await wired.append(plays("a"))
    await wired.append(plays("a"))
    assert (await wired.append(plays("b"))).events.user.tolist() == [0] and wired._people.ordinal("ann") == 0


async def test_repeat_of_a_lost_erasure_names_the_person(wire: Wire, wired: EventLog) -> None:
    await wired.append(plays("a"))
    wire.break_after = True
    with pytest.raises(Unavailable):
        await wired.forget("ann")
    assert (await wired.forget("ann")).user == 0 and wired._people.ordinal("ann") == -1


async def test_background_records_of_a_lost_commit_are_there_once(
    wire: Wire, wired: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    wire.break_after = True
    for ordinal in range(5):
        wired._writer.later(insert_people, ordinal)
    await asyncio.sleep(1.5)
    count = partial(Connection.scalar, statement=text("SELECT count(*) FROM people WHERE tenant = 't'"))
    assert await wired._writer.submit(count) == 5
    assert "could not be written" not in caplog.text
