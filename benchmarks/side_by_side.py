"""Calls to a server in turn with calls to an empty echo of the same size, by h2load. A part of other benchmarks.

The load comes from h2load (Debian: nghttp2-client), which costs a fraction of the server: a Python client would take
the server's cores and measure itself. Both servers are measured in turn, several times, and the medians compared.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import uvloop

from footlight.v1 import recommendation_pb2 as pb
from footlight.v1.recommendation_pb2_grpc import RecommendationServiceStub

CALLERS = (4, 4)
"""Connections, and calls under way in each."""
ECHO = "/footlight.benchmark.Echo/Call"
RECOMMEND = "/footlight.v1.RecommendationService/Recommend"


@dataclass(frozen=True)
class Server:
    """Where it answers, and its process."""

    address: str
    pid: int
    headers: tuple[str, ...] = ()
    """What goes with each call, beside what gRPC asks for."""


@dataclass(frozen=True)
class Load:
    """How long a round takes, and how many there are."""

    seconds: float
    rounds: int


def check_tools() -> None:
    """End with what to do where h2load is not there."""
    if shutil.which("h2load") is None:
        sys.exit("h2load is not installed: apt-get install nghttp2-client")


@contextmanager
def footlight_server(folder: Path, *options: str, start: tuple[str, ...] = ("-m", "footlight.cli")) -> Iterator[Server]:
    """A server over ``folder/data``, until the end of the block. ``start`` is what Python runs."""
    ready = folder / "ready"
    command = [sys.executable, *start, "serve", "--listen", "127.0.0.1:0", "--ready-file", str(ready)]
    with _process([*command, "--data-dir", str(folder / "data"), *options], ready) as started:
        yield started


@contextmanager
def _process(command: list[str], ready: Path) -> Iterator[Server]:
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready.exists():
            if process.poll() is not None:
                sys.exit(f"{' '.join(command)} ended at once with {process.returncode}")
            time.sleep(0.005)
        yield Server(ready.read_text().split()[0], process.pid)
    finally:
        process.terminate()
        process.wait()


def compare(folder: Path, server: Server, request: pb.RecommendRequest, load: Load) -> dict[str, float]:
    """Calls per second and server CPU per call of all three servers, in turn. Every call is the same one.

    The echo runs twice: on the event loop that the server has (uvloop), and bare, on that of the standard library.
    """
    answer = _one_answer(server.address, request)
    (folder / "answer").write_bytes(answer)
    body = framed(request, folder / "body")
    with _echo_server(folder, "uvloop") as echo, _echo_server(folder, "asyncio") as bare:
        targets = {"recommend": (server, RECOMMEND), "echo": (echo, ECHO), "bare_echo": (bare, ECHO)}
        rounds = [
            {name: run_round(*target, body, (load.seconds, len(answer))) for name, target in targets.items()}
            for _ in range(load.rounds)
        ]
    figures: dict[str, float] = {"response_bytes": len(answer)}
    for name in targets:
        figures[f"{name}_calls_per_second"] = statistics.median(one[name][0] for one in rounds)
        figures[f"{name}_cpu_us_per_call"] = statistics.median(one[name][1] for one in rounds)
    for name, echo_name in (("ratio", "echo"), ("bare_ratio", "bare_echo")):
        figures[name] = statistics.median(one["recommend"][0] / one[echo_name][0] for one in rounds)
    return figures


@contextmanager
def _echo_server(folder: Path, loop: str) -> Iterator[Server]:
    ready = folder / f"{loop}-ready"
    with _process([sys.executable, __file__, str(folder / "answer"), str(ready), loop], ready) as started:
        yield started


def _one_answer(address: str, request: pb.RecommendRequest) -> bytes:
    with grpc.insecure_channel(address) as channel:
        return RecommendationServiceStub(channel).Recommend(request).SerializeToString()


def framed(request: pb.RecommendRequest, path: Path) -> Path:
    body = request.SerializeToString()
    path.write_bytes(struct.pack(">BI", 0, len(body)) + body)
    return path


def run_round(target: Server, path: str, body: Path, load: tuple[float, int]) -> tuple[float, float]:
    """Calls per second, and microseconds of the server's CPU a call; checks that every answer had its bytes."""
    seconds, size = load
    before = _cpu_seconds(target.pid)
    command = [
        "h2load",
        f"-c{CALLERS[0]}",
        f"-m{CALLERS[1]}",
        f"-D{seconds:.0f}",
        "--warm-up-time=1",
        "-t1",
        "-d",
        str(body),
    ]
    sent = ("content-type: application/grpc", "te: trailers", *target.headers)
    headers = [word for header in sent for word in ("-H", header)]
    url = f"http://{target.address}{path}"
    output = subprocess.run([*command, *headers, url], capture_output=True, text=True, check=True).stdout
    calls = float(re.search(r"finished in [\d.]+s, ([\d.]+) req/s", output)[1])  # type: ignore[index]
    done = int(re.search(r"status codes: (\d+) 2xx", output)[1])  # type: ignore[index]
    data = re.search(r"\((\d+)\) data", output)
    received = int(data[1]) if data else 0
    if received < 0.95 * done * size:
        sys.exit(f"{url} answered {received} bytes in {done} calls of {size}: some of them were errors")
    # The warm-up second counts in the CPU and not in the calls.
    return calls, 1e6 * (_cpu_seconds(target.pid) - before) / (calls * (seconds + 1))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(figures: dict[str, float]) -> str:
    """One figure a line."""
    return "\n".join(f"{name:32} {value:12,.2f}" for name, value in figures.items())


async def _echo(answer: Path, ready: Path) -> None:
    """An empty handler on the same kind of server: it parses the request and serialises a prepared answer."""
    response = pb.RecommendResponse.FromString(answer.read_bytes())  # noqa: ASYNC240  # once, before anything is measured

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
    ready.write_text(f"127.0.0.1:{port}")  # noqa: ASYNC240
    await server.wait_for_termination()


if __name__ == "__main__":
    run = uvloop.run if sys.argv[3] == "uvloop" else asyncio.run
    run(_echo(Path(sys.argv[1]), Path(sys.argv[2])))
