"""How fast a token may call."""

from __future__ import annotations

import time
from collections.abc import Callable

from footlight_server.errors import ResourceExhausted


class Pace:
    """A bucket that fills at the rate and holds one second's worth, at least one call."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``rate`` is in calls per second, above 0."""
        self.rate = rate
        self._most = max(rate, 1.0)
        self._clock = clock
        self._left = self._most
        self._at = clock()

    def take(self) -> None:
        """Count a call, or raise ResourceExhausted with the time until there is room for one."""
        now = self._clock()
        left = min(self._most, self._left + (now - self._at) * self.rate)
        self._at = now
        if left < 1.0:
            self._left = left
            wait = (1.0 - left) / self.rate
            raise ResourceExhausted(f"the token allows {self.rate:g} calls a second", wait, "RATE_LIMITED")
        self._left = left - 1.0
