"""Fills an answer up, so that exactly as many items come back as are asked for, whenever there are so many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Basis, Query, Ranking


@dataclass(slots=True)
class Found:
    """What an engine answered, checked."""

    ranking: Ranking
    items: list[int]
    scores: list[float]


def open_places(query: Query, taken: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Shape (items,): what may still be answered once ``taken`` is in the answer; what was seen is not left out here."""
    mask = query.servable.copy()
    for items in (query.exclude, taken):
        mask[items[(items >= 0) & (items < len(mask))]] = False
    return mask


def newest(mask: NDArray[np.bool_], count: int) -> Ranking:
    """The items that were put last, all with the score 0."""
    items = np.flatnonzero(mask)[::-1][:count].astype(np.int32)
    return Ranking(items, np.zeros(len(items)), Basis.NEWEST)


def joined(first: Found, further: Ranking, reasons: int) -> Found:
    """One answer after another; the scores of the second become 0, or the first's lowest where that is below 0."""
    if not len(further.items):
        return first
    score = min([0.0, *first.scores[-1:]])
    scores = np.full(len(further.items), score)
    parts = first.ranking, Ranking(further.items, scores, further.basis, people=further.people)
    width = max(1, reasons)
    both = [reasoned(part, width) for part in parts]
    ranking = Ranking(
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.scores for part in parts]),
        because=np.concatenate([part.because for part in both]),
        shares=np.concatenate([part.shares for part in both]),
        people=np.concatenate([part.people for part in both]),
        bases=np.concatenate([part.bases for part in both]),
        propensity=_propensity(*parts),
    )
    return Found(ranking, first.items + further.items.tolist(), first.scores + scores.tolist())


def chosen(found: Found, places: NDArray[np.intp]) -> Found:
    """Some lines of an answer, in another order. The engine's propensities are not those of such a choice."""
    whole = found.ranking
    ranking = Ranking(whole.items[places], whole.scores[places], whole.basis)
    for name in ("because", "shares", "people", "bases"):
        column = getattr(whole, name)
        setattr(ranking, name, None if column is None else column[places])
    return Found(ranking, ranking.items.tolist(), ranking.scores.tolist())


@dataclass(slots=True)
class Reasons:
    """The reasons of every line, whatever an engine left out. Shapes (m, width) and, of the people, (m,)."""

    because: NDArray[np.int32]
    shares: NDArray[np.float64]
    people: NDArray[np.int32]
    bases: NDArray[np.int8]
    """0 ends a line's reasons."""


def reasoned(ranking: Ranking, width: int) -> Reasons:
    """The reasons of a ranking, at most so many a line."""
    shape = (len(ranking.items), width)
    because, shares = np.full(shape, -1, np.int32), np.zeros(shape)
    bases = np.zeros(shape, np.int8)
    if ranking.because is not None:
        given = min(width, ranking.because.shape[1])
        because[:, :given] = ranking.because[:, :given]
        if ranking.shares is not None:
            shares[:, :given] = ranking.shares[:, :given]
        bases[:] = np.where(because >= 0, ranking.basis, 0)
    elif ranking.basis and ranking.basis is not Basis.BECAUSE_OF_ITEM:
        bases[:, 0] = ranking.basis
    if ranking.bases is not None:
        given = min(width, ranking.bases.shape[1])
        bases[:, :given] = ranking.bases[:, :given]
    people = np.zeros(shape[0], np.int32) if ranking.people is None else ranking.people.astype(np.int32)
    return Reasons(because, shares, people, bases)


def _propensity(first: Ranking, further: Ranking) -> NDArray[np.float64] | None:
    """No chance played a part in what was filled up."""
    if first.propensity is None:
        return None
    return np.concatenate([first.propensity, np.full(len(further.items), np.nan)])
