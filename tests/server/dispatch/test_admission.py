"""Who is let in, who is told to come back and when."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from footlight_server.dispatch.admission import FEW, LATEST_RETRY, SOONEST_RETRY, WINDOW, Admission
from footlight_server.dispatch.asking import Asking
from footlight_server.errors import DeadlineExceeded, ResourceExhausted


def asking(seconds: float = 10.0) -> Asking:
    return Asking(deadline=time.monotonic() + seconds)


@pytest.fixture
def admission() -> Admission:
    return Admission("popular", 3)


def fill(admission: Admission) -> None:
    for _ in range(3):
        admission.enter(asking())


def test_a_full_queue_refuses(admission: Admission) -> None:
    fill(admission)
    with pytest.raises(ResourceExhausted, match="'popular' is busy: 3 calls"):
        admission.enter(asking())
    assert admission.pending == 3


def test_a_place_is_given_back_whatever_happens(admission: Admission) -> None:
    with pytest.raises(KeyError), admission.enter(asking()):
        raise KeyError
    assert (admission.pending, admission.calls, admission.ended) == (0, 1, 1)


def test_who_no_longer_waits_is_not_let_in(admission: Admission) -> None:
    with pytest.raises(DeadlineExceeded):
        admission.enter(asking(-1.0))
    assert admission.pending == 0


@pytest.mark.parametrize(("service", "wait"), [(0.5, 1.5), (0.0, SOONEST_RETRY), (100.0, LATEST_RETRY)])
def test_the_wait_follows_from_the_observed_service_time(admission: Admission, service: float, wait: float) -> None:
    fill(admission)
    admission.observe(service)
    with pytest.raises(ResourceExhausted) as refusal:
        admission.enter(asking())
    assert refusal.value.retry_after == pytest.approx(wait)


def test_who_would_wait_in_vain_is_refused_early(admission: Admission) -> None:
    admission.observe(2.0)
    admission.enter(asking(1.0))  # nobody is before this one
    with pytest.raises(ResourceExhausted):
        admission.enter(asking(1.0))
    admission.enter(asking(5.0))


def test_nobody_waits_behind_long_work_once_a_few_do() -> None:
    admission = Admission("slow", 512, queue_seconds=1.0)
    admission.observe(0.25)
    for _ in range(FEW):
        admission.enter(asking())
    with pytest.raises(ResourceExhausted):
        admission.enter(asking())


def test_fewer_wait_behind_work_whose_length_varies() -> None:
    steady, varying = (Admission(name, 512, queue_seconds=1.01) for name in ("steady", "varying"))
    for n in range(100):
        steady.observe(0.05)
        varying.observe(0.09 if n % 2 else 0.01)
    assert _let_in(steady) == 20 and _let_in(varying) == 14  # 14 * .05 + 2 * sqrt(14) * .04 = 1.0 s


def _let_in(admission: Admission) -> int:
    with suppress(ResourceExhausted):
        while True:
            admission.enter(asking())
    return admission.pending


def test_the_service_time_is_the_mean_of_the_last_pieces_of_work(admission: Admission) -> None:
    for seconds in (100.0, *[1.0, 2.0] * (WINDOW // 2)):
        admission.observe(seconds)
    assert admission.service_seconds == pytest.approx(1.5)


def test_a_first_piece_of_work_that_loads_and_compiles_keeps_nobody_out(admission: Admission) -> None:
    admission.observe(2.0)
    admission.observe(0.01)
    assert admission.service_seconds == 0.01
