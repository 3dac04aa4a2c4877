"""Random logs, and how closely two answers agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from footlight_plugins import Events, Query, Ranking, State, TrainingRun

RUN = TrainingRun(seed=0, directory=Path("unused"), report=lambda fraction, step, metrics: None)
VALUES = ([1.0], [1.0, 2.0, 3.0, 4.0, 5.0], [-5.0, -1.0, 0.0, 0.5, 1.0, 5.0], [1_000.0, 0.0625, -3.0])
"""Plays, stars, likes and dislikes, and extremes."""


def random_log(seed: int, rows: int, people: int, items: int) -> Events:
    """Preferences (mostly), retractions and skips, with ties in time, in the order of their arrival."""
    rng = np.random.default_rng(seed)
    return Events(
        user=rng.integers(people, size=rows).astype(np.int32),
        item=np.minimum(rng.geometric(0.08, size=rows) - 1, items - 1).astype(np.int32),
        kind=rng.choice([4, 1, 8, 6], size=rows, p=[0.6, 0.2, 0.15, 0.05]).astype(np.int8),
        value=rng.choice(VALUES[seed % len(VALUES)], size=rows),
        time=rng.integers(60, size=rows),
        tie=rng.permutation(rows).astype(np.int64),
    )


def ask(user: int, count: int = 10, items: int = 200, **changes: Any) -> Query:
    """Ask for any item, with all reasons."""
    return replace(Query(user, count, np.ones(items, np.bool_), reasons=3), **changes)


def bits(ranking: Ranking) -> tuple[bytes, ...]:
    """Everything that a ranking says, to the last bit."""
    columns = (ranking.items, ranking.scores, ranking.because, ranking.shares, ranking.people)
    return tuple(b"" if column is None else column.tobytes() for column in columns)


def state_bits(state: State) -> dict[str, bytes]:
    """All arrays of a state, to the last bit."""
    return {name: array.tobytes() for name, array in state.arrays.items()}
