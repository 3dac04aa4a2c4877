"""Which items, for whom, by whom, and on what record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, Query, Ranking, Recommender
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.people import People
from footlight_server.log.rankings import RankingLog
from footlight_server.log.validation import PLAIN, check_count, check_id

log = logging.getLogger(__name__)

FRESH_SECONDS = 0.1
"""How long an answer waits for events that were acknowledged before it was asked for."""

TURN = 32
"""So many answers of a batch are made before the event loop turns to somebody else."""

MOST_ITEMS = 1_000
MOST_EXCLUDED = 10_000
MOST_PEOPLE = 10_000
MOST_LINES = 1_000_000
MOST_REASONS = 3

_NO_ITEMS = np.empty(0, np.int32)


@dataclass(slots=True)  # not frozen: it is made with every call, and that would take twice as long
class Wanted:
    """What somebody asks for."""

    user_id: str
    deployment: str = ""
    count: int = 0
    exclude: Sequence[str] = ()
    include_seen: bool = False
    reasons: int = 0


class Recommended(NamedTuple):
    """What they get."""

    decision_id: str
    deployment: str
    model_version: int
    log_position: int
    fallback: bool
    items: Sequence[int]
    """Ordinals, best first."""
    scores: Sequence[float]
    ranking: Ranking
    """What the engine answered, for its reasons."""
    ids: Sequence[str]
    """The names of all items by ordinal."""
    reasons: int = 0
    """At most so many of the ranking's reasons were asked for with each item."""


