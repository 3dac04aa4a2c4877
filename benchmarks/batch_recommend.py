"""BatchRecommend for thousands of people in one call: people a second, and the server's CPU for each of them.

Once with an engine that answers always the same, which leaves the server's own work, and once with item-knn on a synthetic
log; each plain, with a filter, and with diversity. The client's decoding is not counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import grpc
import numpy as np
from overhead import IDENTITY
from side_by_side import footlight_server, table

import footlight
from footlight.v1 import recommendation_pb2 as pb

METHOD = "/footlight.v1.RecommendationService/BatchRecommend"
GENRES = 18
OPTIONS = [("grpc.max_receive_message_length", 64 << 20)]


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000, help="in one call")
    parser.add_argument("--items", type=int, default=4_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), options)
    print(json.dumps(figures, indent=2) if options.json else table(figures))


def _measure(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "identity.py").write_text(
        IDENTITY.replace("1_000", str(options.items)).replace("1_000.0", "1e6")
    )
    figures: dict[str, float] = {}
    with footlight_server(folder, "--plugins-dir", str(folder / "plugins")) as server:
        _prepare(server.address, options)
        people = [f"u{n}" for n in range(options.people)]
        late = pb.ItemFilter(where=[pb.AttributePredicate(name="year", range=pb.NumberRange(min=1960))])
        with grpc.insecure_channel(server.address, OPTIONS) as channel:
            for engine in ("identity", "item-knn"):
                plain = pb.BatchRecommendRequest(user_ids=people, deployment=engine, count=10)
                asked = {"plain": plain, "diverse": pb.BatchRecommendRequest(diversity=0.3)}
                if engine == "item-knn":
                    asked["filtered"] = pb.BatchRecommendRequest(filter=late)
                for name, more in asked.items():
                    request = pb.BatchRecommendRequest()
                    request.CopyFrom(plain)
                    request.MergeFrom(more) if more is not plain else None
                    measured = _called(channel, server.pid, request, options.rounds)
                    figures |= {f"{engine}_{name}_{figure}": value for figure, value in measured.items()}
    return figures


def _prepare(address: str, options: argparse.Namespace) -> None:
    """Items with years and genres, and people who met some of them; popularity falls off as people's does."""
    rng = np.random.default_rng(0)
    with footlight.Client(address, timeout=600) as client:
        years, genres = rng.integers(1950, 2000, options.items), rng.integers(GENRES, size=options.items)
        client.put_items(
            footlight.Item(f"i{n}", kind="film", tags=(f"g{genres[n]}",), attributes={"year": int(years[n])})
            for n in range(options.items)
        )
        users = rng.integers(options.people, size=options.events)
        items = np.minimum(rng.zipf(1.3, size=options.events) - 1, options.items - 1)
        pairs = sorted(set(zip(users.tolist(), items.tolist(), strict=True)))
        client.record_events(
            footlight.Event(f"u{u}", f"i{i}", footlight.EventKind.PLAY, event_id=f"{u}-{i}") for u, i in pairs
        )
        client.train("item-knn")


def _called(channel: grpc.Channel, pid: int, request: pb.BatchRecommendRequest, rounds: int) -> dict[str, float]:
    serialise = pb.BatchRecommendRequest.SerializeToString
    call: grpc.UnaryUnaryMultiCallable[pb.BatchRecommendRequest, bytes]
    call = channel.unary_unary(METHOD, request_serializer=serialise)
    call(request, timeout=600)
    rates, cpu = [], []
    for _ in range(rounds):
        started, spent = time.perf_counter(), _cpu_seconds(pid)
        call(request, timeout=600)
        rates.append(len(request.user_ids) / (time.perf_counter() - started))
        cpu.append(1e6 * (_cpu_seconds(pid) - spent) / len(request.user_ids))
    return {"people_per_second": median(rates), "cpu_us_per_person": median(cpu)}


def _cpu_seconds(pid: int) -> float:
    """What the process has used so far, on all its threads."""
    import os

    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
