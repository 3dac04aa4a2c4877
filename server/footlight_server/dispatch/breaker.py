"""Is the engine asked? Not while it fails: a circuit breaker (Nygard 2007, "Release It!") for each deployment.

A call that goes well costs nothing here: only faults are counted, against the calls that ended meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum

from footlight_server.log.records import now

FAULTS = 5
"""So many faults open the breaker, when at least half of the calls that ended since the first of them were faults."""

FIRST_SECONDS = 1.0
"""How long the engine is left alone at first; twice as long after every probe that fails."""

LONGEST_SECONDS = 60.0
"""It is never left alone for longer, and a breaker that was closed for so long begins anew with the first."""


class BreakerState(IntEnum):
    """The numbers are those of the wire."""

    CLOSED = 1
    """The engine is asked."""
    OPEN = 2
    """It is not."""
    HALF_OPEN = 3
    """One call tries it."""


class Breaker:
    """Closed, open or half open. Everything here runs on the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = BreakerState.CLOSED
        self.reason = ""
        """Why it is open, or was last; one line."""
        self.since = 0
        """When it came into its state, in microseconds since 1970; 0 when it never left the first."""
        self.faults = 0
        """How many there were."""
        self._clock = clock
        self._recent: deque[int] = deque(maxlen=FAULTS)
        self._seconds = FIRST_SECONDS
        self._until = 0.0
        self._closed_at = clock()
        self._probing_until = 0.0

    def fault(self, reason: str, calls: int) -> None:
        """Count a fault; ``calls`` is how many calls came to their end before."""
        self.faults += 1
        if self.state is BreakerState.OPEN:
            return  # of a call that was on its way already
        self._recent.append(calls)
        often = len(self._recent) == FAULTS and calls - self._recent[0] < 2 * FAULTS
        if often or self.state is BreakerState.HALF_OPEN:
            self.trip(reason)

    def trip(self, reason: str) -> None:
        """Open, whatever was counted, for twice as long as the last time."""
        if self.state is BreakerState.CLOSED and self._clock() - self._closed_at >= LONGEST_SECONDS:
            self._seconds = FIRST_SECONDS
        self._until = self._clock() + self._seconds
        self._seconds = min(2 * self._seconds, LONGEST_SECONDS)
        self._recent.clear()
        self._probing_until = 0.0
        self.reason = reason
        self._enter(BreakerState.OPEN)

    def admits(self) -> bool:
        """Whether the engine may be asked now. Whoever hears yes while it is half open is the probe.

        The probe says `succeed`, `fault` or, where it found out nothing, `give_up`. Of one that says nothing for
        `LONGEST_SECONDS` nothing more is expected.
        """
        if self.state is BreakerState.CLOSED:
            return True
        if self.retry_after > 0 or self._clock() < self._probing_until:
            return False
        self._enter(BreakerState.HALF_OPEN)
        self._probing_until = self._clock() + LONGEST_SECONDS
        return True

    def succeed(self) -> None:
        """The engine answered well."""
        if self.state is BreakerState.HALF_OPEN:
            self._probing_until = 0.0
            self._closed_at = self._clock()
            self._enter(BreakerState.CLOSED)

    def give_up(self) -> None:
        """The probe ended without an answer, good or bad: the next call is the probe."""
        self._probing_until = 0.0

    def ready(self) -> None:
        """What was wrong was mended, as far as one can tell: the next call is the probe."""
        if self.state is BreakerState.OPEN:
            self._until = self._clock()
            self._enter(BreakerState.HALF_OPEN)

    @property
    def retry_after(self) -> float:
        """In how many seconds it is worth while to come back; 0 when it is now."""
        return 0.0 if self.state is BreakerState.CLOSED else max(0.0, self._until - self._clock())

    def _enter(self, state: BreakerState) -> None:
        if state is not self.state:
            self.state, self.since = state, now()
