"""The server's clock jumps by days, forward and back, while it serves: only the wall clock, as when it is set anew."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.soak.customers import Customer, Importer, Player, Trainer
from tests.soak.serving import only, stock

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

JUMPS = ("+400d", "-3d", "+1h", "-30d", "+0")
"""The clock's distance from the real time, one after the other."""
OPERATIONS = 30
SLOWEST_SECONDS = 5.0
"""Any operation would take minutes, or none of its time, if a deadline stood on the wall clock."""


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the distance of the servers' clock from the real time; needs Debian's faketime."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        pytest.skip("libfaketime is not installed")
    file = tmp_path / "clock"
    file.write_text("+0\n")
    monkeypatch.setenv("LD_PRELOAD", str(libraries[0]))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    for name in ("DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC"):
        monkeypatch.setenv(name, "1")
    return file


def go_on(customers: list[Customer], server: Server) -> float:
    """Let everybody do some operations, check everything; answers how long the slowest operation took."""
    slowest = 0.0
    for customer in customers:
        for _ in range(3 if isinstance(customer, Trainer) else OPERATIONS):
            began = time.monotonic()
            customer.go_on(server.client)
            slowest = max(slowest, time.monotonic() - began)
        customer.check(server.client, 1_000_000)
    return slowest


@pytest.mark.soak(180)
def test_clock_jumps_change_neither_what_is_kept_nor_what_is_learned(server_factory: Start, clock: Path) -> None:
    server = server_factory(*only("act"))
    stock(server.client, "somebody")
    server.client.create_agent("player", 4, 3, seed=1)
    customers: list[Customer] = [Importer("importer"), Player("player"), Trainer("tally")]
    slowest = [go_on(customers[::-1], server)]
    for jump in JUMPS:
        clock.write_text(f"{jump}\n")
        slowest.append(go_on(customers, server))
        server.stop()
        server = server_factory(*only("act"))  # it starts with the clock as it is now
        for customer in customers:
            customer.check(server.client, 1_000_000)
    print(f"{len(JUMPS)} jumps, slowest operation {max(slowest):.1f} s")  # noqa: T201
    assert max(slowest) < SLOWEST_SECONDS and "Traceback" not in server.log
