"""Kill a server again and again while customers write, and let them look each time what is left."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.soak.customers import RECENT, Customer, Importer, Player, Trainer
from tests.soak.serving import only, stock

from footlight import Cancelled, Client, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

MOMENTS = ("serving", "serving", "serving", "serving", "starting", "stopping")


@dataclass(slots=True)
class Report:
    """What was done."""

    kills: Counter[str] = field(default_factory=Counter)
    """By what the server was doing."""
    operations: Counter[str] = field(default_factory=Counter)
    """That were acknowledged, by who did them."""
    unsure: int = 0
    """Operations that were on their way when the server died."""
    twins: int = 0
    """Models of trainings that were run again because their server died before it heard of the first."""
    slowest_start: float = 0.0

    def __str__(self) -> str:
        return (
            f"{sum(self.kills.values())} kills {dict(self.kills)}, {sum(self.operations.values())} operations "
            f"{dict(self.operations)}, {self.unsure} on their way, {self.twins} twins, "
            f"slowest start {self.slowest_start:.1f} s"
        )


class Worker(threading.Thread):
    """Lets a customer go on until the server is gone."""

    def __init__(self, customer: Customer, address: str) -> None:
        super().__init__(daemon=True)
        self._customer = customer
        self._address = address
        self.wrong: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with Client(self._address, timeout=10.0, retry_seconds=0) as client:
                while True:
                    self._customer.go_on(client)
        except (Unavailable, Cancelled):  # gRPC's server says the second to calls that reach it while it shuts down
            pass  # the server is gone
        except Exception as wrong:
            self.wrong = wrong


def survive(start: Start, kills: int, seed: int) -> Report:
    """Kill the server so often; after each time, and once more at the end, everything acknowledged is there once."""
    rng, report = random.Random(seed), Report()
    server = start(*only("act"))
    customers = _customers(server.client)
    for _ in range(kills):
        moment = rng.choice(MOMENTS)
        report.kills[moment] += 1
        server = _killed(start, server, customers, rng, moment, report)
        _check(server, customers, RECENT)
    server.stop()
    server = start(*only("act"))
    _check(server, customers, 1_000_000)
    report.twins = sum(customer.twins for customer in customers if isinstance(customer, Trainer))
    report.operations.update({customer.name: customer.done for customer in customers})
    return report


def _customers(client: Client) -> list[Customer]:
    stock(client, "somebody")
    customers = [Importer("importer-1"), Importer("importer-2"), Player("player-1"), Player("player-2")]
    for customer in customers[2:]:
        client.create_agent(customer.name, 4, 3, seed=1)
    trainer = Trainer("tally")
    trainer.go_on(client)  # from now on it follows the log
    return [*customers, trainer]


def _killed(
    start: Start, server: Server, customers: list[Customer], rng: random.Random, moment: str, report: Report
) -> Server:
    """Let the customers write, kill the server, and start it again."""
    workers = [Worker(customer, server.address) for customer in customers]
    time.sleep(rng.uniform(0.02, 0.7))
    if moment == "stopping":
        server.process.send_signal(signal.SIGTERM)
        time.sleep(rng.uniform(0.0, 0.15))
    server.kill()
    if moment == "starting":
        _kill_early(server, rng.uniform(0.1, 1.2))
    began = time.monotonic()
    again = start(*only("act"))
    report.slowest_start = max(report.slowest_start, time.monotonic() - began)
    for worker in workers:
        worker.join()
        if worker.wrong is not None:
            raise worker.wrong
    report.unsure += sum(customer.tried for customer in customers)
    return again


def _kill_early(server: Server, seconds: float) -> None:
    """Start the server and kill it before, or just after, it answers."""
    with server.log_path.open("ab") as log:
        process = server.begin(server.words, log)
    time.sleep(seconds)
    process.kill()
    process.wait()


def _check(server: Server, customers: list[Customer], last: int) -> None:
    for customer in customers:
        if customer.tried:
            customer.go_on(server.client)
        customer.check(server.client, last)
