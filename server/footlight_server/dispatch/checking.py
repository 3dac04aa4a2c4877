"""What an engine answered, checked before anybody builds on it: a plug-in may return anything."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from footlight_plugins import Basis, Content, Query, Ranking
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.marking.asking import is_content

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
        if not is_content(content):
            raise EngineFault(f"engine {engine!r} answered {type(content).__name__} where Content with bytes was due")
        _check_beside(engine, content)
    return contents


def _check_beside(engine: str, content: Content) -> None:
    """Whether what comes with the bytes can be kept and compared."""
    try:
        json.dumps(dict(content.attributes), allow_nan=False)
    except (TypeError, ValueError) as wrong:
        raise EngineFault(f"engine {engine!r} answered attributes that JSON cannot hold: {wrong}") from wrong
    sample: Any = content.sample
    if sample is not None and not (isinstance(sample, np.ndarray) and sample.dtype.kind in "biufSU"):
        raise EngineFault(f"engine {engine!r} answered a sample that is no array of numbers")
    if sample is not None and sample.dtype.kind == "f" and not np.isfinite(sample).all():
        raise EngineFault(f"engine {engine!r} answered a sample that is not finite")
