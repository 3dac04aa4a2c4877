"""Lets an engine work off what it put off, before it serves or is stored."""

from __future__ import annotations

import time
from collections.abc import Callable

from footlight_plugins import Recommender
from footlight_server.models.answers import pending_of

PATIENCE_SECONDS = 60.0
"""An engine that gets no further for so long will not get further at all."""


def settle_fully(engine: Recommender, clock: Callable[[], float] = time.monotonic) -> None:
    """Settle until nothing is pending.

    Raises
    ------
    ValueError
        When the engine gets no further.
    """
    least, since = pending_of(engine), clock()
    while left := pending_of(engine):
        if left < least:
            least, since = left, clock()
        if clock() - since > PATIENCE_SECONDS:
            raise ValueError(f"it does not work off what it put off: {left:,} events stay pending")
        engine.settle()
