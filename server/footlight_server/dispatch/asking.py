"""Who asks, and until when they wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from footlight_plugins import Call

DEFAULT_SECONDS = 30.0
"""How long a caller waits who did not say."""
LONGEST_SECONDS = 300.0
"""No call waits longer, whatever the caller says."""

TENANT = "default"
"""There is one tenant for now; its name is in every key already."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    tenant: str
    subject: str


ANYBODY = Principal(TENANT, "anonymous")


@dataclass(slots=True)  # not frozen: it is made with every call, and that would take twice as long
class Asking:
    """One call: who asks and until when they wait."""

    principal: Principal = ANYBODY
    deadline: float = field(default_factory=lambda: time.monotonic() + DEFAULT_SECONDS)
    """On the clock of `time.monotonic`, in seconds."""
    leaving: Callable[[], int] = field(default=lambda: 0)
    """Above 0 once the caller has left; any thread may ask."""

    @property
    def call(self) -> Call:
        """What the engine may know of it."""
        leaving = self.leaving
        return Call(self.deadline, lambda: leaving() > 0)

    @property
    def remaining(self) -> float:
        """Seconds left, 0 when the deadline has passed."""
        return max(0.0, self.deadline - time.monotonic())


class Policy:
    """Decides who may do what. This one lets everybody do everything; tokens and scopes take its place later."""

    def check(self, asking: Asking, permission: str) -> None:
        """Raise when the principal may not."""
