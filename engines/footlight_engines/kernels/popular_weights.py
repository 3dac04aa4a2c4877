"""The weights of popular items by person, in half bytes: what people have in common is summed up sixteen at a time.

A posting names its person, so its weight goes to a place of its own. Where an item is liked by many, to read a half byte for
everybody, the next one's beside it, takes a tenth of the time. They save nothing else: where there are none, the same sums
come out.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, Interactions, find, holds

SIDE = 8_192
"""So many people lie side by side in the low halves of bytes; the high halves of the same bytes are the next ones'."""
MOST = 15
"""The largest half byte."""
_UNIT = 8
"""What a half byte of 1 stands for where the weights of an item allow it: half a star."""
_AT_ONCE = 255 // MOST
"""Of so many columns the sums of half bytes still fit a byte."""
_LOW, _HALF = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(4)


class PopularWeights(NamedTuple):
    """D columns of weights for up to P people; the columns are of H bytes, see `column_bytes`."""

    column: NDArray[np.int32]  # (I,) which one is the item's; -1: none
    unit: NDArray[np.int32]  # (D,) what a half byte of 1 stands for
    code: NDArray[np.uint8]  # (D, H) weight / unit, 0 where there is no preference
    root: NDArray[np.float32]  # (P,) of the sum of squared weights
    most: NDArray[np.int64]  # (1,) no sum of squared weights is larger


class Sums(NamedTuple):
    """Working space."""

    total: NDArray[np.int32]  # (P,) the sums
    wide: NDArray[np.int64]  # (P,) the same where they may be large
    low: NDArray[np.uint64]  # (SIDE / 8,) a byte for each person
    high: NDArray[np.uint64]  # (SIDE / 8,)


def column_bytes(people: int) -> int:
    """How many bytes a column for so many people has: whole words."""
    whole, rest = divmod(people, 2 * SIDE)
    return whole * SIDE + (min(rest, SIDE) + 7) // 8 * 8


@part()
def _unit_of(weights: NDArray[np.int32]) -> int:
    """What half bytes of some weights count; 0 where there is no such number."""
    common, most = 0, 0
    for weight in weights:
        if weight <= 0:
            return 0
        a, b = int(weight), common
        while b:
            a, b = b, a % b
        common, most = a, max(most, int(weight))
    for unit in (_UNIT, common):
        if unit > 0 and common % unit == 0 and most <= MOST * unit:
            return unit
    return 0


