"""Is there room? Refusing early costs less than answering late."""

from __future__ import annotations

from footlight_server.dispatch.asking import Asking
from footlight_server.errors import DeadlineExceeded, ResourceExhausted


class Admission:
    """Counts the calls that work for or wait for one deployment."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self.pending = 0

    def enter(self, asking: Asking) -> Admission:
        """Hold a place until the end of the ``with`` block that this opens.

        Raises
        ------
        ResourceExhausted
            When all places are taken.
        DeadlineExceeded
            When the caller no longer waits.
        """
        if self.pending >= self._limit:
            raise ResourceExhausted(f"deployment '{self._name}' has {self._limit} calls waiting", retry_after=0.1)
        if not asking.remaining:
            raise DeadlineExceeded("the deadline had passed before the call was started")
        self.pending += 1
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.pending -= 1
