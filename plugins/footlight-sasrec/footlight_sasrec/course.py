"""The course of a training: who is looked at in which order, in which batches, and when it is over."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_plugins import TrainingRun
from footlight_sasrec.histories import Lived
from footlight_sasrec.options import SasRecOptions

ROUND = 8_192
"""After so many people the training looks where it is: an epoch of more is parted into rounds."""
FULL = 4
"""A step has at least one in so many of the places that ``batch_size`` people could fill: short histories come in larger
batches, because a step costs as much for each item of the catalogue, however little is learned in it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of somebody's sequence."""

    part: Lived
    before: NDArray[np.int64]
    """The numbers of the items before it, which are not read but will not be met again."""


class Course:
    """What a training goes through."""

    def __init__(self, people: Sequence[Lived], items: int, options: SasRecOptions, run: TrainingRun) -> None:
        self.people, self.options, self.run = people, options, run
        self.rounds = math.ceil(options.epochs * max(1.0, len(people) / ROUND))
        rows = np.concatenate([one.rows for one in people])
        self.met = torch.from_numpy(np.bincount(rows, minlength=items + 1)[1:])  # (items,)
        places = np.mean([min(len(one.rows) - 1, options.length) for one in people])
        self.batch_size = max(options.batch_size, int(options.batch_size * options.length / FULL / places))
        self._began = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether its time is."""
        return time.monotonic() - self._began > self.options.max_seconds

    def fraction(self, rounds: float) -> float:
        """How much of it lies behind, by what was learned or by the clock."""
        spent = (time.monotonic() - self._began) / self.options.max_seconds
        return min(max(rounds / self.rounds, spent), 1.0)

    def drawn(self, rng: np.random.Generator) -> list[Lived]:
        """Those of one round: everybody, or as many as a round has."""
        if len(self.people) <= ROUND:
            return list(self.people)
        return [self.people[i] for i in rng.choice(len(self.people), ROUND, replace=False).tolist()]


def batches(people: Sequence[Lived], course: Course, rng: np.random.Generator) -> Iterator[list[Window]]:
    """Everybody once, those of about one length together, so that little is filled up."""
    windows = [_window(one, course.options.length + 1, rng) for one in people]
    lengths = np.array([len(one.part.rows) for one in windows])
    order = np.argsort(lengths * rng.uniform(0.8, 1.25, len(lengths)), kind="stable")
    starts = rng.permutation(np.arange(0, len(order), course.batch_size))
    for start in starts.tolist():
        yield [windows[i] for i in order[start : start + course.batch_size].tolist()]


def _window(one: Lived, length: int, rng: np.random.Generator) -> Window:
    """The latest part of a sequence half of the time, and any other part of what is longer the other half."""
    end = len(one.rows)
    if end > length and rng.random() >= 0.5:
        end = int(rng.integers(length, end + 1))
    return Window(one.last(length, end), one.rows[: max(0, end - length)])
