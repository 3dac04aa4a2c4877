"""A hundred times SIGKILL at random moments, on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.postgresql import STORES
from tests.soak.kills import survive

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.soak(900)
@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_hundred_kills_lose_and_double_nothing_acknowledged(server_factory: Start) -> None:
    report = survive(server_factory, kills=100, seed=1)
    print(report)  # noqa: T201  # the figures of docs/reliability.md
    assert sum(report.kills.values()) == 100 and report.unsure > 100
