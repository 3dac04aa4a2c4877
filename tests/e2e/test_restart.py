"""A client notices nothing of a restart but the time that it takes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import catalogue

from footlight import Client, Event, EventKind, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

CALLERS = 8


def record_until(rest: threading.Event, client: Client, name: str) -> int:
    """Record one event after the other; answers how many. Whatever is raised is a failure of the test."""
    for number in count():
        if rest.is_set():
            return number
        client.record_events([Event(name, "a00", EventKind.PLAY, event_id=f"{name}-{number}")])
    raise AssertionError


def restarted(start: Start, server: Server) -> Server:
    port = server.port
    assert server.stop() == 0
    return start(port=port)


def test_calls_that_fall_into_a_restart_are_answered_by_the_next_server(server_factory: Start) -> None:
    server, rest = server_factory(), threading.Event()
    server.client.put_items(catalogue())
    # Longer than the default of 5 s: a start takes one to two seconds, but many times that while other tests run.
    with Client(server.address, retry_seconds=30, timeout=60) as client, ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(record_until, rest, client, f"caller-{n}") for n in range(CALLERS)]
        try:
            again = restarted(server_factory, server)
            client.recommend("caller-0")
        finally:
            rest.set()
        recorded = sum(caller.result() for caller in callers)
    assert recorded > 0 and again.client.recommend("caller-0").log_position == recorded


def test_a_client_that_is_told_not_to_retry_does_not(server_factory: Start) -> None:
    server = server_factory()
    server.stop()
    with Client(server.address, retry_seconds=0) as client, pytest.raises(Unavailable):
        client.recommend("somebody")


@pytest.mark.parametrize("seconds", [-1, float("nan"), 1_000])
def test_the_seconds_of_retries_are_checked(seconds: float) -> None:
    with pytest.raises(ValueError, match="retry_seconds"):
        Client(retry_seconds=seconds)
