"""Load on a server, from a process of its own: ``python load.py ADDRESS DEPLOYMENT CALLERS RATE:SECONDS ...``.

Calls start at their times whether or not those before were answered (an open loop), one phase after the other, and a
call's time counts from when it should have started: neither a slow server nor a late generator can hide in it. At rate
0 so many callers each wait for their answer (a closed loop), which finds the capacity. The answer is one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, NamedTuple

import grpc

from footlight.v1 import recommendation_pb2 as pb

METHOD = "/footlight.v1.RecommendationService/Recommend"
CHANNELS = 8
DEADLINE_SECONDS = 20.0
CALLER = "regular"
"""The person that is asked for; who is known to the log, so that the engine answers and not the fallback."""

Phases = Sequence[tuple[float, float]]
"""Each a rate in calls a second and a length in seconds."""


class Sent(NamedTuple):
    """One call."""

    due: float
    """When it should have started, in seconds after the begin."""
    seconds: float
    """From then to its end."""
    code: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the calls, in the order in which they were due."""

    calls: list[Sent]
    latest: float
    """By how many seconds the generator itself was late at most."""

    def between(self, start: float, end: float) -> Outcome:
        """The calls that were due then."""
        return Outcome([call for call in self.calls if start <= call.due < end], self.latest)

    @property
    def codes(self) -> Counter[str]:
        return Counter(call.code for call in self.calls)

    def goodput(self, start: float, end: float) -> float:
        """Answers a second between two moments, whenever their calls were due."""
        return sum(c.code == "OK" and start <= c.due + c.seconds < end for c in self.calls) / (end - start)

    def quantile(self, q: float) -> float:
        """So many seconds or less took a share ``q`` of the calls that were answered."""
        ranked = sorted(call.seconds for call in self.calls if call.code == "OK")
        return ranked[min(len(ranked) - 1, int(q * len(ranked)))]


def begin(address: str, phases: Phases, callers: int = 16, deployment: str = "steady") -> subprocess.Popen[str]:
    """Start a generator."""
    plan = [f"{rate}:{seconds}" for rate, seconds in phases]
    command = [sys.executable, __file__, address, deployment, str(callers), *plan]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> Outcome:
    """What a generator found."""
    out, _ = process.communicate()
    found = json.loads(out)
    return Outcome([Sent(*call) for call in found["calls"]], found["latest"])


def offer(address: str, phases: Phases, callers: int = 16, deployment: str = "steady") -> Outcome:
    """Run a generator and wait for its end."""
    return finish(begin(address, phases, callers, deployment))


class Generator:
    """Sends prepared requests and writes down what became of them."""

    def __init__(self, address: str, deployment: str) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        self._channels = [grpc.aio.insecure_channel(address, options) for _ in range(CHANNELS)]
        self._calls: cycle[Any] = cycle([channel.unary_unary(METHOD) for channel in self._channels])
        self._request = pb.RecommendRequest(user_id=CALLER, count=5, deployment=deployment).SerializeToString()
        self._sent: list[Sent] = []
        self._begin = 0.0
        self._latest = 0.0

    async def run(self, phases: Phases, callers: int) -> Outcome:
        """Offer load phase by phase, then wait for what is still on its way."""
        for channel in self._channels:
            await channel.channel_ready()
        self._begin = time.perf_counter()
        start = 0.0
        calls: set[asyncio.Task[None]] = set()
        for rate, seconds in phases:
            if rate:
                await self._open_loop(calls, start, rate, seconds)
            else:
                await asyncio.gather(*(self._caller(start + seconds) for _ in range(callers)))
            start += seconds
        await asyncio.gather(*calls)
        for channel in self._channels:
            await channel.close()
        return Outcome(sorted(self._sent), self._latest)

    async def _open_loop(self, calls: set[asyncio.Task[None]], start: float, rate: float, seconds: float) -> None:
        for number in range(int(rate * seconds)):
            due = start + number / rate
            if (early := due - self._now()) > 0:
                await asyncio.sleep(early)
            elif number % 32 == 0:
                await asyncio.sleep(0)  # late: let the answers in all the same
            self._latest = max(self._latest, self._now() - due)
            task = asyncio.create_task(self._call(due))
            calls.add(task)
            task.add_done_callback(calls.discard)

    async def _caller(self, end: float) -> None:
        while (now := self._now()) < end:
            await self._call(now)

    async def _call(self, due: float) -> None:
        code = "OK"
        try:
            await next(self._calls)(self._request, timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as refusal:
            code = refusal.code().name
        self._sent.append(Sent(due, self._now() - due, code))

    def _now(self) -> float:
        return time.perf_counter() - self._begin


async def generate(address: str, deployment: str, phases: Phases, callers: int) -> Outcome:
    """Run a generator in this process."""
    return await Generator(address, deployment).run(phases, callers)


def main(address: str, deployment: str, callers: str, *phases: str) -> None:
    """Run as the command line says."""
    plan = [(float(rate), float(seconds)) for rate, _, seconds in (phase.partition(":") for phase in phases)]
    outcome = asyncio.run(generate(address, deployment, plan, int(callers)))
    sys.stdout.write(json.dumps({"calls": outcome.calls, "latest": outcome.latest}))


if __name__ == "__main__":
    main(*sys.argv[1:])
