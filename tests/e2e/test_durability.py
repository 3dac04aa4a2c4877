"""What was acknowledged survives the death of the server; what was not is there whole or not at all."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from footlight import Client, Event, EventKind, FootlightError, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

BATCH = 50


def batch(number: int) -> list[Event]:
    """Fifty plays of a person of its own."""
    return [Event(f"u{number}", f"a{i % 20:02}", EventKind.PLAY, event_id=f"{number}-{i}") for i in range(BATCH)]


class Importer(threading.Thread):
    """Records one batch after the other until the server dies."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
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


def test_sigkill_in_mid_import_loses_and_doubles_nothing(server_factory: Start, films: list[Item]) -> None:
    server = server_factory()
    server.client.put_items(films)
    importer = Importer(server.address)
    importer.start()
    while len(importer.acknowledged) < 20:
        time.sleep(0.01)
    server.kill()
    importer.join()
    check_what_is_left(importer, server_factory().client)


def check_what_is_left(importer: Importer, client: Client) -> None:
    """The recommenders have taken up what was acknowledged; sent again, each batch is there whole or not at all."""
    known = len(importer.acknowledged)
    answer = client.recommend(f"u{importer.acknowledged[-1]}", deployment="user-knn")
    assert answer.log_position >= BATCH * known and not answer.fallback
    answers = [client.record_events(batch(number)) for number in range(1, importer.sent + 1)]
    assert [one.duplicates for one in answers[:known]] == [BATCH] * known
    assert {(one.recorded, one.duplicates) for one in answers} <= {(BATCH, 0), (0, BATCH)}
    assert answers[-1].log_position == BATCH * importer.sent
