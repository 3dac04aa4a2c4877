"""Fills up what an engine's ranking lacks, behind every engine."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import numpy as np

from footlight_plugins import Call, Query, Ranking, Recommender
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.filling import Found, joined, newest, open_places
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.shortlisting import Source
from footlight_server.log.records import NOBODY

log = logging.getLogger(__name__)


class Completer:
    """Fills rankings up. It knows the catalogue, and what people have seen."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

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
