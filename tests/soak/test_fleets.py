"""Servers and processes that share a database, killed at random a hundred times, on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.postgresql import STORES
from tests.soak.fleets import Crew, Fleet, Servers, survive

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.soak(1_200)
@pytest.mark.parametrize("kind", [Servers, Crew])
@pytest.mark.parametrize("store", STORES, indirect=True)
def test_servers_that_die_at_random_lose_and_double_nothing_acknowledged(
    server_factory: Start, kind: type[Servers | Crew]
) -> None:
    fleet: Fleet = kind(server_factory, 3)
    report = survive(fleet, rounds=100, seed=1)
    print(report)  # noqa: T201  # the figures of docs/reliability.md
    assert sum(report.harm.values()) == 100 and min(report.operations.values()) > 0
