"""A hundred thousand calls leave memory, threads and open files as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.soak import load, process
from tests.soak.serving import only, stock

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

CALLS = 100_000
MOST_GROWTH = 4 * process.MIB
"""Of the memory in the second half of the calls; 50,000 calls that each left 100 bytes behind would take more.

What the database's file has grown by is left out: SQLite keeps up to 32 MB of its pages in memory, and each answer is
recorded.
"""


def measured(server: Server) -> tuple[int, int, int]:
    """Bytes of memory besides the database's pages, threads, open files."""
    pid = server.process.pid
    pages = sum(file.stat().st_size for file in server.data_dir.glob("footlight.db*"))
    return process.resident(pid) - pages, process.threads(pid), process.descriptors(pid)


@pytest.mark.soak(400)
def test_a_hundred_thousand_calls_leave_nothing_behind(server_factory: Start) -> None:
    server = server_factory(*only())
    stock(server.client, load.CALLER)
    server.client.train("tally")
    seen, calls = [measured(server)], 0
    while calls < CALLS:
        outcome = load.offer(server.address, [(0.0, 10.0)], deployment="tally")
        assert set(outcome.codes) == {"OK"}
        calls += len(outcome.calls)
        seen.append(measured(server))
    table = [f"{memory / process.MIB:.1f} MiB {threads} {files}" for memory, threads, files in seen]
    print(f"{calls} calls: {table}")  # noqa: T201  # the figures of docs/reliability.md
    half = len(seen) // 2
    assert seen[-1][0] - seen[half][0] <= MOST_GROWTH, table
    assert seen[-1][1] <= seen[half][1] + 1 and seen[-1][2] <= seen[half][2] + 1, table
