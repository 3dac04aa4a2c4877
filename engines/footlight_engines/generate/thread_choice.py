"""As many threads as a training was given, or one where other processes need the cores.

Threads that share an operation wait for each other at its end, by spinning. Where one of them has no core because another
process has it, each of the hundreds of operations of a step waits for the scheduler: on two busy cores a step took fifty
times as long on two threads as on one. How sums round depends on the number of threads, so the number is changed for nothing
less; an option that names it is kept to.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

LOOK_SECONDS = 5.0
"""When to look for the first time."""
AGAIN_SECONDS = 20.0
"""The time between two looks: with trials that take half a second on threads that wait, they cost a twentieth."""
CLEARLY = 1.5
"""One thread is taken when a trial takes so many times as long on all; it is kept until all are no slower."""
_TRIALS = 2


class ThreadChoice:
    """How many threads of PyTorch a training on CPUs computes with."""

    def __init__(
        self, trial: Callable[[], object], named: bool = False, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """``trial`` is a typical piece of the work, which changes nothing; ``named``: somebody chose the number."""
        self._trial, self._clock = trial, clock
        self._all = torch.get_num_threads()
        self._due = float("inf") if named or self._all == 1 else clock() + LOOK_SECONDS
        self.alone = False
        """Whether it computes on one thread although there are more."""

    def attend(self) -> None:
        """Look whether it is time, and which number is quicker."""
        if self._clock() < self._due:
            return
        together, single = self._seconds(self._all), self._seconds(1)
        self.alone = together > single if self.alone else together > CLEARLY * single
        torch.set_num_threads(1 if self.alone else self._all)
        self._due = self._clock() + AGAIN_SECONDS

    def _seconds(self, count: int) -> float:
        """How long the quicker of some trials takes on so many threads."""
        torch.set_num_threads(count)
        took = []
        for _ in range(_TRIALS):
            start = self._clock()
            self._trial()
            took.append(self._clock() - start)
        return min(took)
