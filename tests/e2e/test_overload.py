"""More calls than the server can answer: it refuses early what is too much, answers the rest, and is itself again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.soak.overload import overload, started

if TYPE_CHECKING:
    from tests.e2e.conftest import Start


def test_three_times_the_capacity_costs_no_goodput(server_factory: Start) -> None:
    """On a machine of its own it is 90 % and the server is itself within a second: tests/soak."""
    found = overload(started(server_factory), 3.0)
    assert set(found.codes) == {"OK", "RESOURCE_EXHAUSTED"}, str(found)
    assert found.goodput >= 0.7 * found.peak and found.back_to_normal < 4.0, str(found)
