"""Callers who leave: at random moments, from calls that wait, that work, or that write."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from tests.soak import process
from tests.soak.serving import only, stock

from footlight.v1 import catalog_pb2, catalog_pb2_grpc, generation_pb2, generation_pb2_grpc
from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

QUEUE = 512
"""How many calls a deployment lets in: the server's own bound."""
AT_ONCE = 12
PERSON = "somebody"
SEEDS = 1_000
"""Call number n makes assets from seed n times this on."""
WARM_UP = 100
"""Cancellations before the threads are counted: pools of threads fill up."""


@dataclass(slots=True)
class Report:
    """What was done."""

    left: Counter[str] = field(default_factory=Counter)
    """Calls that were cancelled in time, by what they were."""
    answered: int = 0
    """Calls that were quicker."""
    overrun: list[float] = field(default_factory=list)
    """Of each cancelled Generate: for how many seconds the engine began further steps."""
    let_in: dict[str, int] = field(default_factory=dict)
    """How many of the calls that came at once were let in afterwards."""
    threads: tuple[int, int] = (0, 0)
    descriptors: tuple[int, int] = (0, 0)

    @property
    def usual_overrun(self) -> float:
        """The median."""
        return sorted(self.overrun)[len(self.overrun) // 2]

    def __str__(self) -> str:
        return (
            f"{self.left.total()} left {dict(self.left)}, {self.answered} were answered before, engine went on for "
            f"{self.usual_overrun * 1e3:.1f} ms (median) {max(self.overrun) * 1e3:.0f} ms (at most), "
            f"let in at once {self.let_in}, threads {self.threads}, descriptors {self.descriptors}"
        )


def leave(start: Start, folder: Path, times: int, seed: int) -> Report:
    """Cancel so many calls, then look what is left of them in the server."""
    server = start(*only(), "--queue-seconds", "1000")  # the number of places is what shows whether one was lost
    stock(server.client, PERSON)
    diary = folder / "diary"
    diary.touch()
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("watchful", {"steps": 40, "diary": str(diary)}, corpus_id=corpus.corpus_id)
    with ThreadPoolExecutor(
        32
    ) as crowd:  # a connection to the database is two files, and is opened when many ask at a time
        list(crowd.map(lambda _: list(server.client.agents()), range(300)))
    report = Report()
    callers = asyncio.run(_leave(server, report, times, random.Random(seed)))
    report.overrun = callers.overrun(diary.read_text())
    return report


async def _leave(server: Server, report: Report, times: int, rng: random.Random) -> Callers:
    pid = server.process.pid
    callers = Callers(server.address, report, rng)
    await callers.go(WARM_UP)
    await asyncio.sleep(0.5)
    before = process.threads(pid), process.descriptors(pid)
    await callers.go(times)
    await asyncio.sleep(0.5)
    report.threads, report.descriptors = zip(before, (process.threads(pid), process.descriptors(pid)), strict=True)
    await callers.check_batches()
    report.let_in = {"steady": await callers.crowd(callers.ask), "watchful": await callers.crowd(callers.make_one)}
    await callers.close()
    return callers


class Callers:
    """Twelve callers at a time, each of whom leaves after a random while."""

    def __init__(self, address: str, report: Report, rng: random.Random) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        self._channels = [grpc.aio.insecure_channel(address, options) for _ in range(4)]
        self._ranking = [stubs.RecommendationServiceStub(channel) for channel in self._channels]
        self._making = [generation_pb2_grpc.GenerationServiceStub(channel) for channel in self._channels]
        self._writing = catalog_pb2_grpc.CatalogServiceStub(self._channels[0])
        self._report = report
        self._rng = rng
        self._number = 0
        self._gone: dict[int, float] = {}
        """When the caller of a Generate left, on the machine's clock, by the call's number."""
        self._batches: list[int] = []

    async def close(self) -> None:
        """Hang up."""
        for channel in self._channels:
            await channel.close()

    async def go(self, times: int) -> None:
        """Cancel so many calls; those that are answered before do not count."""
        last = self._report.left.total() + times
        await asyncio.gather(*(self._caller(last) for _ in range(AT_ONCE)))

    async def _caller(self, last: int) -> None:
        kinds = (self._leave_ranking, self._leave_batch, self._leave_making, self._leave_writing)
        while self._report.left.total() < last:
            self._number += 1
            await self._rng.choices(kinds, (8, 2, 3, 8))[0](self._number)

    async def _leave_ranking(self, number: int) -> None:
        await self._left("Recommend", self._ranking[number % 4].Recommend(_question(), timeout=60.0), 0.05)

    async def _leave_batch(self, number: int) -> None:
        request = pb.BatchRecommendRequest(user_ids=[PERSON] * 20, deployment="steady")
        await self._left("BatchRecommend", self._ranking[number % 4].BatchRecommend(request, timeout=60.0), 0.1)

    async def _leave_writing(self, number: int) -> None:
        self._batches.append(number)
        await self._left("RecordEvents", self._writing.RecordEvents(_batch(number), timeout=60.0), 0.004)

    async def _left(self, what: str, call: Any, longest: float) -> None:
        await asyncio.wait({asyncio.ensure_future(_ended(call))}, timeout=self._rng.uniform(0.0, longest))
        self._count(what, call.cancel())

    async def _leave_making(self, number: int) -> None:
        request = generation_pb2.GenerateRequest(deployment="watchful", count=2, seed=number * SEEDS)
        call = self._making[number % 4].Generate(request, timeout=60.0)
        reading = asyncio.ensure_future(_read_all(call))
        await asyncio.wait({reading}, timeout=self._rng.uniform(0.0, 0.4))
        self._gone[number] = time.monotonic()
        self._count("Generate", call.cancel())
        await reading

    def _count(self, what: str, left: bool) -> None:
        self._report.left[what] += left
        self._report.answered += not left

    def overrun(self, diary: str) -> list[float]:
        """For how long the engine began further steps for each caller who had left."""
        last: dict[int, float] = {}
        for line in diary.splitlines():
            seed, when = line.split()
            last[int(seed) // SEEDS] = float(when)
        return [max(0.0, last[number] - gone) for number, gone in self._gone.items() if number in last]

    async def check_batches(self) -> None:
        """Each batch whose caller left was written whole or not at all."""
        for number in self._batches:
            answer = await self._writing.RecordEvents(_batch(number))
            counts = answer.recorded_count, answer.duplicate_count
            assert counts in ((3, 0), (0, 3)), f"batch {number}: {counts}"

    async def crowd(self, call: Callable[[int], Awaitable[bool]]) -> int:
        """So many of twice as many calls as there are places are let in."""
        return sum(await asyncio.gather(*(call(number) for number in range(2 * QUEUE))))

    async def ask(self, number: int) -> bool:
        """Whether a Recommend is let in."""
        call = self._ranking[number % 4].Recommend(_question(), timeout=60.0)
        await _ended(call)
        return await _let_in(call)

    async def make_one(self, number: int) -> bool:
        """Whether a Generate is let in: the first message says so. The caller leaves once all others have been told."""
        call = self._making[number % 4].Generate(
            generation_pb2.GenerateRequest(deployment="watchful", seed=number), timeout=300.0
        )
        await _ended(call.read())
        if call.done():
            return await _let_in(call)
        await asyncio.sleep(3.0)
        return bool(call.cancel())


def _question() -> pb.RecommendRequest:
    return pb.RecommendRequest(user_id=PERSON, deployment="steady", count=5)


def _batch(number: int) -> catalog_pb2.RecordEventsRequest:
    return catalog_pb2.RecordEventsRequest(
        events=[
            catalog_pb2.Event(
                event_id=f"{number}-{i}", user_id=f"u{number}", item_id=f"i{i:02}", kind=catalog_pb2.EVENT_KIND_PLAY
            )
            for i in range(3)
        ]
    )


async def _let_in(call: Any) -> bool:
    """Whether a call that has ended was answered; otherwise it was refused for want of a place, and nothing else."""
    code = await call.code()
    assert code in (grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED), code
    return bool(code is grpc.StatusCode.OK)


async def _ended(call: Any) -> None:
    with suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
        await call


async def _read_all(call: Any) -> None:
    with suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
        async for _ in call:
            pass
