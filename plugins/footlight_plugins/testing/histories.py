"""What a recommender lives through: events come in, some twice and some late, people are forgotten, the host restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from footlight_plugins import Events


@dataclass(frozen=True, slots=True)
class Arrival:
    """Events come in, to be applied at once."""

    events: Events


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A person is taken out."""

    user: int


@dataclass(frozen=True, slots=True)
class Restart:
    """The state is stored, and loaded by a new engine."""


Step: TypeAlias = Arrival | Forgetting | Restart
History: TypeAlias = Sequence[Step]


def some_history(events: Events, seed: int) -> list[Step]:
    """The events in batches of chance, a fifth of them once more later, with forgetting and restarts in between."""
    rng = np.random.default_rng(seed)
    rows = np.arange(len(events))
    again = rng.choice(rows, len(events) // 5)
    order = np.insert(rows, rng.integers(0, len(rows), len(again)), again)
    steps: list[Step] = []
    while len(order):
        size = int(rng.integers(1, 40))
        steps.append(Arrival(events.take(order[:size])))
        order = order[size:]
        if rng.random() < 0.3:
            steps.append(Restart())
        if rng.random() < 0.3:
            steps.append(Forgetting(int(rng.choice(events.user))))
    return steps
