"""An alarm for a world that has changed: Page (1954) and Hinkley (1971), on rewards that fall short of their own mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from footlight_server.agents.settings import DriftPolicy

LEAST_DEVIATION = 1e-9


@dataclass(slots=True)
class PageHinkley:
    """Adds up by how many standard deviations each reward falls short of the mean so far, less the tolerance.

    The sum starts again at 0 whenever it falls below. It goes off at the threshold, and begins anew. Rises are no alarm: an
    agent that learns earns more and more.
    """

    policy: DriftPolicy
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    short: float = 0.0
    alarms: int = 0

    def feed(self, rewards: Iterable[float]) -> int | None:
        """Take in rewards up to the first that sets it off; answers how many that were, None where none did."""
        for number, reward in enumerate(rewards, 1):
            if self._feed(reward):
                self.count, self.mean, self.squares, self.short = 0, 0.0, 0.0, 0.0
                self.alarms += 1
                return number
        return None

    def _feed(self, reward: float) -> bool:
        if self.count >= self.policy.warm_up:
            deviation = max(LEAST_DEVIATION, math.sqrt(self.squares / self.count))
            # A world without any noise falls short by infinitely many deviations: one step counts at most a fifth.
            step = min((self.mean - reward) / deviation - self.policy.tolerance, self.policy.threshold / 5)
            self.short = max(0.0, self.short + step)
        self.count += 1
        before = self.mean
        self.mean += (reward - self.mean) / self.count
        self.squares += (reward - before) * (reward - self.mean)
        return self.short > self.policy.threshold

    def saved(self) -> list[float]:
        """What JSON can hold of it."""
        return [self.count, self.mean, self.squares, self.short, self.alarms]

    def restore(self, meta: Mapping[str, Any]) -> None:
        """Take over what `saved` wrote under "drift"; where there is nothing, begin anew."""
        count, self.mean, self.squares, self.short, alarms = meta.get("drift", [0, 0.0, 0.0, 0.0, 0])
        self.count, self.alarms = int(count), int(alarms)
