"""Who asks, and until when they wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from footlight_plugins import Call
from footlight_server.errors import PermissionDenied

DEFAULT_SECONDS = 30.0
"""How long a caller waits who did not say."""
LONGEST_SECONDS = 300.0
"""No call waits longer, whatever the caller says."""

TENANT = "default"
"""The tenant of whoever shows no token, where none is asked for."""

SCOPES = ("read", "write", "act", "train", "admin")
"""What a caller may be allowed; none of them includes another."""


def _always() -> None:
    """Nothing stands in the way."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    tenant: str
    subject: str
    """A name for logs; never a secret."""
    scopes: frozenset[str] = frozenset(SCOPES)
    admit: Callable[[], None] = _always
    """Raises where the principal may not call now: its token has ended, or it calls too fast."""


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


def trusted(asking: Asking) -> Asking:
    """The same call, as the server itself makes it for a caller who was checked: parts of it need no scope of their own."""
    principal = replace(asking.principal, scopes=frozenset(SCOPES))
    return Asking(principal, asking.deadline, asking.leaving)


class Policy:
    """Decides who may do what. Of which tenant was decided before: no other tenant's things are within reach."""

    def check(self, asking: Asking, permission: str) -> None:
        """Raise PermissionDenied when the principal may not."""
        if permission not in asking.principal.scopes:
            raise PermissionDenied(permission)
