"""What was acknowledged by one of several servers is there once, whichever of them dies: events, decisions, models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.postgresql import STORES
from tests.soak.fleets import Crew, Fleet, Servers, survive

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")


@pytest.mark.parametrize(
    ("store", "kind"), [*((store, Servers) for store in STORES), ("sqlite", Crew)], indirect=["store"]
)
def test_two_servers_that_die_in_turn_lose_and_double_nothing(
    server_factory: Start, kind: type[Servers | Crew]
) -> None:
    fleet: Fleet = kind(server_factory, 2)
    report = survive(fleet, rounds=2, seed=3)
    assert sum(report.harm.values()) == 2 and min(report.operations.values()) > 0, str(report)
