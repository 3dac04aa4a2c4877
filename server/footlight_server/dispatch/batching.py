"""Recommendations for thousands of people in one call: what is the same for all is done once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from footlight_plugins import Call, Query, Ranking, Recommender
from footlight_server.dispatch.answering import Answerer, known
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.checking import all_right, checked_lines
from footlight_server.dispatch.faulting import EngineDown, EngineFault, EngineOverran
from footlight_server.dispatch.filling import Found
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.wanting import MOST_ITEMS, PLAINLY, Recommended, Wanted
from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_count, check_id, is_plain
from footlight_server.models.answers import known_to

log = logging.getLogger(__name__)

TURN = 64
"""So many answers of a batch are made before the event loop turns to somebody else."""

MOST_PEOPLE = 10_000
MOST_LINES = 1_000_000


class Batching:
    """Answers BatchRecommend."""

    def __init__(self, resolver: Resolver, answerer: Answerer) -> None:
        self._resolver = resolver
        self._answerer = answerer

    async def recommend(
        self, asking: Asking, host: RecommenderHost, wanted: Wanted, user_ids: Sequence[str]
    ) -> list[Recommended]:
        """Rank items for many people, each as Recommend would."""
        first = await self._checked(host, wanted, user_ids)
        query, ordinals = first.query, self._resolver.people.ordinals(user_ids)
        queries = [
            Query(user, query.count, query.servable, query.exclude, query.include_seen, query.reasons, None, query.time)
            for user in ordinals
        ]
        if first.seed is not None:
            for n, each in enumerate(queries):
                each.seed = first.seed + n
        with host.admission.enter(asking):
            if host.behind:
                await host.fresh_soon()
            answers: list[Recommended] = []
            for start in range(0, len(queries), TURN):
                await asyncio.sleep(0)
                asking.call.check()
                answers += await self._turn(asking, host, first, queries[start : start + TURN])
            return answers

    async def _checked(self, host: RecommenderHost, wanted: Wanted, user_ids: Sequence[str]) -> Asked:
        """What is asked for each of the people, as a query of nobody."""
        if not 1 <= len(user_ids) <= MOST_PEOPLE:
            raise InvalidArgument("user_ids", f"must hold 1 to {MOST_PEOPLE:,} people, not {len(user_ids):,}")
        for index, user_id in enumerate(user_ids):
            if not is_plain(user_id):
                check_id(f"user_ids[{index}]", user_id)
        count = check_count("count", wanted.count, 10, MOST_ITEMS)
        if count * len(user_ids) > MOST_LINES:
            raise InvalidArgument("count", f"times the people must be at most {MOST_LINES:,}")
        one = replace(wanted, user_id=user_ids[0])
        return await self._resolver.resolve(one, host.spec.explores, host.composition)

    async def _turn(
        self, asking: Asking, host: RecommenderHost, first: Asked, queries: list[Query]
    ) -> list[Recommended]:
        """Some answers of a batch. A fault hurts only the person it happened with: they get the fallback's answer."""
        host.admission.calls += len(queries)
        before = host.care.faults
        rankings, fault = await self._together(asking, host, queries) if host.care.closed else (None, None)
        if rankings is None:
            answers = [await self._one(asking, host, first, query) for query in queries]
            if fault is not None and host.care.faults == before:  # none of the people has it, and it did not hang
                host.fault(fault)
            return answers
        plain = first.terms.diversity == 0 and first.seed is None and host.composition is None
        if plain and all_right(rankings, queries[0]):
            return self._answerer.record_all(
                host, queries, [found for found in rankings if found is not None], first.terms
            )
        pairs = zip(queries, rankings, strict=True)
        return [await self._given(asking, host, first, query, ranking) for query, ranking in pairs]

    async def _together(
        self, asking: Asking, host: RecommenderHost, queries: list[Query]
    ) -> tuple[Sequence[Ranking | None] | None, EngineFault | None]:
        """What the engine answers to all in one go; None where it failed, and its fault, where that may count.

        A batch that was interrupted on the event loop may not: one answer was to take microseconds, not all of them, and
        with the first batch there may be something to load.
        """
        work = partial(_all_known, call=asking.call)
        try:
            return host.now(work, queries) if host.inline else await host.run(work, queries, asking.call), None
        except (EngineFault, EngineDown) as wrong:
            log.warning("a batch is asked for one by one: %s", wrong)
            return None, None if isinstance(wrong, EngineDown | EngineOverran) else wrong

    async def _one(self, asking: Asking, host: RecommenderHost, first: Asked, query: Query) -> Recommended:
        try:
            ranking = host.now(known, query) if host.inline else await host.run(known, query, asking.call)
        except EngineDown:
            return await self._stood_in(asking, host, first, query)
        except EngineFault as fault:
            return await self._stood_in(asking, host, first, query, fault)
        return await self._given(asking, host, first, query, ranking)

    async def _given(
        self, asking: Asking, host: RecommenderHost, first: Asked, query: Query, ranking: Ranking | None
    ) -> Recommended:
        if ranking is None:
            return await self._stood_in(asking, host, first, query)
        try:
            found = Found(ranking, *checked_lines(host.spec.name, ranking, query))
        except EngineFault as fault:
            return await self._stood_in(asking, host, first, query, fault)
        if not (host.inline or host.care.closed):
            host.succeed()
        return await self._finish(asking, host, first, query, (host, found))

    async def _stood_in(
        self, asking: Asking, host: RecommenderHost, first: Asked, query: Query, fault: EngineFault | None = None
    ) -> Recommended:
        answer = await self._answerer.stand_in(asking, host, query, fault)
        return await self._finish(asking, host, first, query, answer)

    async def _finish(
        self, asking: Asking, host: RecommenderHost, first: Asked, query: Query, answer: tuple[RecommenderHost, Found]
    ) -> Recommended:
        by, found = answer
        if first.terms is PLAINLY and host.composition is None and len(found.items) >= first.count:
            return self._answerer.record(host, by, query, found.ranking, found.items, found.scores)
        seed = None if first.seed is None else query.seed
        asked = replace(first, query=query, user=query.user, seed=seed)
        return await self._answerer.finish(asking, host, answer, asked)


def _all_known(engine: Recommender, queries: Sequence[Query], call: Call) -> list[Ranking | None]:
    """What `known` says of each, in one go."""
    asked = [query for query in queries if query.user >= 0]
    answers = engine.recommend_batch(asked, call)
    if len(answers) != len(asked):
        raise ValueError(f"{len(answers)} rankings for {len(asked)} people")
    found = iter(answers)
    rankings = [next(found) if query.user >= 0 else None for query in queries]
    return [
        ranking if ranking is not None and (len(ranking.items) or known_to(engine, query.user)) else None
        for query, ranking in zip(queries, rankings, strict=True)
    ]
