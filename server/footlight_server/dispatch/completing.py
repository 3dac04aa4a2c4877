"""What is done to a ranking behind every engine: the items are varied, and what lacks is filled up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, EngineSpec, Query, Ranking, Recommender
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.diversity import Likeness, likeness_of_labels, likeness_of_neighbours, rerank
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.filling import Found, chosen, joined, newest, open_places
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.wanting import Basis
from footlight_server.errors import FootlightError
from footlight_server.log.records import NOBODY

T = TypeVar("T")
Question = TypeVar("Question")
log = logging.getLogger(__name__)

NEIGHBOURS = 50
"""Where the catalogue says nothing of items, so many neighbours of each are compared."""


class Source(Protocol):
    """An engine that can be asked: one that serves, or one that was restored."""

    @property
    def spec(self) -> EngineSpec:
        """What it is."""

    async def run(self, work: Callable[[Recommender, Question], T], question: Question, call: Call) -> T:
        """Ask it something."""


class Completer:
    """Finishes rankings. It knows the catalogue, and what people have seen."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def vary(self, by: Source, found: Found, asked: Asked, call: Call) -> tuple[Found, Basis]:
        """The items that are wanted, differing from each other as much as is asked for; and by what they were compared."""
        if not asked.terms.diversity:
            return found, Basis.UNASKED
        index = await self._resolver.facets.index()
        likeness, basis = likeness_of_labels([index.labels(item) for item in found.items]), Basis.CONTENT
        if likeness is None and found.items:
            likeness, basis = await self._alike(by, found.ranking.items, call), Basis.NEIGHBOURS
        if likeness is None:
            return chosen(found, np.arange(min(asked.count, len(found.items)))), Basis.NOTHING
        scores = np.array(found.scores)
        return chosen(found, rerank(scores, likeness, asked.terms.diversity, asked.count)), basis

    async def _alike(self, by: Source, items: NDArray[np.int32], call: Call) -> Likeness | None:
        """How alike the engine says that items are; None where it does not compare items."""
        try:
            neighbours = await by.run(_neighbours, (items, len(self._resolver.catalogue.live)), call)
        except (Incomparable, EngineDown):
            return None
        except EngineFault as fault:
            log.warning("items could not be compared: %s", fault)
            return None
        return likeness_of_neighbours(neighbours)

    async def fill(self, fallback: Source | None, found: Found, asked: Asked, call: Call) -> Found:
        """The answer with what lacks: what the fallback says, then what was put last."""
        query = asked.query
        if fallback is not None:
            exclude = np.concatenate([query.exclude, found.ranking.items]).astype(np.int32)
            left = replace(query, count=asked.count - len(found.items), exclude=exclude, reasons=0)
            try:
                ranking = await fallback.run(ranked, left, call)
                checked_lines(fallback.spec.name, ranking, left)
                found = joined(found, ranking, query.reasons)
            except (EngineFault, EngineDown) as fault:
                log.warning("the fallback could not fill an answer up: %s", fault)
        if (lack := asked.count - len(found.items)) <= 0:
            return found
        mask = open_places(query, found.ranking.items)
        if not query.include_seen and asked.user != NOBODY and mask.any():
            seen = await asyncio.to_thread(self._resolver.preferences, asked.user, asked.upto)
            mask[seen.item[(seen.value != 0) & (seen.item < len(mask))]] = False
        return joined(found, newest(mask, lack), query.reasons)


def ranked(engine: Recommender, query: Query) -> Ranking:
    """Whatever the engine says, be it to somebody it does not know."""
    return engine.recommend(query)


def _neighbours(
    engine: Recommender, question: tuple[NDArray[np.int32], int]
) -> list[tuple[Sequence[int], Sequence[float]]]:
    """Of each item its neighbours among the others, by their places."""
    items, size = question
    others = np.zeros(size, np.bool_)
    others[items] = True
    place = {item: i for i, item in enumerate(items.tolist())}
    found: list[tuple[Sequence[int], Sequence[float]]] = []
    for item in items.tolist():
        try:
            ranking = engine.similar(item, Query(NOBODY, NEIGHBOURS, others, include_seen=True))
        except NotImplementedError:
            raise Incomparable("the engine does not compare items") from None
        found.append(([place[other] for other in ranking.items.tolist()], ranking.scores.tolist()))
    return found


class Incomparable(FootlightError):
    """The engine does not compare items. Nobody outside hears of it."""
