"""Events a second that RecordEvents acknowledges, in batches, on SQLite and on PostgreSQL.

A real server in a process of its own. Event ids ascend, as the Python client makes them (UUIDs of version 7), or are random
(--ids random), each of which touches another page of the index of ids. Requests are serialised before the clock
starts, so that the client has next to nothing to do. PostgreSQL is a cluster of the benchmark's own with its settings
as they come (fsync on), unless --database names another.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc

import footlight
from footlight._wire.ids import new_id
from footlight.v1 import catalog_pb2 as pb

RECORD = "/footlight.v1.CatalogService/RecordEvents"
ITEMS = 5_000
PEOPLE = 20_000
STORES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Load:
    """What is sent in one round."""

    batch: int
    batches: int
    calls: int
    """How many calls are under way at a time."""
    random_ids: bool = False


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--durability", nargs="+", choices=("normal", "full"), default=["normal"])
    parser.add_argument("--batch", type=int, default=1_000, help="events in a batch")
    parser.add_argument("--batches", type=int, default=100, help="batches in a round")
    parser.add_argument("--calls", type=int, default=4, help="calls under way at a time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ids", nargs="+", choices=("ascending", "random"), default=["ascending", "random"])
    parser.add_argument("--database", help="URL of a PostgreSQL database to write into; it must be empty")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load = Load(options.batch, options.batches, options.calls)
    measured = []
    for store in options.stores:
        for durability, ids in itertools.product(options.durability, options.ids):
            with _database(store, options.database) as url:
                figures = _measure(url, durability, replace(load, random_ids=ids == "random"), options.rounds)
            measured.append({"store": store, "durability": durability, "ids": ids} | figures)
    print(json.dumps(measured, indent=2) if options.json else _table(measured, load))


@contextmanager
def _database(store: str, url: str | None) -> Iterator[str]:
    """The URL for the server: empty for SQLite in its data directory."""
    if store == "sqlite" or url:
        yield url or "" if store == "postgresql" else ""
        return
    clusters = _clusters()
    if (programs := clusters.binaries()) is None:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql, or name one by --database")
    cluster = clusters.Cluster(programs, settings=())
    try:
        yield cluster.url(cluster.create())
    finally:
        cluster.remove()


def _clusters() -> ModuleType:
    """The module that the tests start their cluster with; they are no package that could be imported."""
    path = Path(__file__).parents[1] / "tests" / "postgresql.py"
    spec = importlib.util.spec_from_file_location("clusters", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _measure(url: str, durability: str, load: Load, rounds: int) -> dict[str, Any]:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder), url, durability) as (address, pid):
        with footlight.Client(address) as client:
            client.put_items([footlight.Item(f"item-{i}", f"Item {i}") for i in range(ITEMS)])
        _send(address, _requests(replace(load, batches=10), rng), load.calls)
        rates, cpu = [], []
        for _ in range(rounds):
            requests = _requests(load, rng)
            before, started = _cpu_seconds(pid), time.perf_counter()
            _send(address, requests, load.calls)
            seconds = time.perf_counter() - started
            rates.append(load.batch * load.batches / seconds)
            cpu.append((_cpu_seconds(pid) - before) / (load.batch * load.batches) * 1e6)
    return {
        "events_per_second": [round(rate) for rate in rates],
        "best": round(max(rates)),
        "median": round(statistics.median(rates)),
        "server_cpu_us_per_event": round(statistics.median(cpu), 1),
    }


@contextmanager
def _server(folder: Path, url: str, durability: str) -> Iterator[tuple[str, int]]:
    ready = folder / "ready"
    command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", str(folder), "--listen", "127.0.0.1:0"]
    command += ["--durability", durability, "--ready-file", str(ready), "--database", url]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            while not ready.exists():
                if process.poll() is not None:
                    sys.exit(f"the server did not start:\n{(folder / 'log').read_text()}")
                time.sleep(0.02)
            yield ready.read_text().strip(), process.pid
        finally:
            process.terminate()


def _requests(load: Load, rng: random.Random) -> list[bytes]:
    return [
        pb.RecordEventsRequest(events=[_event(rng, load.random_ids) for _ in range(load.batch)]).SerializeToString()
        for _ in range(load.batches)
    ]


def _event(rng: random.Random, random_id: bool) -> pb.Event:
    event = pb.Event(
        event_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)) if random_id else new_id(),
        user_id=f"person-{rng.randrange(PEOPLE)}",
        item_id=f"item-{int(ITEMS * rng.random() ** 2)}",
        kind=pb.EVENT_KIND_RATING,
        value=rng.randint(1, 10) / 2,
    )
    event.event_time.FromMicroseconds(1_700_000_000_000_000 + rng.randrange(10**13))
    return event


def _send(address: str, requests: list[bytes], calls: int) -> None:
    """Send everything, so many at a time; each must be acknowledged."""
    with grpc.insecure_channel(address) as channel:
        record: Any = channel.unary_unary(RECORD)
        under_way: deque[Any] = deque()
        for request in requests:
            if len(under_way) == calls:
                under_way.popleft().result()
            under_way.append(record.future(request, timeout=60))
        for call in under_way:
            call.result()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _table(measured: list[dict[str, Any]], load: Load) -> str:
    lines = [
        f"{load.calls} calls at a time, {load.batch:,} events each, {load.batches} a round",
        f"{'store':<12}{'durability':<12}{'ids':<11}{'best/s':>10}{'median/s':>10}{'CPU us':>8}  rounds",
    ]
    for row in measured:
        rounds = " ".join(f"{rate:,}" for rate in row["events_per_second"])
        name = f"{row['store']:<12}{row['durability']:<12}{row['ids']:<11}"
        lines.append(f"{name}{row['best']:>10,}{row['median']:>10,}{row['server_cpu_us_per_event']:>8}  {rounds}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
