"""What others than the engine put into its answer: candidate sources, the fallback, and what was put last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, CandidateSource, Query, Ranking, Recommender
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.filling import Found, joined, newest, open_places
from footlight_server.dispatch.mixing import mixed, places_of
from footlight_server.dispatch.resolving import NO_ITEMS, Asked, Resolver
from footlight_server.dispatch.shortlisting import Source
from footlight_server.log.records import NOBODY
from footlight_server.parts.part_host import PartDown

T = TypeVar("T")
P = TypeVar("P", bound="Proposer")
log = logging.getLogger(__name__)


class Proposer(Protocol):
    """A candidate source that can be asked: one at work, or one as it was."""

    share: float

    async def ask(self, work: Callable[[CandidateSource], T], call: Call) -> T:
        """Let it do something; raises PartDown."""


class Completer:
    """Completes rankings. It knows the catalogue, and what people have seen."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def mix(self, sources: Sequence[P], found: Found, asked: Asked, call: Call) -> tuple[Found, list[P]]:
        """The answer in which each source has its share of the places, and which sources took part."""
        took_part = []
        for source in sources:
            if (places := places_of(source.share, asked.count)) and found.items:
                proposed = await self._proposed(source, places, NO_ITEMS, asked, call)
                if proposed is not None:
                    found = mixed(found, proposed, source.share, asked.count, asked.query.reasons)
                    took_part.append(source)
        return found, took_part

    async def fill(
        self, fallback: Source | None, sources: Sequence[P], found: Found, asked: Asked, call: Call
    ) -> tuple[Found, list[P]]:
        """The answer with what lacks: what the fallback says, then the sources, then what was put last."""
        query, took_part = asked.query, []
        if fallback is not None:
            exclude = np.concatenate([query.exclude, found.ranking.items]).astype(np.int32)
            left = replace(query, count=asked.count - len(found.items), exclude=exclude, reasons=0)
            try:
                ranking = await fallback.run(ranked, left, call)
                checked_lines(fallback.spec.name, ranking, left)
                found = joined(found, ranking, query.reasons)
            except (EngineFault, EngineDown) as fault:
                log.warning("the fallback could not fill an answer up: %s", fault)
        for source in sources:
            if (lack := asked.count - len(found.items)) > 0:
                proposed = await self._proposed(source, lack, found.ranking.items, asked, call)
                if proposed is not None:
                    found = joined(found, proposed, query.reasons)
                    took_part.append(source)
        if (lack := asked.count - len(found.items)) <= 0:
            return found, took_part
        mask = open_places(query, found.ranking.items)
        if mask.any():
            seen = await self._seen(asked)
            mask[seen[seen < len(mask)]] = False
        return joined(found, newest(mask, lack), query.reasons), took_part

    async def _proposed(
        self, source: Proposer, count: int, taken: NDArray[np.int32], asked: Asked, call: Call
    ) -> Ranking | None:
        """What a source proposes, checked; None where it fails."""
        exclude = np.concatenate([asked.query.exclude, taken, await self._seen(asked)]).astype(np.int32)
        servable = asked.query.servable.view()
        servable.flags.writeable = False  # it is the catalogue's own
        query = replace(asked.query, count=count, exclude=exclude, reasons=0, time=asked.when, user=asked.user)
        query.servable = servable
        try:
            return await source.ask(partial(_propose, query=query), call)
        except PartDown as down:
            log.warning("an answer goes out without the %s: %s", source, down)
            return None

    async def _seen(self, asked: Asked) -> NDArray[np.int32]:
        """The items that the person has met, where those may not come back."""
        if asked.query.include_seen or asked.user == NOBODY:
            return NO_ITEMS
        if asked.seen is None:  # it is read from the log: once for an answer, however many complete it
            met = await asyncio.to_thread(self._resolver.preferences, asked.user, asked.upto)
            asked.seen = met.item[met.value != 0]
        return asked.seen


def _propose(source: CandidateSource, query: Query) -> Ranking:
    """What a source answers, checked. Runs on its thread."""
    ranking = source.propose(query)
    items, _ = checked_lines(type(source).__name__, ranking, query)
    if len(set(items)) < len(items) or np.isin(ranking.items, query.exclude).any():
        raise EngineFault(f"{type(source).__name__}.propose answered an item twice, or one that was excluded")
    return ranking


def ranked(engine: Recommender, query: Query) -> Ranking:
    """Whatever the engine says, be it to somebody it does not know."""
    return engine.recommend(query)
