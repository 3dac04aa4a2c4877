"""A bucket of calls: full at first, filled at the rate, never fuller than a second's worth."""

from __future__ import annotations

import pytest

from footlight_server.access.pace import Pace
from footlight_server.errors import ResourceExhausted


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(pace: Pace) -> int:
    """How many calls are let in at this moment."""
    count = 0
    while True:
        try:
            pace.take()
        except ResourceExhausted:
            return count
        count += 1


def test_a_second_of_calls_may_come_at_once(clock: Clock) -> None:
    assert taken(Pace(10.0, clock)) == 10


def test_a_slow_token_may_call_once(clock: Clock) -> None:
    assert taken(Pace(0.1, clock)) == 1


def test_what_was_not_used_is_not_saved_up(clock: Clock) -> None:
    pace = Pace(10.0, clock)
    clock.now += 1_000.0
    assert taken(pace) == 10


def test_whoever_is_refused_hears_when_there_is_room(clock: Clock) -> None:
    pace = Pace(4.0, clock)
    taken(pace)
    with pytest.raises(ResourceExhausted) as refusal:
        pace.take()
    clock.now += refusal.value.retry_after
    assert refusal.value.retry_after == pytest.approx(0.25) and taken(pace) == 1
