"""A recommendation read back as it was answered, and computed anew from the state of then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

import numpy as np

from footlight_plugins import Call, EngineSpec, Query, Ranking, Recommender, ReRanker
from footlight_server.dispatch.answering import known, named, proposer
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.completing import Completer, ranked
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.faulting import EngineFault
from footlight_server.dispatch.filling import Found
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.seat import apart
from footlight_server.dispatch.shortlisting import Shortlister
from footlight_server.dispatch.wanting import Terms, terms_from_json
from footlight_server.errors import FailedPrecondition, FootlightError
from footlight_server.log.rankings import Ranked, RankingLog
from footlight_server.log.validation import check_id
from footlight_server.parts.part_host import PartHost
from footlight_server.parts.source_host import RestoredSource

T = TypeVar("T")
Question = TypeVar("Question")


class Outcome(IntEnum):
    """Whether a recommendation is the same when it is computed anew; the numbers are those of the wire."""

    SAME = 1
    DIFFERENT = 2
    IMPOSSIBLE = 3


@dataclass(frozen=True, slots=True)
class Recomputation:
    """What comes out now."""

    outcome: Outcome
    explanation: str
    items: Sequence[int] = ()
    scores: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was asked and answered."""

    decision_id: str
    user_id: str
    """Empty for a visitor without a name."""
    ranked: Ranked
    said: Mapping[str, Any]
    """What was not usual about the question."""
    terms: Terms
    ids: Sequence[str]
    """The names of all items by ordinal."""
    recomputation: Recomputation | None = None

    @property
    def deployment(self) -> str:
        """The one that was asked."""
        return str(self.said.get("deployment", self.ranked.deployment))

    @property
    def count(self) -> int:
        """How many items were wanted; of a plain question as many as came."""
        return int(self.said.get("count", len(self.ranked.items)))


class Restored:
    """An engine as of a log position. Everything it is asked runs on a thread of its own."""

    def __init__(self, spec: EngineSpec, engine: Recommender) -> None:
        self.spec = spec
        self._engine = engine

    async def run(self, work: Callable[[Recommender, Question], T], question: Question, call: Call) -> T:
        """Ask it something."""
        return await apart(self.spec.name, partial(work, self._engine, question))


