"""Recommend over gRPC beside an empty echo of the same size; freshness, start-up and memory. Needs h2load and MovieLens.

Recommend is measured once with plain items and once with two reasons for each ("explained"). h2load sends one body, so
all calls of a measurement are for one person; this is kinder to the caches than a crowd.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from side_by_side import Load, check_tools, compare, footlight_server, table

import footlight
from footlight.tables import read_events, read_items
from footlight.v1 import recommendation_pb2 as pb


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    check_tools()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), Load(options.seconds, options.rounds))
    print(json.dumps(figures, indent=2) if options.json else table(figures))


def _measure(folder: Path, load: Load) -> dict[str, float]:
    with footlight_server(folder) as server:
        users = _prepare(server.address)
    started = time.perf_counter()
    with footlight_server(folder) as server:
        ready = time.perf_counter() - started
        figures = {"ready_seconds": ready, "resident_mb": _resident_mb(server.pid)}
        for name, reasons in (("", 0), ("explained_", 2)):
            request = pb.RecommendRequest(user_id=users[0], deployment="item-knn", count=10, reason_count=reasons)
            measured = compare(folder, server, request, load)
            figures |= {f"{name}{figure}": value for figure, value in measured.items()}
        figures |= _freshness(server.address, users)
    return figures


def _prepare(address: str) -> list[str]:
    """MovieLens latest-small through the API, item-knn trained. Answers some people of middling histories."""
    from footlight_server.demo.movielens import write_tables

    with tempfile.TemporaryDirectory() as folder, footlight.Client(address) as client:
        movies, ratings = write_tables(Path(folder))
        items, _ = read_items(movies, skip_bad_lines=True)
        events, _ = read_events(ratings, skip_bad_lines=True)
        client.put_items(items)
        client.record_events(events)
        client.train("item-knn")
    histories: dict[str, int] = {}
    for event in events:
        histories[event.user_id] = histories.get(event.user_id, 0) + 1
    return sorted(histories, key=lambda user: abs(histories[user] - 150))[:50]


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


def _freshness(address: str, users: list[str]) -> dict[str, float]:
    """Milliseconds from sending an event to holding the answer that has seen it, one event at a time."""
    times = []
    with footlight.Client(address) as client:
        items = [item.item_id for item in client.items()]
        for number in range(1_000):
            user, item = users[number % len(users)], items[number * 7 % len(items)]
            started = time.perf_counter()
            recorded = client.record_events([footlight.Event(user, item, footlight.EventKind.LIKE)])
            answer = client.recommend(user, 10, deployment="item-knn", reasons=0)
            times.append(1000 * (time.perf_counter() - started))
            if answer.log_position < recorded.log_position:
                sys.exit("an answer had not seen the event")
    times.sort()
    return {"fresh_ms_p50": times[500], "fresh_ms_p99": times[990]}


if __name__ == "__main__":
    main()
