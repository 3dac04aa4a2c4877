"""When each item may be answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from footlight_server.log.columns import grown

Window: TypeAlias = tuple[int, int | None, int | None]
ALWAYS, FOR_EVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class Availability:
    """The times from which and until which items are available, in microseconds since 1970, by ordinal."""

    def __init__(self) -> None:
        self._since = np.empty(0, np.int64)
        self._until = np.empty(0, np.int64)
        self._bounded = False

    def put(self, size: int, rows: Sequence[Window]) -> None:
        """Take over (ordinal, from, until) of some of ``size`` items; None where there is no such bound."""
        if not self._bounded and all(start is None and end is None for _, start, end in rows):
            return
        since, until = grown(self._since, size, ALWAYS), grown(self._until, size, FOR_EVER)
        for ordinal, start, end in rows:
            since[ordinal] = ALWAYS if start is None else start
            until[ordinal] = FOR_EVER if end is None else end
        self._since, self._until = since, until
        self._bounded = bool((since != ALWAYS).any() or (until != FOR_EVER).any())

    def among(self, live: NDArray[np.bool_], time: int) -> NDArray[np.bool_]:
        """Shape (items,): those of the items that are available at a time. The same array where all of them are."""
        if not self._bounded:
            return live
        return live & (self._since <= time) & (time < self._until)

    def next_change(self, time: int) -> int | None:
        """When the next item becomes available or ceases to be, after a time; None where none will."""
        if not self._bounded:
            return None
        ahead = [times[(times > time) & (times != FOR_EVER)] for times in (self._since, self._until)]
        return min((int(times.min()) for times in ahead if len(times)), default=None)
