"""Brings an engine forward along the log, in pieces, and tells how far it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from footlight_plugins import Events, Recommender

log = logging.getLogger(__name__)

FIRST_PIECE, PIECE = 512, 16_384
"""So many positions of the log are read and applied at once, at first and at most: memory stays flat however long the log
is, and how fast it goes is soon known."""

QUIET_SECONDS = 1.0
"""What takes no longer than this is not worth a line."""
LINE_SECONDS = 3.0
"""So far apart are the lines of a log file."""
BAR_SECONDS = 0.2
"""So far apart are those that only draw a bar; they are of the level DEBUG."""


class LogView(Protocol):
    """What is needed of the log here."""

    @property
    def position(self) -> int:
        """The last position that is committed."""

    @property
    def epoch(self) -> int:
        """The number of the last erasure."""

    def read(self, after: int, upto: int | None) -> Events:
        """The events after one position up to and including another, in the order of their positions."""

    def erasures_since(self, epoch: int) -> Sequence[tuple[int, int]]:
        """The (epoch, user ordinal) of every erasure after the given one, in order."""


class Advance:
    """How far something of known length is, told to the module's logger; each record carries this as ``advance``."""

    def __init__(self, what: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self.seconds = 0.0
        """The time since the beginning, when it was last told."""
        self._clock = clock
        self._started = clock()
        self._line = self._bar = 0.0

    @property
    def pace(self) -> float:
        """Events a second."""
        return self.done / max(self.seconds, 1e-9)

    @property
    def finished(self) -> bool:
        """Whether all is done."""
        return self.done >= self.total

    def tell(self, done: int) -> None:
        """Say how much is done; most of the time nobody hears of it."""
        self.done, self.seconds = done, self._clock() - self._started
        if self.seconds < QUIET_SECONDS:
            return
        if self.finished or self.seconds - self._line >= LINE_SECONDS:
            self._line = self._bar = self.seconds
            log.info("%s", str(self), extra={"advance": self})
        elif self.seconds - self._bar >= BAR_SECONDS:
            self._bar = self.seconds
            log.debug("%s", str(self), extra={"advance": self})

    def __str__(self) -> str:
        if self.finished:
            return f"{self.what}: {self.total:,} events in {self.seconds:.1f} s ({self.pace:,.0f} events/s)"
        left = f", {(self.total - self.done) / self.pace:,.0f} s left" if self.done else ""
        return f"{self.what}: {self.done:,} of {self.total:,} events ({self.pace:,.0f} events/s{left})"


def pieces(view: LogView, after: int, upto: int, advance: Advance) -> Iterator[Events]:
    """The events after one position up to and including another, a piece at a time."""
    start, size = after, FIRST_PIECE
    while start < upto:
        end = min(start + size, upto)
        yield view.read(start, end)
        advance.tell(end - after)
        start, size = end, min(2 * size, PIECE)


def replay(
    engine: Recommender, view: LogView, steps: tuple[int, int], name: str, dear: Callable[[Advance], bool]
) -> bool:
    """Apply the events after one position up to and including another.

    Returns
    -------
    Whether that was done; it is left off as soon as ``dear`` says that it takes too long.
    """
    after, upto = steps
    advance = Advance(f"'{name}' replays the log", upto - after)
    for events in pieces(view, after, upto, advance):
        if advance.done and dear(advance):
            return False
        engine.apply(events)
    return True


def read_whole(view: LogView, upto: int, name: str) -> Events:
    """All events up to and including a position, at once: a fit needs them."""
    read = list(pieces(view, 0, upto, Advance(f"'{name}' reads the log", upto)))
    if not read:
        return Events.empty()
    columns = (np.concatenate([getattr(each, column) for each in read]) for column in Events.__dataclass_fields__)
    return Events(*columns)
