"""How the counts are read is learned: what a place in the history and the time since then are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from footlight_plugins import CallEnded, TrainingRun
from footlight_sasrec.counts import AFTER, BACKWARD, BEFORE, GAPS, RECENT, Counts, Weights, latest
from footlight_sasrec.histories import AGES, Lived
from footlight_sasrec.losses import SEEN
from footlight_sasrec.options import SasRecOptions

FASTEST = 0.03
"""The first step of Adam; from there on they grow shorter down to 0."""
_PLACES, _NUMBERS = 256, 1 << 20
"""So many places at a step; fewer where there are fewer people, or places times items would be more than the second."""
_LATE = 100
"""It is learned at so many of the latest places of each history."""
_EXPONENT = 0.5


class Reading(nn.Module):
    """The weights of `Counts.read`."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(-torch.log(torch.arange(1.0, RECENT + 1)))  # as `sequence` reads them
        self.age = nn.Parameter(torch.zeros(AGES))
        self.power = nn.Parameter(torch.tensor(1.0))  # both are logarithms
        self.floor = nn.Parameter(torch.tensor(-4.6))

    def forward(self, places: Places) -> Tensor:
        """What `Counts.read` gives at some places, shape (P, items), from counts that leave the person out."""
        weight = torch.exp(self.place + self.age[places.age]) * places.before  # (P, K)
        total = functional.embedding_bag(places.row, places.table, per_sample_weights=weight, mode="sum") * places.after
        own = torch.einsum("pk,pkg->pg", weight, places.others) * places.later_after  # (P, G)
        change = torch.where(places.real, own - total.gather(1, places.later), 0.0)
        total = total.scatter_add(1, places.later, change)
        highest = total.amax(dim=1, keepdim=True).clamp(min=1e-12)
        read: Tensor = self.power.exp() * torch.log(total / highest + self.floor.exp())
        return read

    def weights(self) -> Weights:
        """As numbers."""
        place, age = (one.detach().numpy().copy() for one in (self.place, self.age))
        return Weights(place, age, float(self.power.detach().exp()), float(self.floor.detach().exp()))


class Places:
    """Some places in histories: what was met before each, and the counts of it without what the person did.

    A person's own pairs must not help to guess the very item that they were counted from. What they add to the counts of
    what they met later, at most ``GAPS`` places on, is taken out; what they add to other items is what they met before.
    """

    def __init__(self, counts: Counts, people: Sequence[Lived], ends: NDArray[np.int64]) -> None:
        """People, and before which place of each; shapes (P,)."""
        self.people, self.ends, self.items = people, ends, len(counts.met)
        recent, age = np.full((len(people), RECENT), -1), np.zeros((len(people), RECENT), np.int64)
        later = np.full((len(people), GAPS), -1)
        for i, (one, end) in enumerate(zip(people, ends.tolist(), strict=True)):
            rows, ages = latest(one, end)
            recent[i, : len(rows)], age[i, : len(rows)] = rows, ages
            ahead = one.rows[end : end + GAPS] - 1
            later[i, : len(ahead)] = ahead
        distinct = np.unique(recent[recent >= 0])
        row = np.where(recent >= 0, np.searchsorted(distinct, recent), len(distinct))
        self.table, self.row = torch.from_numpy(counts.table(distinct)), torch.from_numpy(row)  # (m + 1, items), (P, K)
        self.age = torch.from_numpy(age)  # (P, K)
        self.later, self.real = torch.from_numpy(np.maximum(later, 0)), torch.from_numpy(later >= 0)  # (P, G)
        self.after = _numbers((counts.met + 2.0) ** -AFTER)  # (items,)
        self.before = _numbers((counts.met[recent] + 1.0) ** -BEFORE * (recent >= 0))  # without this person
        self.later_after = _numbers((counts.met[later] + 1.0) ** -AFTER)
        self.others = self._others(counts.gaps)

    def _others(self, gaps: int) -> Tensor:
        """The roots of what others add to the counts of what is met before and later, shape (P, K, G)."""
        gap = np.arange(1, RECENT + 1)[:, None] + np.arange(GAPS)
        own = _numbers(np.where(gap <= gaps, 1.0 / gap, 0.0))
        rest = self.table[self.row[:, :, None], self.later[:, None, :]].square() - own
        return torch.where(rest > BACKWARD / GAPS / 2, rest, 0.0).sqrt()  # less than that is rounding

    def following(self) -> Tensor:
        """The item that was met at each place, from 0 on, shape (P,)."""
        return self.later[:, 0]

    def met(self) -> Tensor:
        """`SEEN` for what was met before, 0 for all else; shape (P, items)."""
        mask = np.zeros((len(self.people), self.items), np.float32)
        for line, one, end in zip(mask, self.people, self.ends.tolist(), strict=True):
            line[one.rows[:end] - 1] = SEEN
        return torch.from_numpy(mask)


def learned_reading(counts: Counts, people: Sequence[Lived], options: SasRecOptions, run: TrainingRun) -> Weights:
    """Learn by guessing what came next at drawn places, everybody's as often.

    The loss is the generalised cross-entropy (1 - p^q) / q (Zhang and Sabuncu 2018) with q = 0.5, which cares less for what
    cannot be guessed than the plain one does: what counts is what comes first.

    Raises
    ------
    CallEnded
        When the run is stopping.
    """
    steps, rng = options.reading_steps, np.random.default_rng([run.seed, 0, 1])
    reading = Reading()
    optimiser = torch.optim.Adam(reading.parameters(), lr=FASTEST)
    places = max(16, min(_PLACES, len(people), _NUMBERS // len(counts.met)))
    for step in range(steps):
        if run.stopping():
            raise CallEnded("the training was stopped")
        drawn = [people[i] for i in rng.integers(0, len(people), places)]
        ends = np.array([int(rng.integers(max(1, len(one.rows) - _LATE), len(one.rows))) for one in drawn])
        batch = Places(counts, drawn, ends)
        surprise = functional.cross_entropy(reading(batch) + batch.met(), batch.following(), reduction="none")
        loss = ((1 - torch.exp(-_EXPONENT * surprise)) / _EXPONENT).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            group["lr"] = FASTEST * (1 - step / steps)
        optimiser.step()
    return reading.weights()


def _numbers(values: NDArray[np.floating[Any]]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
