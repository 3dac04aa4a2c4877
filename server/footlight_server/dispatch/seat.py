"""Where an engine's methods run: on the event loop when they take microseconds, on one thread of its own otherwise.

Either way no two methods of one engine run at the same time, which is what the contract promises to engines. A thread
cannot be killed: one that hangs is left to itself, and the engine that it is in is never called again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import CodeType
from typing import Any, TypeVar

from footlight_plugins import Call
from footlight_server.dispatch.admission import Admission
from footlight_server.dispatch.faulting import EngineFault, check_waiting, judged
from footlight_server.errors import DeadlineExceeded
from footlight_server.telemetry.calls import NOTED

T = TypeVar("T")

LOOK_SECONDS = 0.05
"""The shortest time between two looks of the watchdog."""

PREPARE_SECONDS = 3_600.0
"""How long an engine may take to be made, fitted to the log or loaded, before somebody else gets a turn."""

FOREVER = Call()


@dataclass(slots=True, eq=False)
class Piece:
    """One piece of work for an engine."""

    work: Callable[[], Any]
    call: Call
    patience: float
    """How many seconds it may run."""
    future: Future[Any] = field(default_factory=Future)
    started: float = 0.0
    """On the clock of `time.monotonic`; 0 until it runs."""
    queued: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    def run(self, engine: str) -> None:
        """Do it, unless nobody waits for it any more."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            check_waiting(self.call)
            self.started = time.monotonic()
            outcome = self.work()
            self.ended = time.monotonic()
            self._end(self.future.set_result, outcome)
        except BaseException as fault:  # an engine may raise anything, and its thread must go on
            self.ended = time.monotonic()
            self._end(self.future.set_exception, judged(engine, fault, self.call))

    def give_up(self, fault: Exception) -> None:
        """Tell whoever waits that it will not come, whether it runs or not."""
        self._end(self.future.set_exception, fault)

    def _end(self, settle: Callable[[Any], None], outcome: Any) -> None:
        with suppress(InvalidStateError):  # it was given up, or its caller left
            settle(outcome)


