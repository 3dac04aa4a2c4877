"""Stop a server by SIGTERM again and again while it is called, and start it on the same port.

A call has *failed* when
- its status is neither OK nor UNAVAILABLE (nor CANCELLED, see below), or
- it was refused, or not answered at all, although its work had been done (the same ids sent again are duplicates), or
- it was a stream that had begun and did not come to its end, or
- sent again it does not succeed on the server that comes after.

A call that comes after the door was closed is UNAVAILABLE, and the caller sends it again: that is no failure. Nor is
CANCELLED, if nothing was done: gRPC's own server says so to what arrives before the caller has heard of its shutdown.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from tests.soak.customers import RECENT, Customer, Importer, Player
from tests.soak.serving import only, stock

from footlight import Cancelled, Client, Unavailable
from footlight.v1 import generation_pb2, generation_pb2_grpc
from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

ASSETS = 3
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Report:
    """What was done."""

    stops: int = 0
    calls: int = 0
    """That were answered."""
    refused: Counter[str] = field(default_factory=Counter)
    """Operations that had to be sent again, by who sent them."""
    codes: Counter[str] = field(default_factory=Counter)
    """Of refused calls that were sent without the client's own retries."""
    failed: Counter[str] = field(default_factory=Counter)
    slowest_stop: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.stops} stops, {self.calls} calls answered, {sum(self.refused.values())} refused and sent again "
            f"{dict(self.refused)}, codes {dict(self.codes)}, failed {dict(self.failed)}, "
            f"slowest stop {self.slowest_stop:.2f} s"
        )


class Bare(Customer):
    """Calls without the client's own retries."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(name)
        self.codes: Counter[str] = Counter()
        """Of the calls that were refused."""
        self.channel = grpc.insecure_channel(
            address, [("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 200)]
        )

    def operate(self, client: Client, again: bool) -> None:
        try:
            self.call()
        except grpc.RpcError as error:
            code = error.code()
            self.codes[code.name] += 1
            if code not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise
            raise Unavailable(str(error)) from error

    def call(self) -> None:
        """Make one call."""

    def check(self, client: Client, last: int) -> None:
        """It has nothing to compare."""


class Asker(Bare):
    """Asks for recommendations of an engine that takes 5 ms."""

    def call(self) -> None:
        request = pb.RecommendRequest(user_id="somebody", deployment="steady")
        stubs.RecommendationServiceStub(self.channel).Recommend(request, timeout=PATIENCE_SECONDS)


class Maker(Bare):
    """Has assets made, each in 50 ms."""

    cut = 0
    """Streams that began and did not come to their end."""

    def call(self) -> None:
        request = generation_pb2.GenerateRequest(deployment="watchful", count=ASSETS)
        begun = False
        try:
            for _ in generation_pb2_grpc.GenerationServiceStub(self.channel).Generate(
                request, timeout=PATIENCE_SECONDS
            ):
                begun = True
        except grpc.RpcError:
            self.cut += begun
            raise


class Worker(threading.Thread):
    """Lets a customer go on through the stops, sending again what was refused."""

    def __init__(self, customer: Customer, address: str) -> None:
        super().__init__(daemon=True)
        self.customer = customer
        self.refused = 0
        self.cancelled = 0
        """Refused with CANCELLED: gRPC's server does that to what arrives before the caller has heard of its shutdown."""
        self.wrong: Exception | None = None
        self._address = address
        self._last = threading.Event()
        self.start()

    def run(self) -> None:
        refused_since = 0.0
        with Client(self._address, timeout=PATIENCE_SECONDS, retry_seconds=0) as client:
            while not (self._last.is_set() and not self.customer.tried):
                try:
                    self.customer.go_on(client)
                    refused_since = 0.0
                except (Unavailable, Cancelled) as refusal:
                    self.refused += 1
                    self.cancelled += isinstance(refusal, Cancelled)
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() - refused_since > PATIENCE_SECONDS:
                        self.wrong = refusal
                        return
                    time.sleep(0.05)
                except Exception as wrong:
                    self.wrong = wrong
                    return

    def end(self) -> None:
        """Let the operation that is on its way come to its end."""
        self._last.set()
        self.join()


def stop_and_start(start: Start, stops: int, seed: int) -> Report:
    """Stop and start the server so often under load."""
    rng, report = random.Random(seed), Report()
    server = start(*only("act"))
    customers = _customers(server)
    workers = [Worker(customer, server.address) for customer in customers]
    for _ in range(stops):
        _go_on(workers)
        time.sleep(rng.uniform(0.0, 0.4))
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait() == 0, server.log
        report.slowest_stop = max(report.slowest_stop, time.monotonic() - began)
        report.stops += 1
        server = start(*only("act"), port=server.port)
    _go_on(workers)
    for worker in workers:
        worker.end()
    _finish(report, server, workers)
    return report


def _customers(server: Server) -> list[Customer]:
    stock(server.client, "somebody")
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("watchful", {"steps": 10}, corpus_id=corpus.corpus_id)
    server.client.train("tally")
    players = [Player("player-1"), Player("player-2")]
    for player in players:
        server.client.create_agent(player.name, 4, 3, seed=1)
    importers = [Importer(f"importer-{n}") for n in range(2)]
    return [*importers, *players, *(Asker(f"asker-{n}", server.address) for n in range(2)), Maker("m", server.address)]


def _go_on(workers: list[Worker]) -> None:
    """Wait until every worker has been answered by the server that runs now."""
    before = [worker.customer.done for worker in workers]
    for worker, done in zip(workers, before, strict=True):
        while worker.customer.done == done:
            if worker.wrong is not None:
                raise worker.wrong
            time.sleep(0.005)


def _finish(report: Report, server: Server, workers: list[Worker]) -> None:
    for worker in workers:
        customer = worker.customer
        if worker.wrong is not None:
            raise worker.wrong
        customer.check(server.client, RECENT)
        report.calls += customer.done
        report.refused[type(customer).__name__] += worker.refused
        report.codes["CANCELLED"] += worker.cancelled
        report.failed["unheard"] += customer.unheard
        if isinstance(customer, Bare):
            report.codes += customer.codes
            customer.channel.close()
        if isinstance(customer, Maker):
            report.failed["cut"] += customer.cut
