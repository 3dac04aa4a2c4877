"""What was acknowledged survives the death of the server; what was not is there whole or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from footlight import Client, Event, EventKind, FootlightError, Item, RecordedEvents

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

BATCH = 50


def batch(number: int) -> list[Event]:
    """Fifty plays of a person of its own."""
    return [Event(f"u{number}", f"a{i % 20:02}", EventKind.PLAY, event_id=f"{number}-{i}") for i in range(BATCH)]


class Importer(threading.Thread):
    """Records one batch after the other until the server dies."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.acknowledged: list[int] = []
        self.sent = 0

    def run(self) -> None:
        with Client(self.address, timeout=5.0) as client:
            while True:
                self.sent += 1
                try:
                    client.record_events(batch(self.sent))
                except FootlightError:
                    return
                self.acknowledged.append(self.sent)


@pytest.fixture
def killed(server_factory: Start, films: list[Item]) -> Iterator[tuple[Importer, Server]]:
    """An import that was cut short by SIGKILL, and the server that took over its data."""
    server = server_factory()
    server.client.put_items(films)
    importer = Importer(server.address)
    importer.start()
    while len(importer.acknowledged) < 20:
        time.sleep(0.01)
    server.kill()
    importer.join()
    yield importer, server_factory()


def resent(client: Client, numbers: range) -> list[RecordedEvents]:
    return [client.record_events(batch(number)) for number in numbers]


def test_sigkill_in_mid_import_loses_and_doubles_nothing(killed: tuple[Importer, Server]) -> None:
    importer, server = killed
    answers = resent(server.client, range(1, importer.sent + 1))
    assert [a.duplicates for a in answers[: len(importer.acknowledged)]] == [BATCH] * len(importer.acknowledged)
    assert {(a.recorded, a.duplicates) for a in answers} <= {(BATCH, 0), (0, BATCH)}  # a batch is whole or absent
    assert answers[-1].log_position == BATCH * importer.sent


def test_the_recommenders_take_up_the_log_after_sigkill(killed: tuple[Importer, Server]) -> None:
    importer, server = killed
    answer = server.client.recommend(f"u{importer.acknowledged[-1]}", deployment="user-knn", include_seen=True)
    assert answer.log_position >= BATCH * len(importer.acknowledged) and not answer.fallback
