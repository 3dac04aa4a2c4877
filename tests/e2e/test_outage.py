"""The database goes away under a running server and comes back: PostgreSQL is stopped, SQLite's disk is full."""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.postgresql import Cluster, another_cluster

from footlight import Client, Event, EventKind, FootlightError, Item, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit on another process's files is Linux's")

BATCH = 20
AWAY_SECONDS = 1.5


class FullDisk:
    """No file of the server may grow beyond what it wrote long ago: every write fails as on a full disk."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def begin(self) -> None:
        self._limit(1)

    def end(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class StoppedCluster:
    """PostgreSQL is stopped."""

    def __init__(self, server: Server, cluster: Cluster) -> None:
        self.server = server
        self.begin, self.end = cluster.stop, cluster.start


@pytest.fixture
def trouble(
    store: str, server_factory: Start, tmp_path: Path, films: list[Item]
) -> Iterator[FullDisk | StoppedCluster]:
    """A server with a catalogue whose database can be taken away."""
    if store == "sqlite":
        server = server_factory()
        server.client.put_items(films)
        yield FullDisk(server)
        return
    with another_cluster() as cluster:
        server = server_factory("--database", cluster.url(cluster.create()))
        server.client.put_items(films)
        yield StoppedCluster(server, cluster)
        server.kill()


def batch(number: int) -> list[Event]:
    return [Event(f"u{number}", f"a{i:02}", EventKind.PLAY, event_id=f"{number}-{i}") for i in range(BATCH)]


def test_writes_are_refused_clearly_and_soon(trouble: FullDisk | StoppedCluster) -> None:
    trouble.begin()
    client = Client(trouble.server.address, timeout=10.0)  # a few seconds, because it tries four times
    with client, pytest.raises(Unavailable, match="database is not available: nothing was written"):
        client.record_events(batch(1))
    trouble.end()


def test_service_resumes_without_a_restart(trouble: FullDisk | StoppedCluster) -> None:
    client = trouble.server.client
    client.record_events(batch(1))
    trouble.begin()
    with pytest.raises(Unavailable):
        client.record_events(batch(2))
    trouble.end()
    assert client.record_events(batch(2)).recorded == BATCH
    wait(lambda: client.recommend("u2", deployment="user-knn").log_position == 2 * BATCH)
    assert client.get_item("a01").title == "action 1"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_reads_are_refused_while_postgresql_is_away(trouble: StoppedCluster) -> None:
    trouble.begin()
    with pytest.raises(Unavailable, match="database is not available: it cannot be read"):
        trouble.server.client.get_item("a01")
    trouble.end()


class Importer(threading.Thread):
    """Records one batch after the other, each until it is acknowledged."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.refusals: list[FootlightError] = []
        self.acknowledged = 0
        self.last = 1_000_000

    def run(self) -> None:
        with Client(self.address, timeout=20.0) as client:
            while self.acknowledged < self.last:
                try:
                    client.record_events(batch(self.acknowledged))
                except Unavailable as refusal:
                    self.refusals.append(refusal)
                else:
                    self.acknowledged += 1


@contextmanager
def importing(address: str) -> Iterator[Importer]:
    """An importer at work inside the block, and at its end with its last batch acknowledged."""
    importer = Importer(address)
    importer.start()
    try:
        yield importer
    finally:
        importer.last = 0
        importer.join(30.0)


def test_import_through_an_outage_loses_and_doubles_nothing(trouble: FullDisk | StoppedCluster) -> None:
    with importing(trouble.server.address) as importer:
        wait(lambda: importer.acknowledged >= 10)
        trouble.begin()
        time.sleep(AWAY_SECONDS)
        trouble.end()
        before = importer.acknowledged
        wait(lambda: importer.acknowledged >= before + 10)
    again = [trouble.server.client.record_events(batch(number)) for number in range(importer.acknowledged)]
    assert {(one.recorded, one.duplicates) for one in again} == {(0, BATCH)}
    assert again[-1].log_position == BATCH * importer.acknowledged


def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
