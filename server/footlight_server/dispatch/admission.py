"""Is there room? Refusing early costs less than answering late."""

from __future__ import annotations

from collections import deque
from math import dist, inf, sqrt
from statistics import fmean

from footlight_server.dispatch.asking import Asking
from footlight_server.errors import DeadlineExceeded, ResourceExhausted
from footlight_server.telemetry.meters import engine_meter

SOONEST_RETRY = 0.01
LATEST_RETRY = 30.0
"""Bounds of what a caller who is refused is told to wait, in seconds."""

FEW = 8
"""So many calls may wait however slow the work is: a generator takes seconds for each."""

WINDOW = 100
"""The service time is the mean of so many pieces of work. The mean of few varies, and a long queue would be misjudged."""

FIRST = 10
"""Of so few pieces of work the shortest is what the next ones are taken to last: the first ones load and compile."""

SURE = 2.0
"""Whoever waits is to be answered in time although pieces of work differ: so many standard deviations are added."""


class Admission:
    """Counts the calls that work for or wait for one deployment."""

    def __init__(self, name: str, limit: int, queue_seconds: float = inf) -> None:
        """``limit`` bounds how many wait, ``queue_seconds`` when the last is done. Late answers help nobody."""
        self._name = name
        self._limit = limit
        self._queue_seconds = queue_seconds
        self.meter = engine_meter(name)
        self.pending = 0
        """How many places are taken."""
        self.calls = 0
        """How many calls were let in so far."""
        self._observed: deque[float] = deque(maxlen=WINDOW)
        self.service_seconds = 0.0
        """How long each piece of work held up the ones behind it of late: more than the engine's own time, by the way to
        its thread. 0 for an engine that answers inline: nobody waits for it."""
        self._spread = 0.0  # the standard deviation of the same

    def enter(self, asking: Asking) -> Admission:
        """Hold a place until the end of the ``with`` block that this opens.

        Raises
        ------
        ResourceExhausted
            When all places are taken, or those who wait already take longer than the caller, or anybody, should wait.
        DeadlineExceeded
            When the caller no longer waits.
        """
        remaining = asking.remaining
        if not remaining:
            raise DeadlineExceeded("the deadline had passed before the call was started")
        if self.pending >= self._limit or self._late(remaining):
            raise self._full()
        self.pending += 1
        self.calls += 1
        return self

    def _late(self, remaining: float) -> bool:
        wait, places = self.pending * self.service_seconds, self.pending + 1
        if self.pending < FEW:
            return wait > remaining
        return wait > remaining or (
            places * self.service_seconds + SURE * sqrt(places) * self._spread > self._queue_seconds
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.pending -= 1

    @property
    def ended(self) -> int:
        """How many calls came to their end so far."""
        return self.calls - self.pending

    def observe(self, seconds: float) -> None:
        """Hear how long a piece of work took."""
        self._observed.append(seconds)
        observed = tuple(self._observed)  # a copy: a thread that was given up may end just now
        if len(observed) < FIRST:
            self.service_seconds = min(observed)
            return
        self.service_seconds = fmean(observed)
        self._spread = dist(observed, [self.service_seconds] * len(observed)) / sqrt(len(observed))

    def _full(self) -> ResourceExhausted:
        self.meter.rejected += 1
        wait = self.pending * self.service_seconds
        message = f"deployment '{self._name}' is busy: {self.pending:,} calls work or wait, for about {wait:.2g} s"
        return ResourceExhausted(message, min(max(wait, SOONEST_RETRY), LATEST_RETRY))
