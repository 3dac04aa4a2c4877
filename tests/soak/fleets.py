"""Kill servers that share a database, one at a time and at random, while customers go from one to the other."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.soak.customers import RECENT, Customer, Importer, Player, Trainer
from tests.soak.serving import only, stock

from footlight import Cancelled, Client, DeadlineExceeded, FootlightError, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

STINT = 15
"""A customer stays with one server for at most so many operations."""
AGREE_SECONDS = 20.0
"""Servers that follow one log agree in milliseconds; so long is waited before they are taken not to."""


@dataclass(slots=True)
class Report:
    """What was done."""

    harm: Counter[str] = field(default_factory=Counter)
    """What was done to a server, by kind."""
    operations: Counter[str] = field(default_factory=Counter)
    """That were acknowledged, by who did them."""
    unsure: int = 0
    """Operations whose answer never came, and that were sent again."""
    unheard: int = 0
    """Those of them that turned out to have been done."""
    twins: int = 0
    slowest: float = 0.0
    """The longest time that a customer was without an answer, in seconds."""

    def __str__(self) -> str:
        return (
            f"{sum(self.harm.values())} times {dict(self.harm)}, {sum(self.operations.values())} operations "
            f"{dict(self.operations)}, {self.unsure} unsure, {self.unheard} of them done, {self.twins} twins, "
            f"nobody waited longer than {self.slowest:.1f} s"
        )


class Fleet(ABC):
    """Servers that can be hurt."""

    @abstractmethod
    def addresses(self) -> list[str]:
        """Where somebody answers now, as far as anybody knows."""

    @abstractmethod
    def hurt(self, rng: random.Random) -> str:
        """Do something bad to one of them. Answers what."""

    @abstractmethod
    def heal(self) -> None:
        """Bring all of them back to work."""


class Servers(Fleet):
    """Several servers on one database and one data directory."""

    def __init__(self, start: Start, count: int) -> None:
        self._start = start
        self._servers = [start("--shared", *only("act")) for _ in range(count)]
        self._hurt: list[Server] = []

    def addresses(self) -> list[str]:
        return [server.address for server in self._servers if server.process.poll() is None]

    def hurt(self, rng: random.Random) -> str:
        server, how = rng.choice(self._servers), rng.choice(("killed", "killed", "stopped", "froze and was killed"))
        self._hurt.append(server)
        if how == "stopped":
            server.process.send_signal(signal.SIGTERM)
        if how == "froze and was killed":
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(rng.uniform(0.1, 3.0))  # longer than a lease lives, or not
        if how != "stopped":
            server.kill()
        return how

    def heal(self) -> None:
        while self._hurt:
            server = self._hurt.pop()
            server.process.wait()  # one that was asked to stop takes its time
            self._servers[self._servers.index(server)] = self._start("--shared", *only("act"))


class Crew(Fleet):
    """Several processes on one port, whose parent replaces those that die."""

    def __init__(self, start: Start, count: int) -> None:
        self._server: Server = start("--processes", str(count), *only("act"))
        self._count = count

    def addresses(self) -> list[str]:
        return [self._server.address]

    def hurt(self, rng: random.Random) -> str:
        with suppress(ProcessLookupError, IndexError):
            os.kill(rng.choice(self._members()), signal.SIGKILL)
        return "member killed"

    def heal(self) -> None:
        end = time.monotonic() + AGREE_SECONDS
        while len(self._members()) < self._count and time.monotonic() < end:
            time.sleep(0.05)

    def _members(self) -> list[int]:
        pid = str(self._server.process.pid)
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", pid], capture_output=True, text=True)
        return [int(line) for line in found.stdout.split()]


class Walker(threading.Thread):
    """Lets a customer go on, now at this server and now at that, until it is told to rest."""

    def __init__(self, customer: Customer, fleet: Fleet, seed: int) -> None:
        super().__init__(daemon=True)
        self._customer, self._fleet = customer, fleet
        self._rng = random.Random(seed)
        self._rest = threading.Event()
        self.wrong: Exception | None = None
        self.unsure = 0
        self.slowest = 0.0
        self.start()

    def run(self) -> None:
        while not self._rest.is_set() and self.wrong is None:
            if not (addresses := self._fleet.addresses()):
                time.sleep(0.01)
            else:
                with Client(self._rng.choice(addresses), timeout=5.0, retry_seconds=0) as client:
                    self._stint(client)

    def _stint(self, client: Client) -> None:
        began = time.monotonic()
        try:
            for _ in range(self._rng.randint(1, STINT)):
                if self._rest.is_set():
                    return
                began = time.monotonic()
                self._customer.go_on(client)
        # gRPC's server says CANCELLED to calls that reach it while it stops: they are sent again, as others without answer.
        except (Unavailable, DeadlineExceeded, Cancelled):
            self.unsure += self._customer.tried
            time.sleep(0.01)
        except Exception as wrong:
            self.wrong = wrong
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        """Let it end after the operation that is on its way."""
        self._rest.set()

    def rest(self) -> None:
        """Wait for its end; raises what went wrong."""
        self.stop()
        self.join()
        if self.wrong is not None:
            raise self.wrong


def survive(fleet: Fleet, rounds: int, seed: int) -> Report:
    """Hurt the fleet so often; after each time, and once more at the end, everything acknowledged is there once."""
    rng, report = random.Random(seed), Report()
    customers = _customers(fleet)
    for _ in range(rounds):
        walkers = [Walker(customer, fleet, rng.randrange(1 << 30)) for customer in customers]
        try:
            time.sleep(rng.uniform(0.2, 1.0))
            report.harm[fleet.hurt(rng)] += 1
            time.sleep(rng.uniform(0.2, 1.0))  # the others go on meanwhile
            fleet.heal()
        finally:
            for walker in walkers:  # none of them is to go on beside the tests that follow
                walker.stop()
        for walker in walkers:
            walker.rest()
            report.unsure += walker.unsure
            report.slowest = max(report.slowest, walker.slowest)
        _agree(fleet, customers, RECENT)
    _agree(fleet, customers, 1_000_000)
    report.unheard = sum(customer.unheard for customer in customers)
    report.twins = sum(customer.twins for customer in customers if isinstance(customer, Trainer))
    report.operations.update({customer.name: customer.done for customer in customers})
    return report


def _customers(fleet: Fleet) -> list[Customer]:
    with Client(fleet.addresses()[0]) as client:
        stock(client, "somebody")
        customers = [Importer("importer-1"), Importer("importer-2"), Player("player-1"), Player("player-2")]
        for customer in customers[2:]:
            client.create_agent(customer.name, 4, 3, seed=1)
        trainer = Trainer("tally")
        trainer.go_on(client)
    for customer in (*customers, trainer):
        customer.hops = True
    return [*customers, trainer]


def _agree(fleet: Fleet, customers: list[Customer], last: int) -> None:
    """Every server says of every customer what was acknowledged."""
    for address in fleet.addresses():
        with Client(address, retry_seconds=0) as client:
            for customer in customers:
                if customer.tried:
                    _patiently(lambda customer=customer, client=client: customer.go_on(client))  # type: ignore[misc]
                _patiently(lambda customer=customer, client=client: customer.check(client, last))  # type: ignore[misc]


def _patiently(work: Callable[[], None]) -> None:
    """Do it again while the server is behind the others, or takes over what one of them held; but not for ever."""
    end = time.monotonic() + AGREE_SECONDS
    while True:
        try:
            return work()
        except (AssertionError, FootlightError):
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
