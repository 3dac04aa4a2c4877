"""What an engine answered, checked before anybody builds on it: a plug-in may return anything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from footlight_plugins import Basis, Content, Query, Ranking
from footlight_server.dispatch.faulting import EngineFault

_INT32 = np.dtype(np.int32)


def checked_lines(engine: str, ranking: Ranking, query: Query) -> tuple[list[int], list[float]]:
    """The ranking's items and scores, when every item of it may be answered and every score is a number.

    Raises
    ------
    EngineFault
        Naming the engine and what is wrong.
    """
    try:
        items, scores = ranking.items.tolist(), ranking.scores.tolist()  # answers are short: numpy would take longer
        wrong = _wrong(ranking, items, scores, query)
    except Exception as fault:  # no arrays, or no ranking at all
        raise EngineFault(f"engine {engine!r} answered what is no ranking: {fault!r}") from fault
    if wrong:
        raise EngineFault(f"engine {engine!r} answered {wrong}")
    return items, scores


def all_right(rankings: Sequence[Ranking | None], query: Query) -> bool:
    """Whether every one of the rankings is there, is complete, and is what it must be; looked at together.

    What is wrong where this is False, `checked_lines` says. ``query`` is anyone's of the batch.
    """
    if query.reasons or any(ranking is None or len(ranking.items) != query.count for ranking in rankings):
        return False
    items = [ranking.items for ranking in rankings if ranking is not None]
    scores = [ranking.scores for ranking in rankings if ranking is not None]
    if any(each.dtype != _INT32 or each.ndim != 1 for each in items) or any(s.shape != (query.count,) for s in scores):
        return False
    flat = np.concatenate(items)
    inside = flat.min() >= 0 and flat.max() < len(query.servable)
    return bool(inside and query.servable[flat].all() and np.isfinite(np.concatenate(scores).sum()))


def _wrong(ranking: Ranking, items: list[int], scores: list[float], query: Query) -> str:
    n = len(items)
    if ranking.items.ndim != 1 or ranking.scores.ndim != 1 or len(scores) != n or n > query.count:
        shapes = f"items of shape {ranking.items.shape} and scores of shape {ranking.scores.shape}"
        return f"{shapes} where {query.count} were asked for"
    if not n:
        return ""
    if ranking.items.dtype != _INT32:
        return f"items of type {ranking.items.dtype}, not int32"
    try:
        allowed = all(map(query.servable.data.__getitem__, items))
    except IndexError:
        return "items that are not in the catalogue"
    if not allowed or min(items) < 0:
        return "items that may not be answered"
    if not math.isfinite(sum(scores)):  # one look instead of one for each score
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


def checked_contents(engine: str, contents: list[Content], count: int) -> list[Content]:
    """The contents, when there is one for each seed and each is of bytes.

    Raises
    ------
    EngineFault
        Naming the engine and what is wrong.
    """
    if not isinstance(contents, list | tuple) or len(contents) != count:
        raise EngineFault(f"engine {engine!r} answered no list of {count} contents")
    for content in contents:
        good = isinstance(content, Content) and isinstance(content.data, bytes) and isinstance(content.media_type, str)
        if not good:
            raise EngineFault(f"engine {engine!r} answered {type(content).__name__} where Content with bytes was due")
    return contents