class Seat:
    """The one place where an engine is called from. ``stuck`` is told, once, when a piece of work takes too long."""

    def __init__(self, name: str, admission: Admission, patience: float, stuck: Callable[[], None]) -> None:
        self.name = name
        self.closed = False
        self._admission = admission
        self._patience = patience
        self._stuck = stuck
        self._queue: SimpleQueue[Piece | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._current: Piece | None = None
        self._last: Piece | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[[], T], call: Call = FOREVER, patience: float = 0.0) -> T:
        """Run one piece of work after the ones before it.

        When the caller leaves before its turn, it is dropped; when it runs by then, its place is kept until it ends.

        Raises
        ------
        EngineFault
            Whatever the work raised that is no domain error, and when it takes longer than is allowed.
        DeadlineExceeded
            When the call's deadline passes first.
        """
        if self.closed:
            raise EngineFault(f"the engine of {self.name!r} is gone")
        piece = Piece(work, call, patience or self._patience)
        self._put(piece)
        wait = None if call.deadline == float("inf") else max(0.0, call.deadline - time.monotonic())
        try:
            async with asyncio.timeout(wait):
                outcome = await self._wait(piece)
        except TimeoutError:
            raise DeadlineExceeded("the deadline passed before the engine had answered") from None
        if (noted := NOTED.get()) is not None:
            noted.worked(piece.started - piece.queued, piece.ended - piece.started)
        return outcome  # type: ignore[no-any-return]  # the future is of any type

    async def _wait(self, piece: Piece) -> Any:
        try:
            return await asyncio.wrap_future(piece.future)
        except asyncio.CancelledError:
            if not piece.future.cancel() and piece is self._current:
                self._keep_place(piece)
            raise

    def _put(self, piece: Piece) -> None:
        self._last = piece
        self._queue.put(piece)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"engine-{self.name}", daemon=True)
            self._thread.start()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(min(piece.patience, self._patience), self._look)

    def _work(self) -> None:
        free = 0.0  # since when the thread could have done the next piece
        while (piece := self._queue.get()) is not None:
            self._current = piece
            piece.run(self.name)
            self._current = None
            if piece.started and piece.call is not FOREVER:
                self._admission.observe(piece.ended - max(free, piece.queued))
                self._admission.meter.worked(piece.started - piece.queued, piece.ended - piece.started)
            free = max(free, piece.ended)

    def _keep_place(self, piece: Piece) -> None:
        """The caller left, the thread did not: the place that the caller gives back is still taken."""
        loop, admission = asyncio.get_running_loop(), self._admission
        admission.pending += 1

        def release(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has stopped
                loop.call_soon_threadsafe(admission.__exit__)

        piece.future.add_done_callback(release)

    def _look(self) -> None:
        """The watchdog: is the piece that runs overdue? Sleeps while nothing runs."""
        self._timer = None
        current, last = self._current, self._last
        if self.closed or (current is None and (last is None or last.future.done())):
            return
        left = self._patience
        if current is not None and current.started:
            left = current.started + current.patience - time.monotonic()
        if left <= 0:
            self._stuck()
        else:
            self._timer = asyncio.get_running_loop().call_later(
                max(min(left, self._patience), LOOK_SECONDS), self._look
            )

    def abandon(self, fault: Exception, ended: Callable[[], None]) -> bool:
        """Leave the thread to itself; all that waits is answered with the fault. Returns whether a thread hangs.

        ``ended`` is called on the event loop if the thread ever comes to its end.
        """
        self.close(fault)
        current, thread, loop = self._current, self._thread, asyncio.get_running_loop()
        if current is None or thread is None:
            return False
        current.give_up(fault)

        def join() -> None:
            thread.join()
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended)

        threading.Thread(target=join, name=f"join-{self.name}", daemon=True).start()
        return True

    def hand_over(self, to: Seat) -> None:
        """Let another seat do what waits here."""
        with suppress(Empty):
            while True:
                if (piece := self._queue.get_nowait()) is not None:
                    to._put(piece)

    def close(self, fault: Exception | None = None) -> None:
        """Let the work that runs come to its end, and take no more."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        reason = fault or EngineFault(f"the engine of {self.name!r} is gone")
        with suppress(Empty):
            while True:
                if (piece := self._queue.get_nowait()) is not None:
                    piece.give_up(reason)
        self._queue.put(None)


INLINE: set[CodeType] = set()
"""The code of the functions that call an engine on the event loop; see `footlight_server.dispatch.loop_watch`."""

F = TypeVar("F", bound=Callable[..., Any])


def on_the_loop(function: F) -> F:
    """Mark a method that calls an engine on the event loop, so that one that stays too long is known. It costs nothing."""
    INLINE.add(function.__code__)
    return function


class InlineSeat(Seat):
    """The event loop itself."""

    async def run(self, work: Callable[[], T], call: Call = FOREVER, patience: float = 0.0) -> T:
        """Run it now."""
        return self.run_now(work, call)

    @on_the_loop
    def run_now(self, work: Callable[[], T], call: Call = FOREVER) -> T:
        """`run`, for those who need not wait for a thread."""
        started = time.perf_counter()
        try:
            return work()
        except BaseException as fault:
            wrong = judged(self.name, fault, call)
            raise wrong from wrong.__cause__
        finally:
            self._time(time.perf_counter() - started)

    def _time(self, seconds: float) -> None:
        self._admission.meter.worked(0.0, seconds)
        if (noted := NOTED.get()) is not None:
            noted.worked(0.0, seconds)


async def apart(name: str, work: Callable[[], T], seconds: float = PREPARE_SECONDS) -> T:
    """Run long work of an engine that does not serve yet, on a thread that does not keep the server from stopping.

    Raises
    ------
    EngineFault
        Whatever the work raised that is no domain error, and when it takes longer than is allowed.
    """
    piece = Piece(work, FOREVER, seconds)
    threading.Thread(target=piece.run, args=(name,), name=f"prepare-{name}", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(piece.future)
    except TimeoutError:
        raise EngineFault(f"the engine of {name!r} was not prepared within {seconds:g} s") from None
