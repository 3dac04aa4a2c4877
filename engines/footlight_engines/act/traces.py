"""The newest steps of each open session, for returns of several rewards and for SARSA."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import State

MOST_SESSIONS = 65_536
"""So many open sessions are followed; the one that has waited longest is dropped then, its last steps unlearned."""


class Traces:
    """Gives each open session a slot in arrays that grow as needed.

    A kernel changes ``trace`` (slots, n, 2), ``earned`` (slots, n), ``length`` (slots,), ``awaited`` (slots,) and
    ``awaited_mask`` (slots, actions).
    """

    def __init__(self, n: int, actions: int) -> None:
        self._n, self._actions = n, actions
        self._slots: dict[int, int] = {}
        self._free: list[int] = []
        self._allocate(0)

    def _allocate(self, slots: int) -> None:
        self.trace = np.zeros((slots, self._n, 2), np.int64)
        self.earned = np.zeros((slots, self._n))
        self.length = np.zeros(slots, np.int64)
        self.awaited = np.zeros(slots, np.int64)
        self.awaited_mask = np.ones((slots, self._actions), np.bool_)

    def slots(
        self, sessions: NDArray[np.int64], over: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The slot of each step's session, and whether it was given to it just now, shape (n,) each.

        A session that ends gives its slot back, perhaps to the one of the next step.
        """
        found, fresh, ended = np.empty(len(sessions), np.int64), np.zeros(len(sessions), np.bool_), over.tolist()
        for i, session in enumerate(sessions.tolist()):
            slot = self._slots.pop(session, -1)
            if slot < 0:
                slot, fresh[i] = self._take(), True
            if ended[i]:
                self._free.append(slot)
            else:
                self._slots[session] = slot  # again at the end: the order is that of the newest step
            found[i] = slot
        return found, fresh

    def _take(self) -> int:
        if len(self._slots) >= MOST_SESSIONS:
            return self._slots.pop(next(iter(self._slots)))
        if not self._free:
            self._grow()
        return self._free.pop()

    def _grow(self) -> None:
        before, used = self._arrays(), len(self.length)
        self._allocate(max(16, 2 * used))
        for array, old in zip(self._arrays(), before, strict=True):
            array[:used] = old
        self._free.extend(range(len(self.length) - 1, used - 1, -1))

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.trace, self.earned, self.length, self.awaited, self.awaited_mask

    def state(self) -> dict[str, NDArray[Any]]:
        """A copy of what the open sessions hold, oldest session first."""
        slots = np.fromiter(self._slots.values(), np.int64, len(self._slots))
        return {
            "trace_session": np.fromiter(self._slots, np.int64, len(self._slots)),
            "trace": self.trace[slots],
            "trace_earned": self.earned[slots],
            "trace_length": self.length[slots],
            "trace_awaited": self.awaited[slots],
            "trace_mask": self.awaited_mask[slots],
        }

    @staticmethod
    def restored(state: State, n: int, actions: int) -> Traces:
        """What `state` wrote, or a ValueError."""
        traces, arrays = Traces(n, actions), state.arrays
        try:
            sessions = arrays["trace_session"].tolist()
            traces._allocate(len(sessions))
            traces.trace[:] = arrays["trace"]
            traces.earned[:] = arrays["trace_earned"]
            traces.length[:] = arrays["trace_length"]
            traces.awaited[:] = arrays["trace_awaited"]
            traces.awaited_mask[:] = arrays["trace_mask"]
        except (KeyError, ValueError) as wrong:
            raise ValueError(f"the traces of the state do not fit: {wrong}") from wrong
        traces._slots = {session: slot for slot, session in enumerate(sessions)}
        return traces
