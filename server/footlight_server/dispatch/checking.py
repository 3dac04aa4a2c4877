"""What an engine answered, checked before anybody builds on it: a plug-in may return anything."""

from __future__ import annotations

import math

import numpy as np

from footlight_plugins import Basis, Query, Ranking


class EngineFault(Exception):
    """An engine broke its contract. The message goes to the log, never on the wire."""


def checked_ranking(engine: str, ranking: Ranking, query: Query) -> Ranking:
    """The ranking, when every item of it may be answered and every score is a number.

    Raises
    ------
    EngineFault
        Naming the engine and what is wrong.
    """
    try:
        wrong = _wrong(ranking, query)
    except Exception as fault:  # no arrays, or no ranking at all
        raise EngineFault(f"engine {engine!r} answered what is no ranking: {fault!r}") from fault
    if wrong:
        raise EngineFault(f"engine {engine!r} answered {wrong}")
    return ranking


def _wrong(ranking: Ranking, query: Query) -> str:
    items, scores = ranking.items, ranking.scores
    n = len(items)
    if items.shape != (n,) or scores.shape != (n,) or n > query.count:
        return f"items of shape {items.shape} and scores of shape {scores.shape} where {query.count} were asked for"
    if not n:
        return ""
    if items.dtype != np.int32:
        return f"items of type {items.dtype}, not int32"
    ordinals = items.tolist()  # answers are short: numpy would take longer
    if min(ordinals) < 0 or max(ordinals) >= len(query.servable):
        return "items that are not in the catalogue"
    if not all(map(query.servable.data.__getitem__, ordinals)):
        return "items that may not be answered"
    if not math.isfinite(sum(scores.tolist())):  # one look instead of one for each score
        return "scores that are not finite"
    return _wrong_reasons(ranking, n) if query.reasons else ""


def _wrong_reasons(ranking: Ranking, n: int) -> str:
    if ranking.people is not None and ranking.people.shape != (n,):
        return f"people of shape {ranking.people.shape} for {n} items"
    if ranking.basis is not Basis.BECAUSE_OF_ITEM:
        return ""
    because, shares = ranking.because, ranking.shares
    if because is None or shares is None or because.ndim != 2 or because.shape != shares.shape or len(because) != n:
        return "reasons whose shape is not that of the items"
    return ""
