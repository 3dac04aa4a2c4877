"""The counts and how they are read, in the arrays of a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import State
from footlight_sasrec.counts import RECENT, Counts, Weights
from footlight_sasrec.histories import AGES

_COUNTS = {"first": "counts_first", "item": "counts_item", "root": "counts_root", "met": "counts_met"}
_WEIGHTS = {"place": "counts_place", "age": "counts_age", "link": "counts_link"}
_ALL = (*_COUNTS.values(), *_WEIGHTS.values())


def arrays_of(counts: Counts, weights: Weights) -> Mapping[str, NDArray[Any]]:
    """Copies of all arrays, by name."""
    found = {name: getattr(counts, part).copy() for part, name in _COUNTS.items()}
    link = np.array([weights.power, weights.floor])
    return found | {_WEIGHTS["place"]: weights.place, _WEIGHTS["age"]: weights.age, _WEIGHTS["link"]: link}


def counts_of(state: State, items: int) -> tuple[Counts, Weights] | None:
    """The counts of a state; None where it has none.

    Raises
    ------
    ValueError
        When they are not those of so many items.
    """
    if not any(name in state.arrays for name in _ALL):
        return None
    first, item, root, met, place, age, link = (np.array(state.arrays.get(name, np.zeros(0))) for name in _ALL)
    fits = (
        (len(first), len(met), len(place), len(age), len(link)) == (items + 1, items, RECENT, AGES, 2)
        and first[0] == 0
        and first[-1] == len(item) == len(root)
        and (np.diff(first) >= 0).all()
    )
    if not fits or (len(item) and not 0 <= item.min() <= item.max() < items):
        raise ValueError(f"the arrays {sorted(_ALL)} of the state must be counts of {items} items")
    counts = Counts(first.astype(np.int64), item.astype(np.int32), root.astype(np.float32), met.astype(np.int32))
    return counts, Weights(place.astype(np.float32), age.astype(np.float32), float(link[0]), float(link[1]))
