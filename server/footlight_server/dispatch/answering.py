"""Who answers, what the answer is made of in the end, and on what record."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from footlight_plugins import Query, Ranking, Recommender, ReRanker
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.checking import checked_lines
from footlight_server.dispatch.completing import Completer, ranked
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.filling import Found
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.shortlisting import Shortlister
from footlight_server.dispatch.wanting import PLAINLY, Basis, More, Recommended, Terms, terms_to_json
from footlight_server.log.rankings import RankingLog
from footlight_server.models.answers import known_to
from footlight_server.parts.part_host import PartHost
from footlight_server.parts.source_host import SourceHost

log = logging.getLogger(__name__)


class Answerer:
    """Asks the engine, or the fallback in its stead; has what comes of it finished, and records it."""

    def __init__(self, deployments: Deployments, resolver: Resolver, rankings: RankingLog) -> None:
        self._deployments = deployments
        self._resolver = resolver
        self._rankings = rankings
        self._ids = resolver.catalogue.ids
        self._completer = Completer(resolver)
        self._shortlister = Shortlister(resolver)

    async def find(self, asking: Asking, host: RecommenderHost, query: Query) -> tuple[RecommenderHost, Found]:
        """The engine's answer; the fallback's where the engine does not know the person or is out of order."""
        try:
            ranking = await host.run(known, query, asking.call)
            found = None if ranking is None else Found(ranking, *checked_lines(host.spec.name, ranking, query))
            host.succeed()
        except EngineDown:
            found = None
        except EngineFault as fault:
            if host.fault(fault):
                raise
            found = None
        return (host, found) if found is not None else await self.stand_in(asking, host, query)

    async def stand_in(
        self, asking: Asking, host: RecommenderHost, query: Query, fault: EngineFault | None = None
    ) -> tuple[RecommenderHost, Found]:
        """The fallback's answer; none at all for a person whom nobody knows. ``fault`` is counted first."""
        if fault is not None:
            log.error("deployment %r failed at one person of a batch", host.name, exc_info=fault)
            host.fault(fault)
        fallback = self._deployments.fallback()
        broken = fault is not None or not host.care.closed
        if broken and (fallback is None or fallback is host):
            raise host.care.down() from fault
        if fallback is None:
            return host, Found(Ranking.empty(), [], [])
        try:
            ranking = await fallback.run(ranked, query, asking.call)
            found = Found(ranking, *checked_lines(fallback.spec.name, ranking, query))
        except EngineFault as wrong:
            fallback.fault(wrong)
            raise fallback.care.down() from wrong
        fallback.succeed()
        return fallback, found

    async def finish(
        self, asking: Asking, host: RecommenderHost, answer: tuple[RecommenderHost, Found], asked: Asked
    ) -> Recommended:
        """Let re-rankers choose where there are any, fill up what lacks, record it."""
        by, found = answer
        said: dict[str, Any] = {"count": asked.count, "pending": by.pending, "when": asked.when}
        where = (by.name, by.version, by.position)
        basis = Basis.UNASKED
        if (chain := self._chain(host, asked.terms)) or asked.terms.diversity:
            found, basis, took_part = await self._shortlister.ordered(by, found, asked, chain, asking.call)
            said["rerankers"] = [named(part) for part in took_part]
            said["pool"] = 1 if host.composition is None else host.composition.pool
        sources = () if host.composition is None else host.composition.sources
        found, mixed_by = await self._completer.mix(sources, found, asked, asking.call)
        said["mixed_by"] = [proposer(source) for source in mixed_by]
        own = len(found.items)
        if own < asked.count:
            fallback = self._deployments.fallback()
            fallback = None if fallback is by else fallback
            found, filled_by = await self._completer.fill(fallback, sources, found, asked, asking.call)
            if own < len(found.items):
                said["filled_from"] = own
                said["filled_by"] = None if fallback is None else (fallback.name, fallback.version, fallback.position)
                said["sources"] = [proposer(source) for source in filled_by]
        request = self._said(host, asked.query, replace(asked.terms, seed=asked.seed), said)
        ranking = found.ranking
        record = self._rankings.record
        decision = record(where, asked.user, ranking.items, ranking.scores, request, ranking.propensity)
        more = More(own, asked.servable == 0, asked.unknown, asked.seed, basis)
        source = (decision, host.name, where[1], where[2], by is not host)
        lines = (found.items, found.scores, found.ranking, self._ids)
        return Recommended(*source, *lines, asked.query.reasons, by.pending, more)

    def _chain(self, host: RecommenderHost, terms: Terms) -> list[PartHost[ReRanker]]:
        """The re-rankers that an answer passes through: those of the deployment, then the one for diversity."""
        chain = [] if host.composition is None else list(host.composition.rerankers)
        diversifier = self._deployments.roster.diversifier
        return [*chain, diversifier] if terms.diversity and diversifier is not None else chain

    def record(
        self,
        asked: RecommenderHost,
        by: RecommenderHost,
        query: Query,
        ranking: Ranking,
        items: list[int],
        scores: list[float],
    ) -> Recommended:
        """Record a plain answer. What is not usual about the question goes with it."""
        version, position, other = by.version, by.position, by is not asked
        said = self._said(asked, query, PLAINLY) if other or query.include_seen or len(query.exclude) else b""
        source = by.name, version, position
        decision = self._rankings.record(source, query.user, ranking.items, ranking.scores, said)
        # Fields by place: it is made with every call.
        return Recommended(
            decision,
            asked.name,
            version,
            position,
            other,
            items,
            scores,
            ranking,
            self._ids,
            query.reasons,
            by.pending,
        )

    def record_all(
        self, host: RecommenderHost, queries: Sequence[Query], rankings: Sequence[Ranking], terms: Terms
    ) -> list[Recommended]:
        """Record answers of the engine itself, all of the same length, which were checked together."""
        first, where = queries[0], (host.name, host.version, host.position)
        special = first.include_seen or len(first.exclude) or terms is not PLAINLY
        said = self._said(host, first, terms) if special else b""
        decisions = self._rankings.record_all(where, [query.user for query in queries], rankings, said)
        name, version, position = where
        pending, ids, reasons = host.pending, self._ids, first.reasons
        return [
            Recommended(
                decision,
                name,
                version,
                position,
                False,
                ranking.items.tolist(),
                ranking.scores.tolist(),
                ranking,
                ids,
                reasons,
                pending,
            )
            for decision, ranking in zip(decisions, rankings, strict=True)
        ]

    def _said(self, host: RecommenderHost, query: Query, terms: Terms, further: dict[str, Any] | None = None) -> bytes:
        """What was asked, as it is kept: everything but the person, who has a column."""
        said = {"deployment": host.name, "include_seen": query.include_seen, "reasons": query.reasons}
        said |= {"exclude": query.exclude.tolist(), "time": query.time, "terms": terms_to_json(terms)}
        return json.dumps({name: value for name, value in (said | (further or {})).items() if value}).encode()


def named(part: PartHost[Any]) -> list[Any]:
    """A part as a record names it."""
    return [part.spec.name, part.spec.version, dict(part.options)]


def proposer(source: SourceHost) -> list[Any]:
    """A candidate source as a record names it."""
    return [*named(source), source.share, source.position]


def known(engine: Recommender, query: Query) -> Ranking | None:
    """The engine's ranking; None for a person, or a visitor, it has nothing to go by."""
    if query.user < 0 and query.history is None:
        return None
    ranking = engine.recommend(query)
    if ranking is not None and (len(ranking.items) or (query.user >= 0 and known_to(engine, query.user))):
        return ranking
    return None
