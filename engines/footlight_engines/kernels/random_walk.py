"""A walk of three steps on the graph of who likes what: from somebody's items to people, and on to their items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.interactions import Interactions
from footlight_engines.kernels.selection import offer, sort_heap


class Walk(NamedTuple):
    """Working space of a walk over P people of whom k go on."""

    chance: NDArray[np.float64]  # (P,) of reaching a person; 0 between walks
    met: NDArray[np.int32]  # (P,)
    best: NDArray[np.float64]  # (k,) the chances of those who go on, highest first
    people: NDArray[np.int32]  # (k,)


@kernel()
def count_likes(x: Interactions, users: NDArray[np.int32], likes: NDArray[np.int32]) -> None:
    """Add to ``likes`` how many items each of the users likes; both of shape (n,)."""
    for n in range(len(users)):
        first = x.person_start[users[n]]
        for r in range(first, first + x.person_length[users[n]]):
            likes[n] += x.weight[r] > 0


@kernel()
def reach_people(
    x: Interactions,
    items: NDArray[np.int32],
    leaving: NDArray[np.float64],
    entering: NDArray[np.float64],
    user: int,
    walk: Walk,
) -> int:
    """Walk from items to the people who like them, and keep the k who are most likely to be met.

    Parameters
    ----------
    items
        Shape (d,): where the walk begins.
    leaving
        Shape (d,): the weight of each step from an item to a person.
    entering
        Shape (P,): the weight of a step from each person to an item.
    user
        Who does not count: whose items these are.

    Returns
    -------
    How many go on; they are in ``walk.people``, by chance descending, then ordinal.
    """
    chance, met, count = walk.chance, walk.met, 0
    for n in range(len(items)):
        start, step = x.item_start[items[n]], leaving[n]
        for p in range(start, start + x.item_length[items[n]]):
            person = x.person[p]
            if x.posted[p] <= 0 or person == user:
                continue
            if chance[person] == 0.0:
                met[count] = person
                count += 1
            chance[person] += step
    size = 0
    for n in range(count):
        person = met[n]
        score = chance[person] * entering[person]
        chance[person] = 0.0
        if size < len(walk.best) or score >= walk.best[0]:
            size = offer(walk.best, walk.people, size, len(walk.best), score, person)
    sort_heap(walk.best, walk.people, size)
    return size


@kernel()
def reach_items(x: Interactions, walk: Walk, size: int, scores: NDArray[np.float64]) -> None:
    """Walk on from the people to what they like: add to the scores, shape (I,), which are 0 before."""
    for n in range(size):
        person, chance = walk.people[n], walk.best[n]
        start = x.person_start[person]
        for r in range(start, start + x.person_length[person]):
            if x.weight[r] > 0:
                scores[x.item[r]] += chance


@kernel()
def trace_walk(
    x: Interactions,
    begun: NDArray[np.int32],
    leaving: NDArray[np.float64],
    entering: NDArray[np.float64],
    ended: NDArray[np.int32],
    walk: Walk,
    size: int,
) -> NDArray[np.float64]:
    """How much of the chance of ending at an item comes from each that the walk began at, shape (ended, begun).

    Both lists must ascend. ``leaving`` and ``entering`` are those of `reach_people`.
    """
    parts = np.zeros((len(ended), len(begun)))
    steps = np.zeros(len(begun))
    for n in range(size):
        person = walk.people[n]
        first = x.person_start[person]
        last = first + x.person_length[person]
        for d in range(len(begun)):
            steps[d] = 0.0
        at = 0
        for r in range(first, last):
            while at < len(begun) and begun[at] < x.item[r]:
                at += 1
            if at < len(begun) and begun[at] == x.item[r] and x.weight[r] > 0:
                steps[at] = leaving[at] * entering[person]
        at = 0
        for r in range(first, last):
            while at < len(ended) and ended[at] < x.item[r]:
                at += 1
            if at < len(ended) and ended[at] == x.item[r] and x.weight[r] > 0:
                for d in range(len(begun)):
                    parts[at, d] += steps[d]
    return parts
