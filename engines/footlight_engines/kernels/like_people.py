"""Who is like somebody: the k nearest of all people, found anew for every question."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import part
from footlight_engines.kernels.correlations import correlation
from footlight_engines.kernels.interactions import ITEMS, PEOPLE, Interactions
from footlight_engines.kernels.neighbours import cosine
from footlight_engines.kernels.popular_weights import PopularWeights, Sums, fits, sum_products, sum_wide_products
from footlight_engines.kernels.selection import offer, sort_heap

_LOOK = 64
"""So many people are looked at together: mostly none of them is near enough."""
_ROUNDING = 1e-6
"""By how much the bar of a look, in single precision, is lower than it has to be."""


class Liking(NamedTuple):
    """What somebody prefers, of known people a row of `Interactions`: places ``first`` to ``last - 1`` of both arrays."""

    item: NDArray[np.int32]
    weight: NDArray[np.int32]
    first: int
    last: int


class Likeness(NamedTuple):
    """Who counts as like somebody, and how much they say: the k most similar, of at least a similarity, as s^exponent."""

    k: int
    minimum: float
    shrinkage: float
    pearson: bool
    exponent: float


class Meeting(NamedTuple):
    """Who was found, and working space for correlations among P people, or none where nobody asks for them."""

    heap_score: NDArray[np.float64]  # (k,) similarities
    heap_person: NDArray[np.int32]  # (k,)
    rated: NDArray[np.int64]  # (P, 6) see `_meet_raters`
    met: NDArray[np.int64]  # (P,) the question that met the person
    people: NDArray[np.int32]  # (P,) whom it met
    tick: NDArray[np.int64]  # (1,) counts questions


class Crowd(NamedTuple):
    """Whom to look for, and where."""

    like: Likeness
    popular: PopularWeights
    sums: Sums
    meeting: Meeting


@part()
def _meet_raters(x: Interactions, meeting: Meeting, liking: Liking) -> int:
    """The sums that Pearson's correlation takes, over the items that a person u has in common with everybody v.

    Returns
    -------
    How many people were met; ``meeting.rated`` holds n, sum w_u, sum w_v, sum w_u^2, sum w_v^2 and sum w_u w_v for each.
    """
    meeting.tick[0] += 1
    people, posted, sums, seen, order = x.person, x.posted, meeting.rated, meeting.met, meeting.people
    met, tick = 0, meeting.tick[0]
    for r in range(liking.first, liking.last):
        item, weight = liking.item[r], int(liking.weight[r])
        if weight == 0 or item < 0 or item >= x.used[ITEMS]:
            continue
        start = x.item_start[item]
        for p in range(np.uint64(start), np.uint64(start + x.item_length[item])):
            other, theirs = np.uint32(people[p]), int(posted[p])
            if seen[other] != tick:
                seen[other], order[met] = tick, other
                met += 1
                for n in range(6):
                    sums[other, n] = 0
            sums[other, 0] += 1
            sums[other, 1] += weight
            sums[other, 2] += theirs
            sums[other, 3] += weight * weight
            sums[other, 4] += theirs * theirs
            sums[other, 5] += weight * theirs
    return met


@part()
def _most_correlated(x: Interactions, crowd: Crowd, user: int, liking: Liking) -> int:
    """Put those whose ratings correlate most into the heap; return how many."""
    like, meeting, size = crowd.like, crowd.meeting, 0
    for n in range(_meet_raters(x, meeting, liking)):
        ordinal = meeting.people[n]
        if ordinal == user:
            continue
        both, a, b, aa, bb, ab = meeting.rated[np.uint32(ordinal)]
        score = float(correlation(both, (a, b), (aa, bb), ab) * both / (both + like.shrinkage))
        if score > 0.0 and score >= like.minimum and (size < like.k or score >= meeting.heap_score[0]):
            size = offer(meeting.heap_score, meeting.heap_person, size, like.k, score, ordinal)
    return size


@part()
def _reaches(total: NDArray[Any], root: NDArray[np.float32], slope: np.float32, least: np.float32) -> bool:
    """Whether c_v >= slope * r_v + least, and c_v > 0, for anybody."""
    reached = False
    for n in range(len(total)):
        reached |= (total[n] > 0) & (np.float32(total[n]) >= slope * root[n] + least)
    return reached


@part()
def _nearest(x: Interactions, crowd: Crowd, user: int, own_root: float, total: NDArray[Any]) -> int:
    """Put those of the highest cosine into the heap, given what everybody has in common with the person; return how many.

    The similarity c / (r r_v + shrinkage) is above a bar where c is above bar r r_v + bar shrinkage, which is looked at in
    single precision, for many at once; who passes is computed in double precision.
    """
    like, meeting, size, bar = crowd.like, crowd.meeting, 0, crowd.like.minimum
    for start in range(0, len(total), _LOOK):
        end = min(start + _LOOK, len(total))
        slope, least = bar * own_root * (1.0 - _ROUNDING), bar * like.shrinkage * (1.0 - _ROUNDING)
        if not _reaches(total[start:end], crowd.popular.root[start:end], np.float32(slope), np.float32(least)):
            continue
        for other in range(start, end):
            if total[other] <= 0 or other == user:
                continue
            score = cosine(int(total[other]), own_root, sqrt(float(x.person_square[other])), like.shrinkage)
            if score >= bar:
                size = offer(meeting.heap_score, meeting.heap_person, size, like.k, score, other)
                if size == like.k:
                    bar = max(like.minimum, meeting.heap_score[0])
    return size


@part()
def nearest_people(x: Interactions, crowd: Crowd, user: int, liking: Liking) -> int:
    """Put the k people most like one person into the heap, best first; return how many."""
    people = x.used[PEOPLE]
    if crowd.like.pearson:
        size = _most_correlated(x, crowd, user, liking)
    else:
        square, items = 0, liking.item[liking.first : liking.last]
        weights = liking.weight[liking.first : liking.last]
        for weight in weights:
            square += int(weight) * int(weight)
        if fits(crowd.popular, items, weights):
            sum_products(x, crowd.popular, crowd.sums, items, weights)
            size = _nearest(x, crowd, user, sqrt(float(square)), crowd.sums.total[:people])
        else:
            sum_wide_products(x, crowd.sums, items, weights)
            size = _nearest(x, crowd, user, sqrt(float(square)), crowd.sums.wide[:people])
    sort_heap(crowd.meeting.heap_score, crowd.meeting.heap_person, size)
    return size
