"""Which items, for whom, by whom, and on what record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from footlight_plugins import Query, Ranking, Recommender
from footlight_server.dispatch.answering import Answerer, known
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.batching import Batching
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.filling import Found
from footlight_server.dispatch.recommender_host import FRESH_SECONDS, RecommenderHost
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.wanting import (
    MOST_ITEMS,
    PLAINLY,
    More,
    Recommended,
    Wanted,
    check_reasons,
    check_terms,
)
from footlight_server.errors import FailedPrecondition, NotFound
from footlight_server.log.rankings import RankingLog
from footlight_server.log.validation import PLAIN, check_count, check_id

_NO_ITEMS = np.empty(0, np.int32)


class Recommending:
    """Answers Recommend, BatchRecommend and ListSimilarItems."""

    def __init__(self, deployments: Deployments, resolver: Resolver, rankings: RankingLog, policy: Policy) -> None:
        self._deployments = deployments
        self._resolver = resolver
        self._catalogue = resolver.catalogue
        self._people = resolver.people
        self._answerer = Answerer(deployments, resolver, rankings)
        self._record = self._answerer.record
        self._batching = Batching(resolver, self._answerer)
        self._policy = policy

    @property
    def item_ids(self) -> Sequence[str]:
        """The names of all items by ordinal; more come."""
        return self._catalogue.ids

    async def recommend(self, asking: Asking, wanted: Wanted) -> Recommended:
        """Rank items for one person.

        The way of nearly every call is written out here and in the few functions that it passes through: between two
        calls the transport fills the caches with its own, and to fetch another function costs more than what it does.
        """
        self._policy.check(asking, "read")
        host = self._deployments.recommender(wanted.deployment)
        if wanted.terms is not None or host.special:
            return await self._on_terms(asking, host, wanted)
        query = self._query(wanted)
        if host.asleep:
            await self._deployments.wake(host)
        admission = host.admission
        admission.enter(asking)
        try:
            if host.behind:
                await host.fresh(FRESH_SECONDS)
            if host.inline:
                try:
                    if (ranking := host.now(known, query)) is not None:
                        items, scores = checked_lines(host.engine_name, ranking, query)
                        if len(items) == query.count:
                            return self._record(host, host, query, ranking, items, scores)
                        return await self._finish(asking, host, query, (host, Found(ranking, items, scores)))
                except EngineFault as fault:
                    if host.fault(fault):  # it is asked again all the same: the caller is told
                        raise
                return await self._finish(asking, host, query, await self._answerer.stand_in(asking, host, query))
            return await self._finish(asking, host, query, await self._answerer.find(asking, host, query))
        finally:
            admission.pending -= 1

    async def _finish(
        self, asking: Asking, host: RecommenderHost, query: Query, answer: tuple[RecommenderHost, Found]
    ) -> Recommended:
        by, found = answer
        if len(found.items) == query.count:
            return self._record(host, by, query, found.ranking, found.items, found.scores)
        return await self._answerer.finish(asking, host, answer, Asked(query, query.count, query.user))

    async def _on_terms(self, asking: Asking, host: RecommenderHost, wanted: Wanted) -> Recommended:
        """Rank items for somebody who says more than most do."""
        asked = await self._resolver.resolve(wanted, host.spec.explores, host.composition)
        if host.asleep:
            await self._deployments.wake(host)
        with host.admission.enter(asking):
            if host.behind:
                await host.fresh(FRESH_SECONDS)
            answer = await self._answerer.find(asking, host, asked.query)
            return await self._answerer.finish(asking, host, answer, asked)

    async def recommend_batch(self, asking: Asking, wanted: Wanted, user_ids: Sequence[str]) -> list[Recommended]:
        """Rank items for many people, each as `recommend` would."""
        self._policy.check(asking, "read")
        host = await self._deployments.awake(wanted.deployment)
        return await self._batching.recommend(asking, host, wanted, user_ids)

    def _query(self, wanted: Wanted) -> Query:
        user_id, count, reasons = wanted.user_id, wanted.count, wanted.reasons
        # Nearly always all of it is right; to find out what is wrong takes longer.
        if not (user_id.isprintable() and 0 < len(user_id) <= PLAIN and 0 < count <= MOST_ITEMS and reasons == 0):
            check_id("user_id", user_id)
            count = check_count("count", count, 10, MOST_ITEMS)
            check_reasons(reasons)
        exclude = self._resolver.excluded(wanted.exclude) if wanted.exclude else _NO_ITEMS
        servable = self._catalogue.servable
        return Query(self._people.ordinal(user_id), count, servable, exclude, wanted.include_seen, reasons)

    async def similar(self, asking: Asking, item_id: str, wanted: Wanted) -> Recommended:
        """Rank the items most like one item."""
        self._policy.check(asking, "read")
        check_id("item_id", item_id)
        count = check_count("count", wanted.count, 10, MOST_ITEMS)
        terms = wanted.terms or PLAINLY
        check_terms("", terms)
        if (item := self._catalogue.ordinal(item_id)) is None:
            raise NotFound("item", item_id)
        host = await self._deployments.awake(wanted.deployment)
        servable = await self._resolver.servable(terms.filter)
        query = Query(-1, count, servable, self._resolver.excluded(wanted.exclude), include_seen=True)
        with host.admission.enter(asking):
            await host.fresh(FRESH_SECONDS)
            try:
                ranking = await host.run(partial(_similar, host.name), (item, query), asking.call)
                items, scores = checked_lines(host.spec.name, ranking, query)
            except EngineFault as fault:
                if host.fault(fault):
                    raise
                raise host.care.down() from fault
            host.succeed()
        lines = (items, scores, ranking, self._catalogue.ids)
        nothing = terms.filter is not None and not servable.any()
        more = More(len(items), nothing)
        return Recommended("", host.name, host.version, host.position, False, *lines, 0, host.pending, more)


def _similar(deployment: str, engine: Recommender, question: tuple[int, Query]) -> Ranking:
    try:
        return engine.similar(*question)
    except NotImplementedError:
        raise FailedPrecondition(f"deployment '{deployment}' does not compare items", "NOT_SUPPORTED") from None
