"""Recommend over gRPC beside an empty echo of the same size; freshness, start-up and memory. Needs h2load and MovieLens.

The load comes from h2load (Debian: nghttp2-client), which costs a fraction of the server: a Python client would take
the server's cores and measure itself. Both servers are measured in turn, several times, and the medians compared:
once with plain items and once with two reasons for each ("explained"). h2load sends one body, so all calls of a measurement
are for one person; this is kinder to the caches than a crowd.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import footlight
from footlight.tables import read_events, read_items
from footlight.v1 import recommendation_pb2 as pb

CALLERS = 16
ECHO = "/footlight.benchmark.Echo/Call"
RECOMMEND = "/footlight.v1.RecommendationService/Recommend"


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--echo", nargs=2, metavar=("ANSWER", "READY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.echo:
        asyncio.run(_echo(Path(options.echo[0]).read_bytes(), Path(options.echo[1])))
        return
    if shutil.which("h2load") is None:
        sys.exit("h2load is not installed: apt-get install nghttp2-client")
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), options.seconds, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else _table(figures))


def _measure(folder: Path, seconds: float, rounds: int) -> dict[str, float]:
    with _footlight(folder) as (address, _):
        users = _prepare(address)
    started = time.perf_counter()
    with _footlight(folder) as (address, process):
        ready = time.perf_counter() - started
        figures = {"ready_seconds": ready, "resident_mb": _resident_mb(process.pid)}
        for name, reasons in (("", 0), ("explained_", 2)):
            request = pb.RecommendRequest(user_id=users[0], deployment="item-knn", count=10, reason_count=reasons)
            measured = _throughput(folder, address, process, request, (seconds, rounds))
            figures |= {f"{name}{figure}": value for figure, value in measured.items()}
        figures |= _freshness(address, users)
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


@contextmanager
def _footlight(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    ready = folder / "ready"
    command = [sys.executable, "-m", "footlight.cli", "serve", "--listen", "127.0.0.1:0", "--ready-file", str(ready)]
    with _process([*command, "--data-dir", str(folder / "data")], ready) as started:
        yield started


@contextmanager
def _process(command: list[str], ready: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready.exists():
            time.sleep(0.005)
        yield ready.read_text().strip(), process
    finally:
        process.terminate()
        process.wait()


async def _echo(answer: bytes, ready: Path) -> None:
    """An empty handler on the same kind of server: it parses the request and serialises a prepared answer."""
    import grpc

    response = pb.RecommendResponse.FromString(answer)

    async def call(request: pb.RecommendRequest, context: object) -> pb.RecommendResponse:
        return response

    handler = grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=pb.RecommendRequest.FromString,
        response_serializer=pb.RecommendResponse.SerializeToString,
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("footlight.benchmark.Echo", {"Call": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready.write_text(f"127.0.0.1:{port}")  # noqa: ASYNC240  # once, before anything is measured
    await server.wait_for_termination()


def _throughput(
    folder: Path, address: str, process: subprocess.Popen[bytes], request: pb.RecommendRequest, load: tuple[float, int]
) -> dict[str, float]:
    """Calls per second and server CPU per call of both servers, in turn. Every call is for the same person."""
    answer = _one_answer(address, request)
    (folder / "answer").write_bytes(answer)
    command = [sys.executable, __file__, "--echo", str(folder / "answer"), str(folder / "echo-ready")]
    body = folder / "body"
    rows: dict[str, list[tuple[float, float]]] = {"recommend": [], "echo": []}
    with _process(command, folder / "echo-ready") as (echo_address, echo):
        for _ in range(load[1]):
            for name, url, pid in (
                ("recommend", f"http://{address}{RECOMMEND}", process.pid),
                ("echo", f"http://{echo_address}{ECHO}", echo.pid),
            ):
                rows[name].append(_load(url, _framed(request, body), pid, (load[0], len(answer))))
    medians = {name: [statistics.median(column) for column in zip(*r, strict=True)] for name, r in rows.items()}
    return {
        "response_bytes": len(answer),
        "recommend_calls_per_second": medians["recommend"][0],
        "echo_calls_per_second": medians["echo"][0],
        "ratio": statistics.median(r[0] / e[0] for r, e in zip(rows["recommend"], rows["echo"], strict=True)),
        "recommend_cpu_us_per_call": medians["recommend"][1],
        "echo_cpu_us_per_call": medians["echo"][1],
    }


def _one_answer(address: str, request: pb.RecommendRequest) -> bytes:
    import grpc

    from footlight.v1.recommendation_pb2_grpc import RecommendationServiceStub

    with grpc.insecure_channel(address) as channel:
        return RecommendationServiceStub(channel).Recommend(request).SerializeToString()


def _framed(request: pb.RecommendRequest, path: Path) -> Path:
    body = request.SerializeToString()
    path.write_bytes(struct.pack(">BI", 0, len(body)) + body)
    return path


def _load(url: str, body: Path, pid: int, load: tuple[float, int]) -> tuple[float, float]:
    """Calls per second, and microseconds of the server's CPU a call; checks that every answer had its bytes."""
    seconds, size = load
    before = _cpu_seconds(pid)
    command = ["h2load", "-c4", "-m4", f"-D{seconds:.0f}", "--warm-up-time=1", "-t1", "-d", str(body)]
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    output = subprocess.run([*command, *headers, url], capture_output=True, text=True, check=True).stdout
    calls = float(re.search(r"finished in [\d.]+s, ([\d.]+) req/s", output)[1])  # type: ignore[index]
    done = int(re.search(r"status codes: (\d+) 2xx", output)[1])  # type: ignore[index]
    data = re.search(r"\((\d+)\) data", output)
    received = int(data[1]) if data else 0
    if received < 0.95 * done * size:
        sys.exit(f"{url} answered {received} bytes in {done} calls of {size}: some of them were errors")
    # The warm-up second counts in the CPU and not in the calls.
    return calls, 1e6 * (_cpu_seconds(pid) - before) / (calls * (seconds + 1))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def _table(figures: dict[str, float]) -> str:
    return "\n".join(f"{name:32} {value:12,.2f}" for name, value in figures.items())


if __name__ == "__main__":
    main()
