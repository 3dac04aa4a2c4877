"""From an event to a changed answer over gRPC, at the size of a large set, while other people's events arrive.

A server in a process of its own gets a synthetic log through RecordEvents, and trains item-knn on it. Then another process
sends people's and items of the log, drawn apart from each other, at a steady rate; meanwhile one event at a time
is recorded and its person asked for, again where the answer has not seen the event. ``--folder`` keeps the server's data,
and finds them again: to record 20 million events takes minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections import deque
from contextlib import nullcontext
from multiprocessing.synchronize import Event as Flag
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from shapes import SHAPES, draw
from side_by_side import Server, footlight_server, table

import footlight
from footlight._wire.ids import new_id
from footlight.v1 import catalog_pb2 as pb

RECORD = "/footlight.v1.CatalogService/RecordEvents"
AT_ONCE = 5_000
"""Events in a call while the log is filled; four calls are under way at a time."""
MOST_UNDER_WAY = 32
"""The others wait for their answers where so many are due; then fewer events arrive than were to, which is told."""
WARM_UP = 50
"""So many events at first are not counted."""


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=tuple(SHAPES), default="ml20m-shape")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--events", type=int, default=1_000, help="how many are measured")
    parser.add_argument("--rate", type=float, default=500.0, help="events of others a second")
    parser.add_argument("--together", type=int, default=1, help="so many of them in a call")
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two measured events")
    parser.add_argument("--folder", type=Path, help="keep the server's data there")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() if chosen.folder is None else nullcontext(chosen.folder) as folder:
        if not (Path(folder) / "filled").exists():
            _fill(Path(folder), chosen)
        with footlight_server(Path(folder)) as server:
            figures = _measure(server, chosen)
    print(json.dumps(figures, indent=2) if chosen.json else table(figures))


def _fill(folder: Path, chosen: argparse.Namespace) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    user, item, value = draw(SHAPES[chosen.data], chosen.seed)
    order = np.random.default_rng(0).permutation(len(user))  # a log is in no order of people
    with footlight_server(folder) as server, footlight.Client(server.address, timeout=3_600) as client:
        client.put_items(footlight.Item(f"i{n}") for n in range(int(item.max()) + 1))
        with grpc.insecure_channel(server.address) as channel:
            record: Any = channel.unary_unary(RECORD)
            under_way: deque[Any] = deque()
            for start in range(0, len(user), AT_ONCE):
                rows = order[start : start + AT_ONCE]
                columns = (column[rows].tolist() for column in (user, item, value))
                request = pb.RecordEventsRequest(events=[_event(*row) for row in zip(*columns, strict=True)])
                if len(under_way) == 4:
                    under_way.popleft().result()
                under_way.append(record.future(request.SerializeToString(), timeout=600))
            for call in under_way:
                call.result()
        client.train("item-knn")
    (folder / "filled").touch()


def _event(user: int, item: int, value: float) -> pb.Event:
    return pb.Event(event_id=new_id(), user_id=f"u{user}", item_id=f"i{item}", kind=pb.EVENT_KIND_RATING, value=value)


def _measure(server: Server, chosen: argparse.Namespace) -> dict[str, float]:
    shape, context = SHAPES[chosen.data], multiprocessing.get_context("spawn")
    begun, over = context.Event(), context.Event()
    others = context.Process(target=_send, args=(server.address, chosen, begun, over))
    others.start()
    begun.wait()
    rng, took, recording, asking = np.random.default_rng(1), [], [], []
    with footlight.Client(server.address) as client:
        answer = client.recommend("u0", 10, deployment="item-knn", reasons=0)
        first, started, again = 0, 0.0, 0
        for n in range(-WARM_UP, chosen.events):
            if n == 0:
                first, started = answer.log_position, time.perf_counter()
            user, item = f"u{rng.integers(shape.people)}", f"i{rng.integers(shape.items)}"
            began = time.perf_counter()
            recorded = client.record_events([footlight.Event(user, item, footlight.EventKind.LIKE)])
            noted = time.perf_counter()
            answer = client.recommend(user, 10, deployment="item-knn", reasons=0)
            while answer.log_position < recorded.log_position:  # an answer waits for a tenth of a second at most
                answer = client.recommend(user, 10, deployment="item-knn", reasons=0)
                again += 1
            ended = time.perf_counter()
            if n >= 0:
                took.append(ended - began)
                recording.append(noted - began)
                asking.append(ended - noted)
            time.sleep(chosen.pause)
        seconds = time.perf_counter() - started
        last = answer.log_position
    over.set()
    others.join()
    figures = {"events_per_second": (last - first) / seconds, "asked_again": float(again)}
    for name, times in (("event_to_answer", took), ("record", recording), ("recommend", asking)):
        for quantile in (50, 90, 99, 100):
            figures[f"{name}_ms_p{quantile}"] = float(np.percentile(times, quantile)) * 1e3
    return figures


def _send(address: str, chosen: argparse.Namespace, begun: Flag, over: Flag) -> None:
    """Record so many events a second until it is over. People and items are as likely as in the log."""
    user, item, _ = draw(SHAPES[chosen.data], chosen.seed)
    rng = np.random.default_rng(3)
    with grpc.insecure_channel(address) as channel:
        record: Any = channel.unary_unary(RECORD)
        under_way: deque[Any] = deque()
        begun.set()
        started, sent = time.perf_counter(), 0
        while not over.is_set():
            while sent < chosen.rate * (time.perf_counter() - started) and len(under_way) < MOST_UNDER_WAY:
                people, items = (column[rng.integers(len(column), size=chosen.together)] for column in (user, item))
                pairs = zip(people.tolist(), items.tolist(), strict=True)
                events = [_event(who, what, 4.0) for who, what in pairs]
                under_way.append(record.future(pb.RecordEventsRequest(events=events).SerializeToString()))
                sent += chosen.together
            while under_way and under_way[0].done():
                under_way.popleft().result()
            time.sleep(0.001)


if __name__ == "__main__":
    main()
