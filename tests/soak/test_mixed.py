"""A million mixed calls leave memory, threads and open files as they were. FOOTLIGHT_SOAK_CALLS makes it fewer."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.soak import mixture, process

from footlight import Client, Event, EventKind, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

CALLS = int(os.environ.get("FOOTLIGHT_SOAK_CALLS", "1000000"))
STEPS = 20
MOST_BYTES_A_CALL = 8.0
"""The slope of the memory over the second half of the calls. The log grows, in the database; people, items and what is known
of them are as many at the end as at the beginning."""


def measured(server: Server) -> tuple[int, int, int]:
    """Bytes of memory, threads, open files."""
    pid = server.process.pid
    return process.resident(pid), process.threads(pid), process.descriptors(pid)


def furnish(client: Client) -> None:
    """Give the server all that the calls are about, and a crowd that needs as many threads and connections as ever."""
    client.put_items([Item(f"i{number}", kind="film") for number in range(mixture.ITEMS)])
    for person in range(mixture.PEOPLE):
        user = f"u{person}"
        client.record_events(
            [Event(user, f"i{item}", EventKind.PLAY, event_id=f"{user}-i{item}") for item in mixture.met(person)]
        )
    client.train("item-knn", {"k": 30})
    client.create_agent(mixture.AGENT, 16, 4, seed=1)
    with ThreadPoolExecutor(32) as crowd:
        list(crowd.map(lambda _: list(client.agents()), range(1_000)))


@pytest.mark.soak(7_200)
def test_a_million_mixed_calls_leave_nothing_behind(server_factory: Start) -> None:
    options = ("--metrics-listen", "127.0.0.1:0", "--checkpoint-events", "0")
    server = server_factory(*options)
    furnish(server.client)
    seen, codes, started = [measured(server)], Counter[str](), time.monotonic()
    for step in range(STEPS):
        codes += mixture.offer(server.address, CALLS // STEPS, step)
        seen.append(measured(server))
    table = [f"{memory / process.MIB:.1f} MiB {threads} {files}" for memory, threads, files in seen]
    half = seen[len(seen) // 2 :]
    slope = np.polyfit(np.arange(len(half)) * (CALLS / STEPS), [memory for memory, _, _ in half], 1)[0]
    seconds = time.monotonic() - started
    print(f"{codes.total():,} calls in {seconds:.0f} s, {dict(codes)}: {slope:.1f} bytes a call; {table}")  # noqa: T201
    assert set(codes) <= {"OK", "NOT_FOUND", "INVALID_ARGUMENT"} and codes["OK"] > CALLS * 0.95, codes
    assert slope <= MOST_BYTES_A_CALL, table
    assert seen[-1][1] <= half[0][1] + 1 and seen[-1][2] <= half[0][2] + 2, table
