"""Preferences as the computation of all neighbours reads them: items ranked by popularity, in as few bytes as will do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, Interactions


class Ranked(NamedTuple):
    """N preferences for R items by rank, the least popular first."""

    item: NDArray[np.int32]  # (R,) the ordinal of the item of a rank
    ids: NDArray[Any]  # (N,) uint16 or uint32: ranks by person, ascending
    weights: NDArray[Any]  # (N,) int8, int16 or int32, as `ids`; (0,) where all are alike
    first: NDArray[np.int64]  # (R + 1,) where the postings of a rank begin
    rest: NDArray[Any]  # (N,) uint32 or uint64: by rank, where in `ids` the rest of the person's row begins; or (0,)
    more: NDArray[Any]  # (N,) as `ids`: how many entries it has; or (0,)
    own: NDArray[Any]  # (N,) the weight, by rank; (0,) where all are alike


@kernel()
def person_counts(x: Interactions) -> NDArray[np.int64]:
    """How many preferences other than 0 each person has; shape (P,)."""
    counts = np.zeros(len(x.person_start), np.int64)
    for user in range(x.used[PEOPLE]):
        start = x.person_start[user]
        for r in range(np.uint64(start), np.uint64(start + x.person_length[user])):
            counts[user] += x.weight[r] != 0
    return counts


@kernel()
def weight_range(x: Interactions) -> tuple[int, int, int]:
    """The least and the largest weight other than 0, and all bits that are set in any of them."""
    least, most, bits = np.int32(2**31 - 1), np.int32(-(2**31)), np.int32(0)
    for item in range(x.used[ITEMS]):
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            weight = x.posted[p]
            least, most, bits = min(least, weight), max(most, weight), bits | weight
    return int(least), int(most), int(bits)


@kernel()
def rank_entries(x: Interactions, ranked: Ranked, fill: NDArray[np.int64], people: tuple[int, int], unit: int) -> None:
    """Fill ids, weights and own for the people from the first to before the last, and rest where it is wanted.

    ``fill`` (P,) says where the people's rows begin in ``ids``, and afterwards where they end.
    """
    item, ids, weights, rest, own = ranked.item, ranked.ids, ranked.weights, ranked.rest, ranked.own
    first, last, weighted, resting = np.uint32(people[0]), np.uint32(people[1]), len(ranked.weights) > 0, len(rest) > 0
    for rank in range(len(item)):
        start, base = np.uint64(x.item_start[item[rank]]), np.uint64(ranked.first[rank])
        for n in range(np.uint64(ranked.first[rank + 1]) - base):
            user = np.uint32(x.person[start + n])
            if user < first or user >= last:
                continue
            at = np.uint64(fill[user])
            fill[user] += 1
            ids[at] = rank
            if resting:
                rest[base + n] = at + np.uint64(1)
            if weighted:
                weight = x.posted[start + n] // unit
                weights[at], own[base + n] = weight, weight


@kernel()
def measure_rests(x: Interactions, ranked: Ranked, end: NDArray[np.int64], ranks: tuple[int, int]) -> None:
    """Fill more for the ranks from the first to before the last; ``end`` (P,) is where people's rows end in ``ids``."""
    for rank in range(ranks[0], ranks[1]):
        start, base = np.uint64(x.item_start[ranked.item[rank]]), np.uint64(ranked.first[rank])
        for n in range(np.uint64(ranked.first[rank + 1]) - base):
            ranked.more[base + n] = end[np.uint32(x.person[start + n])] - np.int64(ranked.rest[base + n])


@kernel()
def mark_head(x: Interactions, ranked: Ranked, bits: NDArray[np.uint64], ranks: tuple[int, int]) -> None:
    """Set the bits of the people of these ranks; ``bits`` (H, words) is for the last H ranks."""
    tail = len(ranked.item) - len(bits)
    for rank in range(ranks[0], ranks[1]):
        start, h = x.item_start[ranked.item[rank]], np.uint64(rank - tail)
        for n in range(np.uint64(start), np.uint64(start + x.item_length[ranked.item[rank]])):
            user = np.uint64(np.uint32(x.person[n]))
            bits[h, user >> np.uint64(6)] |= np.uint64(1) << (user & np.uint64(63))
