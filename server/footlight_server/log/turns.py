"""Turns in writing to one SQLite file, for several servers on one machine.

SQLite lets one write at a time, and whoever comes meanwhile sleeps, looks again, and sleeps longer: a server that writes
all the time keeps the others out for seconds. Two locks are fair: whoever is next in line holds the first and waits for
the second, so that the one who has just written comes after. It is courtesy only; that nobody writes between others'
statements is SQLite's own business.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 5.0
LOOK_S = 0.001


class Turns:
    """Two locked files beside the database. A process that dies lets go of both."""

    def __init__(self, database: Path) -> None:
        names = (database.with_name(f"{database.name}-{part}") for part in ("next", "turn"))
        self._next, self._turn = (os.open(name, os.O_RDWR | os.O_CREAT, 0o600) for name in names)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait until it is this server's turn, and have it inside the block; do without where somebody never ends."""
        end = time.monotonic() + PATIENCE_S
        _lock(self._next, end)
        _lock(self._turn, end)
        fcntl.flock(self._next, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go for good."""
        os.close(self._next)
        os.close(self._turn)


def _lock(descriptor: int, end: float) -> None:
    """Looked for again and again, because the kernel would wait for ever for a process that was stopped."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return
            time.sleep(LOOK_S)
        else:
            return