class Recalling:
    """Answers GetDecision."""

    def __init__(self, deployments: Deployments, resolver: Resolver, rankings: RankingLog, policy: Policy) -> None:
        self._deployments = deployments
        self._resolver = resolver
        self._rankings = rankings
        self._policy = policy
        self._completer = Completer(resolver)
        self._shortlister = Shortlister(resolver)

    async def recall(self, asking: Asking, decision_id: str, recompute: bool) -> Recalled:
        """Read a recommendation back.

        Raises
        ------
        NotFound
            Until it is written, where another server answered it; and for good, as DecisionErased, once its person was
            forgotten.
        """
        self._policy.check(asking, "read")
        check_id("decision_id", decision_id)
        await self._rankings.written(decision_id)
        found = await asyncio.to_thread(self._rankings.get, decision_id)
        said = json.loads(found.asked) if found.asked else {}
        user_id = await asyncio.to_thread(self._resolver.people.name_of, found.user)
        terms = terms_from_json(said.get("terms", {}))
        recalled = Recalled(decision_id, user_id, found, said, terms, self._resolver.catalogue.ids)
        if not recompute:
            return recalled
        return replace(recalled, recomputation=await self._recomputed(asking, recalled))

    async def _recomputed(self, asking: Asking, recalled: Recalled) -> Recomputation:
        then = recalled.ranked
        erased = await asyncio.to_thread(self._deployments.events.erased_since, then.time)
        try:
            asked, changed = await self._asked(recalled)
            found = await self._found(asking, recalled, asked)
        except (FootlightError, EngineFault) as fault:
            return Recomputation(Outcome.IMPOSSIBLE, f"the state of then cannot be had: {fault}")
        same = found.items == then.items.tolist() and np.array_equal(
            np.array(found.scores, np.float32), then.scores.astype(np.float32)
        )
        if same:
            return Recomputation(Outcome.SAME, "", found.items, found.scores)
        if erased:
            people = "a person was" if erased == 1 else f"{erased:,} people were"
            return Recomputation(Outcome.IMPOSSIBLE, f"{people} forgotten since: the state of then is gone for good")
        return Recomputation(Outcome.DIFFERENT, _explained(recalled, changed), found.items, found.scores)

    async def _asked(self, recalled: Recalled) -> tuple[Asked, int]:
        """The question as it was put, and how many items of the catalogue have changed since."""
        then, said, terms, catalogue = recalled.ranked, recalled.said, recalled.terms, self._resolver.catalogue
        there, changed = await asyncio.to_thread(catalogue.as_of, then.time)
        there = there[: len(catalogue.live)]
        # Of an item that is deleted it is no longer known when it was available.
        servable = there & (catalogue.available(then.time) | ~catalogue.live)[: len(there)]
        if terms.filter is not None:
            at = then.time if terms.filter.available_at is None else terms.filter.available_at
            wanted = await self._resolver.facets.servable(replace(terms.filter, available_at=at))
            servable = there & wanted.mask[: len(there)]
        query = Query(then.user, recalled.count, servable, np.array(said.get("exclude", []), np.int32))
        query.include_seen, query.reasons = bool(said.get("include_seen")), int(said.get("reasons", 0))
        query.time, query.seed = int(said.get("time", 0)), terms.seed or 0
        asked = Asked(query, recalled.count, then.user, terms, upto=then.log_position, when=int(said.get("when", 0)))
        await self._resolver.go_by_history(asked)
        self._resolver.widen(asked, int(said.get("pool", 1)))
        return asked, changed

    async def _found(self, asking: Asking, recalled: Recalled, asked: Asked) -> Found:
        then, said, query = recalled.ranked, recalled.said, asked.query
        by = await self._restored(then.deployment, then.model_version, then.log_position)
        ask = known if then.deployment == recalled.deployment else ranked
        ranking = await by.run(ask, query, asking.call)
        ranking = Ranking.empty() if ranking is None else ranking
        found = Found(ranking, ranking.items.tolist(), ranking.scores.tolist())
        if (chain := self._chain(recalled)) or asked.terms.diversity:
            found, _, took_part = await self._shortlister.ordered(by, found, asked, chain, asking.call)
            if len(took_part) < len(chain):
                raise FailedPrecondition("a re-ranker that took part then does not answer now")
        mixed_by = await self._sources(recalled, "mixed_by")
        found, mixed = await self._completer.mix(mixed_by, found, asked, asking.call)
        filled_by = await self._sources(recalled, "sources")
        filled: list[RestoredSource] = []
        if "filled_from" in said:
            filler = said.get("filled_by")
            fallback = None if filler is None else await self._restored(*filler)
            found, filled = await self._completer.fill(fallback, filled_by, found, asked, asking.call)
        if len(mixed) < len(mixed_by) or len(filled) < len(filled_by):
            raise FailedPrecondition("a candidate source that took part then does not answer now")
        return found

    async def _sources(self, recalled: Recalled, which: str) -> list[RestoredSource]:
        """The candidate sources that took part then, as they were."""
        composition = self._deployments.roster.composition(recalled.deployment)
        here = () if composition is None else composition.sources
        made = []
        for *name, position in recalled.said.get(which, []):
            found = next((host for host in here if proposer(host)[:-1] == name), None)
            if found is None:
                raise FailedPrecondition(f"candidate source '{name[0]}' with the options of then is not at work now")
            made.append(await found.as_of(position, int(recalled.said.get("when", 0))))
        return made

    def _chain(self, recalled: Recalled) -> list[PartHost[ReRanker]]:
        """The re-rankers that took part then."""
        roster, composition = self._deployments.roster, self._deployments.roster.composition(recalled.deployment)
        here = [] if composition is None else list(composition.rerankers)
        if recalled.terms.diversity and roster.diversifier is not None:
            here.append(roster.diversifier)
        wanted = recalled.said.get("rerankers")
        if wanted is None:  # it was answered before there were any but the one for diversity
            return here[-1:] if recalled.terms.diversity else []
        chain = []
        for name, version, options in wanted:
            found = next((host for host in here if named(host) == [name, version, options]), None)
            if found is None:
                raise FailedPrecondition(f"re-ranker '{name}' {version} with the options of then is not at work now")
            chain.append(found)
        return chain

    async def _restored(self, deployment: str, version: int, position: int) -> Restored:
        host = await self._deployments.awake(deployment)
        return Restored(host.spec, await host.as_of(version, position))


def _explained(recalled: Recalled, changed: int) -> str:
    """What may have made the difference."""
    if changed:
        items = "an item was" if changed == 1 else f"{changed:,} items were"
        return f"{items} changed or deleted since, and the catalogue keeps no older versions"
    if pending := recalled.said.get("pending", 0):
        return f"{pending:,} events were not in the answer then, because the engine had put them off"
    return "the engine, or what it depends on, is another one than it was"
