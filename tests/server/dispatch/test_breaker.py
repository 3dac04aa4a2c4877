"""When an engine is left alone, for how long, and how it comes back."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_server.dispatch.breaker import FAULTS, FIRST_SECONDS, LONGEST_SECONDS, Breaker, BreakerState

CLOSED, OPEN, HALF_OPEN = BreakerState


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def tell(breaker: Breaker, outcomes: Iterable[bool]) -> None:
    """Tell a breaker of calls that went well (True) or wrong, one after the other."""
    for calls, well in enumerate(outcomes):
        if not well:
            breaker.fault("it raised", calls)


def test_consecutive_faults_open_it(breaker: Breaker) -> None:
    tell(breaker, [False] * (FAULTS - 1))
    assert breaker.admits()
    tell(breaker, [False])
    assert (breaker.state, breaker.reason, breaker.admits()) == (OPEN, "it raised", False)


def test_one_fault_in_four_leaves_it_closed(breaker: Breaker) -> None:
    tell(breaker, [False, True, True, True] * 50)
    assert breaker.state is CLOSED and breaker.faults == 50


def test_every_second_call_a_fault_opens_it(breaker: Breaker) -> None:
    tell(breaker, [False, True] * FAULTS)
    assert breaker.state is OPEN


@given(st.lists(st.booleans(), max_size=60))
def test_it_opens_no_sooner_than_half_of_the_calls_are_faults(outcomes: list[bool]) -> None:
    breaker = Breaker(Clock())
    tell(breaker, outcomes)
    windows = [outcomes[i : i + 2 * FAULTS] for i in range(len(outcomes))]
    assert (breaker.state is OPEN) == any(window.count(False) >= FAULTS for window in windows)


def test_one_call_tries_it_after_the_wait(breaker: Breaker, clock: Clock) -> None:
    breaker.trip("it died")
    clock.now += FIRST_SECONDS
    assert breaker.admits() and breaker.state is HALF_OPEN
    assert not breaker.admits()  # others wait for what the first finds out


def test_a_good_probe_closes_it(breaker: Breaker, clock: Clock) -> None:
    breaker.trip("it died")
    clock.now += FIRST_SECONDS
    breaker.admits()
    breaker.succeed()
    assert breaker.state is CLOSED and breaker.admits() and breaker.retry_after == 0


def test_a_probe_that_learns_nothing_hands_on(breaker: Breaker, clock: Clock) -> None:
    breaker.trip("it died")
    clock.now += FIRST_SECONDS
    breaker.admits()
    breaker.give_up()
    assert breaker.admits()


def test_every_failed_probe_doubles_the_wait(breaker: Breaker, clock: Clock) -> None:
    breaker.trip("it died")
    waits = []
    for calls in range(10):
        waits.append(breaker.retry_after)
        clock.now += waits[-1]
        breaker.admits()
        breaker.fault("it raised", calls)
    assert waits == [min(FIRST_SECONDS * 2**n, LONGEST_SECONDS) for n in range(10)]


def test_a_long_good_time_forgives_the_waits(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.trip("it died")
        clock.now += LONGEST_SECONDS
        breaker.admits()
        breaker.succeed()
    clock.now += LONGEST_SECONDS
    breaker.trip("it died")
    assert breaker.retry_after == FIRST_SECONDS


def test_faults_of_calls_that_were_on_their_way_do_not_lengthen_the_wait(breaker: Breaker) -> None:
    breaker.trip("it died")
    tell(breaker, [False] * 2 * FAULTS)
    assert breaker.retry_after == FIRST_SECONDS and breaker.faults == 2 * FAULTS


def test_what_was_mended_is_tried_at_once(breaker: Breaker) -> None:
    breaker.trip("it died")
    breaker.ready()
    assert breaker.state is HALF_OPEN and breaker.admits()


def test_a_closed_one_was_never_anything_else(breaker: Breaker) -> None:
    breaker.ready()
    breaker.succeed()
    assert (breaker.state, breaker.since, breaker.reason) == (CLOSED, 0, "")
