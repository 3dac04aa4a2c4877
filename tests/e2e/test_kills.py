"""What was acknowledged is there once after SIGKILL: events, decisions, rewards, models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.postgresql import STORES
from tests.soak.kills import survive

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_three_kills_lose_and_double_nothing_acknowledged(server_factory: Start) -> None:
    report = survive(server_factory, kills=3, seed=2)
    assert report.unsure > 0 and min(report.operations.values()) > 0, str(report)
