"""Overload for a minute: three times the capacity of an engine that takes 5 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.soak.overload import overload, started
from tests.soak.process import MIB

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


@pytest.mark.soak(180)
def test_a_minute_of_overload_costs_neither_goodput_nor_memory(server_factory: Start) -> None:
    found = overload(started(server_factory), 60.0)
    print(found)  # noqa: T201  # the figures of docs/reliability.md
    assert set(found.codes) == {"OK", "RESOURCE_EXHAUSTED"}
    assert found.goodput >= 0.9 * found.peak
    assert found.growth <= 8 * MIB


@pytest.mark.soak(120)
def test_a_server_is_itself_again_a_second_after_an_overload(server_factory: Start) -> None:
    found = overload(started(server_factory), 10.0)
    print(found)  # noqa: T201
    assert found.accepted_p99 <= 2 * found.idle_p99 + found.queue_bound
    assert found.back_to_normal <= 1.0
