"""What runs on an engine's thread, what is dropped before, and who keeps a place for how long."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from footlight_plugins import Call, CallEnded
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.seat import InlineSeat, Seat, apart
from footlight_server.errors import DeadlineExceeded, FailedPrecondition


class Stand:
    """A seat with its admission, a gate that work can wait at, and what the watchdog said."""

    def __init__(self, patience: float = 30.0) -> None:
        self.admission = Admission("x", 1_000)
        self.stuck = asyncio.Event()
        self.gate = threading.Event()
        self.seat = Seat("x", self.admission, patience, self.stuck.set)
        self.ran: list[str] = []

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.ran.append(name)
            return name

        return run

    async def blocked(self, call: Call = Call()) -> asyncio.Task[Any]:  # noqa: B008  # it never changes
        """Work that runs until the gate opens."""
        running, loop = asyncio.Event(), asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(running.set)
            self.gate.wait()

        task = asyncio.create_task(self.ask(wait, call))
        await running.wait()
        return task

    async def ask(self, work: Callable[[], Any], call: Call = Call()) -> Any:  # noqa: B008
        """As dispatch does it."""
        with self.admission.enter(Asking()):
            return await self.seat.run(work, call)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    made = Stand()
    yield made
    made.gate.set()
    made.seat.close()


async def test_pieces_run_one_after_the_other(stand: Stand) -> None:
    assert await asyncio.gather(*(stand.ask(stand.work(str(n))) for n in range(20))) == [str(n) for n in range(20)]
    assert stand.ran == [str(n) for n in range(20)]


async def test_work_whose_deadline_passed_in_the_queue_never_runs(stand: Stand) -> None:
    await stand.blocked()
    with pytest.raises(DeadlineExceeded):
        await stand.ask(stand.work("late"), Call(time.monotonic() + 0.02))
    stand.gate.set()
    await stand.ask(stand.work("after"))
    assert stand.ran == ["after"]


async def test_work_whose_caller_left_in_the_queue_never_runs(stand: Stand) -> None:
    await stand.blocked()
    left = asyncio.create_task(stand.ask(stand.work("left")))
    gone = asyncio.create_task(stand.ask(stand.work("gone"), Call(cancelled=lambda: True)))
    await asyncio.sleep(0.01)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)  # now it has left
    stand.gate.set()
    await stand.ask(stand.work("after"))
    assert stand.ran == ["after"] and isinstance((await asyncio.gather(gone, return_exceptions=True))[0], CallEnded)


async def test_a_place_is_kept_until_the_thread_really_ends(stand: Stand) -> None:
    task = await stand.blocked()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert stand.admission.pending == 1
    stand.gate.set()
    await stand.ask(stand.work("after"))
    await asyncio.sleep(0)
    assert stand.admission.pending == 0


async def test_no_place_is_lost_in_random_cancellations(stand: Stand) -> None:
    rng = random.Random(7)
    tasks = []
    for _ in range(300):
        seconds = rng.choice([0.0, 0.0005, 0.001])
        call = Call(time.monotonic() + rng.choice([0.001, 0.01, 1.0]))
        tasks.append(asyncio.create_task(stand.ask(partial(time.sleep, seconds), call)))
        await asyncio.sleep(rng.choice([0.0, 0.0, 0.001]))
        rng.choice(tasks).cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await stand.ask(stand.work("last"))
    await asyncio.sleep(0)
    assert stand.admission.pending == 0


@pytest.mark.parametrize("raised", [SystemExit(3), StopIteration(), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_whatever_an_engine_raises_is_its_fault(stand: Stand, raised: BaseException) -> None:
    def work() -> None:
        raise raised

    for seat in (stand.seat, InlineSeat("x", stand.admission, 1.0, stand.stuck.set)):
        with pytest.raises(EngineFault, match=f"'x' raised {type(raised).__name__}"):
            await seat.run(work)
    with pytest.raises(EngineFault):
        await apart("x", work)
    assert await stand.ask(stand.work("after")) == "after"


async def test_errors_of_the_domain_pass_through(stand: Stand) -> None:
    def work() -> None:
        raise FailedPrecondition("train it first")

    with pytest.raises(FailedPrecondition, match="train it first"):
        await stand.ask(work)


async def test_a_call_that_ends_by_itself_is_a_fault(stand: Stand) -> None:
    def work() -> None:
        raise CallEnded("I do not feel like it")

    with pytest.raises(EngineFault):
        await stand.ask(work, Call(time.monotonic() + 60))


async def test_the_watchdog_speaks_up_when_a_piece_hangs() -> None:
    stand = Stand(patience=0.05)
    await stand.blocked()
    await stand.stuck.wait()
    stand.gate.set()
    stand.seat.close()


async def test_the_watchdog_is_silent_about_many_short_pieces() -> None:
    stand = Stand(patience=0.5)
    for _ in range(20):
        await stand.ask(lambda: time.sleep(0.03))
    assert not stand.stuck.is_set()
    stand.seat.close()


async def test_an_abandoned_seat_answers_everybody_and_tells_when_its_thread_ends(stand: Stand) -> None:
    running = await stand.blocked()
    waiting = asyncio.create_task(stand.ask(stand.work("never")))
    await asyncio.sleep(0.01)
    ended = asyncio.Event()
    assert stand.seat.abandon(EngineFault("it hangs"), ended.set)
    outcomes = await asyncio.gather(running, waiting, return_exceptions=True)
    assert [str(one) for one in outcomes] == ["it hangs"] * 2 and not ended.is_set()
    stand.gate.set()
    await ended.wait()
    assert stand.ran == []


async def test_a_closed_seat_takes_no_more(stand: Stand) -> None:
    stand.seat.close()
    with pytest.raises(EngineFault, match="gone"):
        await stand.seat.run(stand.work("late"))


async def test_the_service_time_of_calls_is_observed(stand: Stand) -> None:
    await stand.seat.run(lambda: time.sleep(0.02), Call(time.monotonic() + 60))
    await stand.seat.run(stand.work("next"))
    assert stand.admission.service_seconds >= 0.02
