"""Act over gRPC beside an echo that does nothing: round trips on a stream, and server CPU of durable decisions.

One caller plays a session on `Interact`; the bare echo is a bidirectional stream on the same kind of server that answers
each message with a prepared one of the same size. Sixteen callers make decisions by `Act`, each durable before it is
answered; the unary echo answers the same bytes. All four are measured in turn, and the medians of ratios are told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from side_by_side import footlight_server, table

import footlight
from footlight.v1 import interaction_pb2 as pb
from footlight.v1.interaction_pb2_grpc import InteractionServiceStub

CALLERS = 16
STREAM = "/footlight.benchmark.Echo/Stream"
CALL = "/footlight.benchmark.Echo/Call"


def main() -> None:
    """Measure everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, footlight_server(Path(name)) as server:
        with footlight.Client(server.address) as client:
            client.create_agent("bench", 16, 4, deployment="q-learning", seed=1)
        ready = Path(name) / "echo-ready"
        echo = subprocess.Popen([sys.executable, __file__, "--echo", str(ready)])
        try:
            while not ready.exists():
                time.sleep(0.01)
            found = asyncio.run(_measure((server.address, server.pid), (ready.read_text(), echo.pid), options))
        finally:
            echo.terminate()
            echo.wait()
    print(json.dumps(found) if options.json else table(found))


async def _measure(ours: tuple[str, int], echo: tuple[str, int], options: argparse.Namespace) -> dict[str, float]:
    rows: dict[str, list[float]] = {}
    async with grpc.aio.insecure_channel(ours[0]) as one, grpc.aio.insecure_channel(echo[0]) as other:
        for turn in range(options.rounds):
            found = {
                "interact_round_trips": await _stream(_interact(one), options.seconds),
                "echo_round_trips": await _stream(_echoed(other), options.seconds),
            }
            found["interact_ratio"] = found["interact_round_trips"] / found["echo_round_trips"]
            act, act_cpu = await _calls(_act(one, turn), ours[1], options.seconds)
            bare, bare_cpu = await _calls(_bare(other), echo[1], options.seconds)
            found |= {"act_calls": act, "act_cpu_us": act_cpu, "echo_calls": bare, "echo_cpu_us": bare_cpu}
            found["act_added_cpu_us"] = act_cpu - bare_cpu
            for name, value in found.items():
                rows.setdefault(name, []).append(value)
    return {name: round(statistics.median(values), 3) for name, values in rows.items()}


def _request(session: str, step: int) -> pb.ActRequest:
    outcome = pb.Outcome(reward=0.5) if step else None
    value = pb.Value(discrete=step % 16)
    return pb.ActRequest(agent_id="bench", session_id=session, observation=value, outcome=outcome)


def _interact(channel: grpc.aio.Channel) -> Any:
    return InteractionServiceStub(channel).Interact()


def _echoed(channel: grpc.aio.Channel) -> Any:
    return channel.stream_stream(
        STREAM,
        request_serializer=pb.InteractRequest.SerializeToString,
        response_deserializer=pb.InteractResponse.FromString,
    )()


async def _stream(call: Any, seconds: float) -> float:
    """Round trips a second of one caller."""
    session, step, started = f"stream-{time.time_ns()}", 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        await call.write(pb.InteractRequest(act=_request(session, step)))
        await call.read()
        step += 1
    await call.done_writing()
    return step / (time.perf_counter() - started)


Call = Callable[[int, int], Awaitable[Any]]


def _act(channel: grpc.aio.Channel, turn: int) -> Call:
    stub = InteractionServiceStub(channel)
    return lambda caller, step: stub.Act(_request(f"act-{turn}-{caller}", step))


def _bare(channel: grpc.aio.Channel) -> Call:
    call = channel.unary_unary(
        CALL, request_serializer=pb.ActRequest.SerializeToString, response_deserializer=pb.ActResponse.FromString
    )
    return lambda caller, step: call(_request(f"act-0-{caller}", step))


async def _calls(call: Call, pid: int, seconds: float) -> tuple[float, float]:
    """Calls a second of sixteen callers, and microseconds of the server's CPU a call."""
    done, before, started = [0] * CALLERS, _cpu_seconds(pid), time.perf_counter()

    async def caller(number: int) -> None:
        while time.perf_counter() - started < seconds:
            await call(number, done[number])
            done[number] += 1

    await asyncio.gather(*map(caller, range(CALLERS)))
    total = sum(done)
    return total / (time.perf_counter() - started), 1e6 * (_cpu_seconds(pid) - before) / total


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _serve_echo(ready: Path) -> None:
    """Answers every message with a prepared one, of the size that a decision has."""
    act = pb.ActResponse(
        decision_id="a-0-123456",
        action=pb.Value(discrete=1),
        propensity=0.25,
        distribution=[0.25] * 4,
        learned_steps=123_456,
        seed=1 << 60,
        step=77,
        explanation=pb.Explanation(reason=pb.DECISION_REASON_GREEDY, expected=0.5, best_expected=0.5),
        model_version=123_456,
        mode=pb.AGENT_MODE_ONLINE,
    )
    streamed = pb.InteractResponse(act=act)

    async def stream(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for _ in requests:
            yield streamed

    async def call(request: Any, context: Any) -> Any:
        return act

    handlers: dict[str, Any] = {
        "Stream": grpc.stream_stream_rpc_method_handler(
            stream, pb.InteractRequest.FromString, pb.InteractResponse.SerializeToString
        ),
        "Call": grpc.unary_unary_rpc_method_handler(call, pb.ActRequest.FromString, pb.ActResponse.SerializeToString),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("footlight.benchmark.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready.write_text(f"127.0.0.1:{port}")  # noqa: ASYNC240
    await server.wait_for_termination()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        asyncio.run(_serve_echo(Path(sys.argv[2])))
    else:
        main()
