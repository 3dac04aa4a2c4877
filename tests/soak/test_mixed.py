"""A million mixed calls leave memory, threads and open files as they were. FOOTLIGHT_SOAK_CALLS makes it fewer."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.soak import mixture, process

from footlight import Event, EventKind, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

CALLS = int(os.environ.get("FOOTLIGHT_SOAK_CALLS", "1000000"))
STEPS = 20
MOST_BYTES_A_CALL = 8.0
"""The slope of the memory over the second half of the calls, the database's pages left out. Every second event and every
step of an agent is remembered somewhere; what a call itself needs is gone when it ends."""


def measured(server: Server) -> tuple[int, int, int]:
    """Bytes of memory besides the database's pages, threads, open files."""
    pid = server.process.pid
    pages = sum(file.stat().st_size for file in server.data_dir.glob("footlight.db*"))
    return process.resident(pid) - min(pages, 32 * process.MIB), process.threads(pid), process.descriptors(pid)


@pytest.mark.soak(7_200)
def test_a_million_mixed_calls_leave_nothing_behind(server_factory: Start) -> None:
    options = ("--metrics-listen", "127.0.0.1:0", "--checkpoint-events", "0")
    server = server_factory(*options)
    client = server.client
    client.put_items([Item(f"i{number}", kind="film") for number in range(mixture.ITEMS)])
    client.record_events(
        [
            Event(f"u{n % mixture.PEOPLE}", f"i{n * 7 % mixture.ITEMS}", EventKind.PLAY, event_id=f"f{n}")
            for n in range(3_000)
        ]
    )
    client.train("item-knn", {"k": 30})
    client.create_agent(mixture.AGENT, 16, 4, seed=1)
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
