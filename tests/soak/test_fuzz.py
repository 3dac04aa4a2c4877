"""More than a hundred thousand wrong inputs: no crash, no INTERNAL, no UNKNOWN, no hang, memory flat."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import catalogue, hills, history
from tests.e2e.every_rpc import AGENT, CASES, ITEM, KNN, PERSON, TALK, make_things
from tests.e2e.test_never_internal import NAMES, PATHS
from tests.soak import fuzzing, process, raw_bytes
from tests.soak.drawing import Requests, Sound

from footlight import FootlightError

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

WARM_UP = 5_000
ROUNDS, CALLS, CONNECTIONS = 30, 9_000, 1_500
SLOWEST_SECONDS = 1.0
MOST_UNAVAILABLE = 0.001
MOST_GROWTH = 16 * process.MIB
"""Of the memory in the second half, when calls of all sizes have left as many holes in it as they do: what is in use is the
same after 50,000 inputs and after 250,000. Strange requests make agents and deployments, too, which are meant to stay."""


def measured(server: Server) -> tuple[int, int]:
    """Bytes of memory, and open files."""
    return process.resident(server.process.pid), process.descriptors(server.process.pid)


def furnish(server: Server) -> tuple[tuple[str, ...], Sound]:
    """Give the server what requests can be about; its names, and the sound requests."""
    client = server.client
    client.put_items(catalogue())
    client.record_events(history())
    client.train("item-knn", {"k": 30})
    client.create_agent("robot", 4, 2, seed=1)
    things = make_things(client, hills())
    for deployment in client.deployments():
        with suppress(FootlightError):  # some cannot; what sleeps wakes
            client.predict_ratings("a-01", ["a00"], deployment=deployment.name)
    ids = (things.ranking, things.decision, things.asset, things.corpus, things.training)
    requests = {rpc: case.request(things) for rpc, case in CASES.items()}
    sound = {rpc: request if isinstance(request, list) else [request] for rpc, request in requests.items()}
    return (*NAMES, AGENT, ITEM, KNN, PERSON, TALK, *ids), sound


@pytest.mark.soak(3_000)
def test_a_hundred_thousand_wrong_inputs(server_factory: Start) -> None:
    server = server_factory("--engine-seconds", "300")
    names, sound = furnish(server)
    requests, noise = Requests(7, names, sound), raw_bytes.Noise(7, PATHS)
    warm = fuzzing.fuzz(server.address, requests, WARM_UP)  # loads what is loaded when it is first asked
    findings, seen, started = fuzzing.Findings(), [measured(server)], time.monotonic()
    for _ in range(ROUNDS):
        findings.join(fuzzing.fuzz(server.address, requests, CALLS))
        raw_bytes.throw_all(server.port, noise, CONNECTIONS)
        seen.append(measured(server))
    total = fuzzing.Findings()
    total.join(warm)
    total.join(findings)
    table = [f"{memory / process.MIB:.1f} MiB {files}" for memory, files in seen]
    inputs, seconds = total.codes.total() + ROUNDS * CONNECTIONS, time.monotonic() - started
    print(f"{inputs:,} inputs in {seconds:.0f} s: {findings}; warm: {warm}; {table}")  # noqa: T201
    assert total.wrong == [], total.wrong[:5]
    assert [method.name for method in fuzzing.methods() if not total.answered[method.name]] == []
    assert total.codes["UNAVAILABLE"] <= total.codes.total() * MOST_UNAVAILABLE
    assert server.process.poll() is None and list(server.client.engines())
    assert findings.slowest[0] <= SLOWEST_SECONDS, str(findings)
    assert seen[-1][0] - seen[len(seen) // 2][0] <= MOST_GROWTH, table