class Recommending:
    """Answers Recommend, BatchRecommend and ListSimilarItems."""

    def __init__(
        self, deployments: Deployments, catalogue: Catalogue, people: People, rankings: RankingLog, policy: Policy
    ) -> None:
        self._deployments = deployments
        self._catalogue = catalogue
        self._people = people
        self._rankings = rankings
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
        query = self._query(wanted)
        host = self._deployments.recommender(wanted.deployment)
        if host.asleep:
            await self._deployments.wake(host)
        admission = host.admission
        admission.enter(asking)
        try:
            if host.behind:
                await host.fresh(FRESH_SECONDS)
            if host.inline:
                try:
                    if (ranking := host.now(_known, query)) is not None:
                        return self._recorded(host, host, query, ranking)
                except EngineFault as fault:
                    if host.fault(fault):  # it is asked again all the same: the caller is told
                        raise
                return await self._stand_in(asking, host, query)
            return await self._answer(asking, host, query)
        finally:
            admission.pending -= 1

    async def recommend_batch(self, asking: Asking, wanted: Wanted, user_ids: Sequence[str]) -> list[Recommended]:
        """Rank items for many people, each as `recommend` would."""
        self._policy.check(asking, "read")
        count = self._check_people(user_ids, wanted.count)
        reasons = _check_reasons(wanted.reasons)
        host = await self._deployments.awake(wanted.deployment)
        servable = self._catalogue.servable
        queries = [
            Query(self._people.ordinal(user), count, servable, include_seen=wanted.include_seen, reasons=reasons)
            for user in user_ids
        ]
        with host.admission.enter(asking):
            await host.fresh(FRESH_SECONDS)
            answers: list[Recommended] = []
            for start in range(0, len(queries), TURN):
                await asyncio.sleep(0)
                asking.call.check()
                answers += await self._answer_turn(asking, host, queries[start : start + TURN])
            return answers

    async def _answer_turn(self, asking: Asking, host: RecommenderHost, queries: list[Query]) -> list[Recommended]:
        """Some answers of a batch. A fault hurts only the person it happened with: they get the fallback's answer."""
        if not host.spec.inline and host.care.closed:
            try:
                rankings = await host.run(partial(_all_known, call=asking.call), queries, asking.call)
            except (EngineFault, EngineDown) as fault:
                log.warning("a batch is asked for one by one: %s", fault)
            else:
                host.admission.calls += len(queries)
                return [await self._checked(asking, host, *pair) for pair in zip(queries, rankings, strict=True)]
        return [await self._answer_one(asking, host, query) for query in queries]

    async def _answer_one(self, asking: Asking, host: RecommenderHost, query: Query) -> Recommended:
        host.admission.calls += 1
        try:
            ranking = host.now(_known, query) if host.inline else await host.run(_known, query, asking.call)
        except EngineDown:
            return await self._stand_in(asking, host, query)
        except EngineFault as fault:
            return await self._stand_in(asking, host, query, fault)
        return await self._checked(asking, host, query, ranking)

    async def _checked(
        self, asking: Asking, host: RecommenderHost, query: Query, ranking: Ranking | None
    ) -> Recommended:
        try:
            answer = None if ranking is None else self._recorded(host, host, query, ranking)
        except EngineFault as fault:
            return await self._stand_in(asking, host, query, fault)
        if not (host.inline or host.care.closed):
            host.succeed()
        return answer or await self._stand_in(asking, host, query)

    def _check_people(self, user_ids: Sequence[str], count: int) -> int:
        if not 1 <= len(user_ids) <= MOST_PEOPLE:
            raise InvalidArgument("user_ids", f"must hold 1 to {MOST_PEOPLE:,} people, not {len(user_ids):,}")
        for index, user_id in enumerate(user_ids):
            check_id(f"user_ids[{index}]", user_id)
        count = check_count("count", count, 10, MOST_ITEMS)
        if count * len(user_ids) > MOST_LINES:
            raise InvalidArgument("count", f"times the people must be at most {MOST_LINES:,}")
        return count

    def _query(self, wanted: Wanted) -> Query:
        user_id, count, reasons = wanted.user_id, wanted.count, wanted.reasons
        # Nearly always all of it is right; to find out what is wrong takes longer.
        if not (user_id.isprintable() and 0 < len(user_id) <= PLAIN and 0 < count <= MOST_ITEMS and reasons == 0):
            check_id("user_id", user_id)
            count = check_count("count", count, 10, MOST_ITEMS)
            _check_reasons(reasons)
        exclude = self._excluded(wanted.exclude) if wanted.exclude else _NO_ITEMS
        servable = self._catalogue.servable
        return Query(self._people.ordinal(user_id), count, servable, exclude, wanted.include_seen, reasons)

    def _excluded(self, item_ids: Sequence[str]) -> NDArray[np.int32]:
        if len(item_ids) > MOST_EXCLUDED:
            raise InvalidArgument("exclude_item_ids", f"must hold at most {MOST_EXCLUDED:,} ids")
        ordinals = (self._catalogue.ordinal(item_id) for item_id in item_ids)
        return np.fromiter((o for o in ordinals if o is not None), np.int32)

    async def _answer(self, asking: Asking, host: RecommenderHost, query: Query) -> Recommended:
        """The engine's answer; the fallback's where the engine does not know the person or is out of order."""
        try:
            ranking = await host.run(_known, query, asking.call)
            answer = None if ranking is None else self._recorded(host, host, query, ranking)
            host.succeed()
        except EngineDown:
            answer = None
        except EngineFault as fault:
            if host.fault(fault):
                raise
            answer = None
        return answer or await self._stand_in(asking, host, query)

    async def _stand_in(
        self, asking: Asking, host: RecommenderHost, query: Query, fault: EngineFault | None = None
    ) -> Recommended:
        """The fallback's answer; none at all for a person whom nobody knows. ``fault`` is counted first."""
        if fault is not None:
            log.error("deployment %r failed at one person of a batch", host.name, exc_info=fault)
            host.fault(fault)
        fallback = self._deployments.fallback()
        broken = fault is not None or not host.care.closed
        if broken and (fallback is None or fallback is host):
            raise host.care.down() from fault
        if fallback is None:
            return self._recorded(host, host, query, Ranking.empty())
        try:
            answer = self._recorded(host, fallback, query, await fallback.run(_ranked, query, asking.call))
        except EngineFault as wrong:
            fallback.fault(wrong)
            raise fallback.care.down() from wrong
        fallback.succeed()
        return answer

    def _recorded(self, asked: RecommenderHost, by: RecommenderHost, query: Query, ranking: Ranking) -> Recommended:
        items, scores = checked_lines(by.spec.name, ranking, query)
        # The items and scores as they were answered: what an operator needs to see it again and to evaluate on it.
        decision = self._rankings.record((by.name, by.version, by.position), query.user, ranking.items, ranking.scores)
        lines = (items, scores, ranking, self._catalogue.ids, query.reasons)
        return Recommended(decision, asked.name, by.version, by.position, by is not asked, *lines)

    async def similar(self, asking: Asking, item_id: str, deployment: str, count: int) -> Recommended:
        """Rank the items most like one item."""
        self._policy.check(asking, "read")
        check_id("item_id", item_id)
        wanted = check_count("count", count, 10, MOST_ITEMS)
        if (item := self._catalogue.ordinal(item_id)) is None:
            raise NotFound("item", item_id)
        host = await self._deployments.awake(deployment)
        query = Query(-1, wanted, self._catalogue.servable, include_seen=True)
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
        return Recommended("", host.name, host.version, host.position, False, *lines)


def _known(engine: Recommender, query: Query) -> Ranking | None:
    """The engine's ranking; None for a person it has nothing to go by."""
    if query.user < 0:
        return None
    ranking = engine.recommend(query)
    if ranking is not None and (len(ranking.items) or engine.knows(query.user)):  # who is not known gets nothing
        return ranking
    return None


def _all_known(engine: Recommender, queries: Sequence[Query], call: Call) -> list[Ranking | None]:
    """What `_known` says of each, in one go."""
    asked = [query for query in queries if query.user >= 0]
    found = engine.recommend_batch(asked, call)
    rankings = dict(zip(map(id, asked), found, strict=True))
    known = [rankings.get(id(query)) for query in queries]
    return [
        ranking if ranking is not None and (len(ranking.items) or engine.knows(query.user)) else None
        for query, ranking in zip(queries, known, strict=True)
    ]


def _ranked(engine: Recommender, query: Query) -> Ranking:
    return engine.recommend(query)


def _similar(deployment: str, engine: Recommender, question: tuple[int, Query]) -> Ranking:
    try:
        return engine.similar(*question)
    except NotImplementedError:
        raise FailedPrecondition(f"deployment '{deployment}' does not compare items", "NOT_SUPPORTED") from None


def _check_reasons(count: int) -> int:
    if not 0 <= count <= MOST_REASONS:
        raise InvalidArgument("reason_count", f"must be between 0 and {MOST_REASONS}, not {count:,}")
    return count
