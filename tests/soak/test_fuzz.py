"""More than a hundred thousand wrong inputs: no crash, no INTERNAL, no UNKNOWN, no hang, memory flat."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import catalogue, hills, history
from tests.e2e.test_never_internal import NAMES, PATHS
from tests.soak import fuzzing, process, raw_bytes

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

WARM_UP = 5_000
ROUNDS, CALLS, CONNECTIONS = 10, 9_000, 1_500
SLOWEST_SECONDS = 1.0
MOST_GROWTH = 16 * process.MIB
"""Of the memory in the second half. Strange requests make agents and deployments as well, which are meant to stay."""


def measured(server: Server) -> tuple[int, int]:
    """Bytes of memory besides the database's pages, and open files."""
    pages = sum(file.stat().st_size for file in server.data_dir.glob("footlight.db*"))
    return process.resident(server.process.pid) - pages, process.descriptors(server.process.pid)


@pytest.mark.soak(3_000)
def test_a_hundred_thousand_wrong_inputs(server_factory: Start) -> None:
    server = server_factory("--engine-seconds", "300")
    client = server.client
    client.put_items(catalogue())
    client.record_events(history())
    client.train("item-knn", {"k": 30})
    client.create_agent("robot", 4, 2, seed=1)
    names = (*NAMES, client.upload_corpus("hills", hills()).corpus_id)
    requests, noise = fuzzing.Requests(7, names), raw_bytes.Noise(7, PATHS)
    findings = fuzzing.fuzz(server.address, requests, WARM_UP)  # loads what is loaded when it is first asked
    findings.slowest = (0.0, "")
    seen, started = [measured(server)], time.monotonic()
    for _ in range(ROUNDS):
        more = fuzzing.fuzz(server.address, requests, CALLS)
        findings.codes += more.codes
        findings.wrong += more.wrong
        findings.slowest = max(findings.slowest, more.slowest)
        raw_bytes.throw_all(server.port, noise, CONNECTIONS)
        seen.append(measured(server))
    inputs = findings.codes.total() + ROUNDS * CONNECTIONS
    table = [f"{memory / process.MIB:.1f} MiB {files}" for memory, files in seen]
    print(f"{inputs:,} inputs in {time.monotonic() - started:.0f} s: {findings}; {table}")  # noqa: T201
    assert findings.wrong == [], findings.wrong[:5]
    assert server.process.poll() is None and list(client.engines())
    assert findings.slowest[0] <= SLOWEST_SECONDS, str(findings)
    assert seen[-1][0] - seen[len(seen) // 2][0] <= MOST_GROWTH, table
