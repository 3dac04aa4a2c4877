"""Micro-batches are bounded by time, whatever an event costs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_server.dispatch.pace import AIM_SECONDS, FIRST, LEAST, MOST, Pace


class Work:
    """Events of a known cost, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pace = Pace(lambda: self.now)

    def do(self, cost: float) -> float:
        """One micro-batch of events that cost so many seconds each; answers how long it took."""
        started, size = self.now, self.pace.size
        self.pace.measured(lambda: self._spend(size * cost), size)
        return self.now - started

    def _spend(self, seconds: float) -> None:
        self.now += seconds


@given(st.floats(1e-7, 1e-1))
def test_the_size_settles_where_a_batch_takes_the_aim(cost: float) -> None:
    work = Work()
    for _ in range(40):
        work.do(cost)
    assert (
        work.pace.size == max(LEAST, min(int(AIM_SECONDS / cost), MOST))
        or abs(work.do(cost) - AIM_SECONDS) <= 1.01 * cost
    )


@given(st.lists(st.floats(1e-7, 1e-3), min_size=1, max_size=60))
def test_no_batch_is_larger_than_twice_the_one_before(costs: list[float]) -> None:
    work, sizes = Work(), [FIRST]
    for cost in costs:
        work.do(cost)
        sizes.append(work.pace.size)
    assert all(LEAST <= after <= min(2 * before, MOST) for before, after in itertools.pairwise(sizes))


def test_dear_events_shrink_the_batch_at_once() -> None:
    work = Work()
    for _ in range(20):
        work.do(1e-7)
    work.do(1e-3)
    assert work.pace.size == 2


def test_what_the_work_raises_passes_through() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Pace().measured(fail, 1)
