"""Popularity that fades, as sums of whole numbers.

A like at time t weighs round(2^24 * 2^((t - landmark) / half life)), a forward decay (Cormode et al. 2009): no weight ever
changes, because at any later time all have faded by the same factor. So there is no pass that ages them, and taking a
like out restores every bit. Likes more than 25 half lives before the landmark weigh nothing.
"""

from __future__ import annotations

from math import floor

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.interactions import Interactions

ONE = float(2**24)
"""The weight of a like at the landmark."""
SPAN = 16
"""A landmark serves for so many half lives: weights stay below 2^40, and the sum of eight million of them in an int64."""


@kernel()
def add_likes(
    x: Interactions,
    users: NDArray[np.int32],
    sign: int,
    landmark: int,
    half_life: float,
    heat: NDArray[np.int64],
) -> None:
    """Add (sign 1) or take out (-1) the weights of what some people like; times in microseconds, ``heat`` of shape (I,)."""
    for user in users:
        first = x.person_start[user]
        for r in range(first, first + x.person_length[user]):
            age = (x.time[r] - landmark) / half_life
            if x.weight[r] > 0 and age > -26.0:
                heat[x.item[r]] += sign * floor(ONE * 2.0**age + 0.5)


@kernel()
def latest_time(x: Interactions, people: int) -> int:
    """The latest time of any record, in microseconds; 0 where there is none."""
    latest = 0
    for user in range(people):
        first = x.person_start[user]
        for r in range(first, first + x.person_length[user]):
            latest = max(latest, x.time[r])
    return int(latest)