@part()
def _put(popular: PopularWeights, column: int, user: int, code: int) -> None:
    """Set a person's half byte."""
    at = user // (2 * SIDE) * SIDE + user % SIDE
    kept = int(popular.code[column, at])
    popular.code[column, at] = (kept & 15) | (code << 4) if (user // SIDE) & 1 else (kept & 240) | code


@kernel()
def fill_columns(x: Interactions, popular: PopularWeights, items: NDArray[np.int32]) -> None:
    """Fill empty columns, one for each of the items; those whose weights fit no half byte get none."""
    for n in range(len(items)):
        start = x.item_start[items[n]]
        end = start + x.item_length[items[n]]
        unit = _unit_of(x.posted[start:end])
        popular.unit[n] = unit
        if unit == 0:
            continue
        popular.column[items[n]] = n
        for p in range(start, end):
            _put(popular, n, int(x.person[p]), int(x.posted[p]) // unit)
    for user in range(x.used[PEOPLE]):
        popular.root[user] = sqrt(float(x.person_square[user]))
        popular.most[0] = max(popular.most[0], x.person_square[user])


@kernel()
def follow_weights(
    x: Interactions, popular: PopularWeights, users: NDArray[np.int32], items: NDArray[np.int32]
) -> None:
    """Carry what ``x`` has of some people and items over; a weight that fits no half byte ends its column."""
    for n in range(len(users)):
        user, item = int(users[n]), int(items[n])
        if user >= len(popular.root):
            continue
        popular.root[user] = sqrt(float(x.person_square[user]))
        popular.most[0] = max(popular.most[0], x.person_square[user])
        column = popular.column[item] if item < len(popular.column) else -1
        if column < 0:
            continue
        at, unit = find(x, user, item), int(popular.unit[column])
        weight = int(x.weight[at]) if holds(x, user, item, at) else 0
        if weight < 0 or weight % unit or weight > MOST * unit:
            popular.column[item] = -1
        else:
            _put(popular, column, user, weight // unit)


@kernel()
def take_out(x: Interactions, popular: PopularWeights, user: int) -> None:
    """Empty the half bytes of a person whose records are still in ``x``."""
    if user >= len(popular.root):
        return
    popular.root[user] = 0.0
    for r in range(x.person_start[user], x.person_start[user] + x.person_length[user]):
        item = x.item[r]
        if item < len(popular.column) and popular.column[item] >= 0:
            _put(popular, popular.column[item], user, 0)


@part()
def _add_columns(words: NDArray[np.uint64], columns: NDArray[np.int64], sums: Sums, first: int, size: int) -> None:
    """Add up the half bytes of at most `_AT_ONCE` columns, of so many words from the first one on."""
    low, high, n = sums.low[:size], sums.high[:size], 0
    low[:] = np.uint64(0)
    high[:] = np.uint64(0)
    while n + 4 <= len(columns):  # four at a time: the sums are read and written less often
        a, b = words[columns[n], first : first + size], words[columns[n + 1], first : first + size]
        c, d = words[columns[n + 2], first : first + size], words[columns[n + 3], first : first + size]
        for k in range(size):
            low[k] += (a[k] & _LOW) + (b[k] & _LOW) + (c[k] & _LOW) + (d[k] & _LOW)
            high[k] += (
                ((a[k] >> _HALF) & _LOW)
                + ((b[k] >> _HALF) & _LOW)
                + ((c[k] >> _HALF) & _LOW)
                + ((d[k] >> _HALF) & _LOW)
            )
        n += 4
    while n < len(columns):
        a = words[columns[n], first : first + size]
        for k in range(size):
            low[k] += a[k] & _LOW
            high[k] += (a[k] >> _HALF) & _LOW
        n += 1


@part()
def _spread(codes: NDArray[np.uint8], factor: int, total: NDArray[np.int32]) -> None:
    times = np.int32(factor)
    for k in range(len(total)):
        total[k] += times * np.int32(codes[k])


@part()
def _add_popular(popular: PopularWeights, sums: Sums, chosen: NDArray[np.int64], people: int) -> None:
    """Add the chosen columns, those of one factor together."""
    chosen.sort()
    words, columns, factors = popular.code.view(np.uint64), chosen & 0xFFFFFFFF, chosen >> 32
    low, high = sums.low.view(np.uint8), sums.high.view(np.uint8)
    for start in range(0, people, 2 * SIDE):
        left, right = (
            sums.total[start : min(start + SIDE, people)],
            sums.total[start + SIDE : min(start + 2 * SIDE, people)],
        )
        n = 0
        while n < len(chosen):
            end = n + 1
            while end < len(chosen) and factors[end] == factors[n] and end - n < _AT_ONCE:
                end += 1
            _add_columns(words, columns[n:end], sums, start // 16, (len(left) + 7) // 8)
            _spread(low, factors[n], left)
            _spread(high, factors[n], right)
            n = end


@part()
def fits(popular: PopularWeights, items: NDArray[np.int32], weights: NDArray[np.int32]) -> bool:
    """Whether the products of some weights with anybody's sum up to less than 31 bits hold.

    By Cauchy and Schwarz that is so where sum_i w_i^2 sum_i w_vi^2 is below 2^62; where an item may be named twice, where
    (sum_i |w_i|)^2 max_i w_vi^2 is.
    """
    square, size, ascending = 0.0, 0.0, True
    for n in range(len(items)):
        square += float(weights[n]) ** 2
        size += abs(float(weights[n]))
        ascending = ascending and (n == 0 or items[n] > items[n - 1])
    return bool((square if ascending else size * size) * float(popular.most[0]) < 2.0**62)


@part()
def sum_products(
    x: Interactions, popular: PopularWeights, sums: Sums, items: NDArray[np.int32], weights: NDArray[np.int32]
) -> None:
    """Put sum_i w_i w_vi over some items into ``sums.total`` for every person v. `fits` must hold."""
    people, size, total, chosen = x.used[PEOPLE], 0, sums.total, np.empty(len(items), np.int64)
    total[:people] = 0
    for n in range(len(items)):
        item, weight = items[n], int(weights[n])
        if weight == 0 or item < 0 or item >= x.used[ITEMS]:
            continue
        column = popular.column[item] if item < len(popular.column) else -1
        if column >= 0:
            chosen[size] = (weight * int(popular.unit[column]) << 32) | int(column)
            size += 1
            continue
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            total[np.uint32(x.person[p])] += np.int32(weight * x.posted[p])
    if size > 0:
        _add_popular(popular, sums, chosen[:size], people)


@part()
def sum_wide_products(x: Interactions, sums: Sums, items: NDArray[np.int32], weights: NDArray[np.int32]) -> None:
    """The same into ``sums.wide``, for weights of any size, from the postings alone."""
    sums.wide[: x.used[PEOPLE]] = 0
    for n in range(len(items)):
        item, weight = items[n], int(weights[n])
        if weight == 0 or item < 0 or item >= x.used[ITEMS]:
            continue
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            sums.wide[np.uint32(x.person[p])] += weight * int(x.posted[p])
