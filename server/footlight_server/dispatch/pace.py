"""How many events an engine may take in at once, so that nobody waits long for the thread that it is on."""

from __future__ import annotations

import time
from collections.abc import Callable

AIM_SECONDS = 0.002
"""What a micro-batch should take: well under the 5 ms that it may, because people's histories differ in length."""

LEAST, MOST = 1, 4_096
FIRST = 16
"""The size of the first micro-batch, when nothing is known."""

_GROWTH = 2
"""A micro-batch is at most so many times as large as the one before."""
_MEMORY = 0.8
"""How much of the estimate stays when a cheaper micro-batch comes in; a dearer one is believed at once."""

_SLOWLY = 0.02
"""The weight of the newest micro-batch in the average."""


class Pace:
    """Measures what events cost an engine, and says how many to apply at once."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.size = FIRST
        """So many events are expected to take `AIM_SECONDS`."""
        self._clock = clock
        self._cost = 0.0
        self._average = 0.0

    def measured(self, apply: Callable[[], object], size: int) -> None:
        """Apply so many events and learn from how long it takes. Whatever is raised passes through."""
        started = self._clock()
        apply()
        if size:
            self._learn((self._clock() - started) / size)

    def seconds(self, events: int) -> float:
        """How long so many events are expected to take, by what they took on average of late."""
        return events * self._average

    def _learn(self, cost: float) -> None:
        """``cost`` is in seconds an event."""
        self._average += (cost - self._average) * (_SLOWLY if self._average else 1.0)
        self._cost = max(cost, _MEMORY * self._cost + (1 - _MEMORY) * cost)
        fitting = int(AIM_SECONDS / self._cost) if self._cost else MOST
        self.size = max(LEAST, min(fitting, _GROWTH * self.size, MOST))
