"""From what somebody asks for to the query that an engine can answer: names become ordinals, a filter becomes a mask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Events, History, Query
from footlight_plugins.data import PREFERENCES, EventKind
from footlight_server.dispatch.wanting import (
    MOST_EXCLUDED,
    MOST_ITEMS,
    PLAINLY,
    Met,
    Terms,
    Wanted,
    check_reasons,
    check_terms,
)
from footlight_server.errors import InvalidArgument
from footlight_server.log.ages import Ages
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.events import EventLog
from footlight_server.log.facets import Facets
from footlight_server.log.filtering import ItemFilter
from footlight_server.log.people import People
from footlight_server.log.records import NOBODY, now
from footlight_server.log.validation import check_count, check_id, chosen_seed
from footlight_server.parts.roster import Composition

Ordinals = NDArray[np.int32]
NO_ITEMS: Ordinals = np.empty(0, np.int32)
_NO_VALUES, _NO_TIMES = np.empty(0, np.float64), np.empty(0, np.int64)
_SECOND = 1_000_000

POOL = 5
"""Where items are to differ, they are chosen among so many times as many."""
LEAST_POOL = 50


@dataclass(slots=True)
class Asked:
    """A query, and what an engine need not know of it."""

    query: Query
    """Its count is that of the candidates, where the answer is chosen among them."""
    count: int
    """How many items are wanted."""
    user: int
    """The person whom the answer is recorded for; -1 for a visitor without a name."""
    terms: Terms = PLAINLY
    servable: int = -1
    """How many items satisfy the filter; -1 where there is none."""
    unknown: tuple[str, ...] = ()
    seed: int | None = None
    """The seed, where there is one to report."""
    when: int = 0
    """When it was asked, and a history without times ended, in microseconds since 1970; 0 where nothing depends on it."""
    upto: int | None = None
    """The log position up to which what the person has seen counts; None: the last."""
    seen: NDArray[np.int32] | None = None
    """The items that the person has met; None until somebody needs to know."""


class Resolver:
    """Knows the names of items and people."""

    def __init__(self, catalogue: Catalogue, people: People, events: EventLog, facets: Facets, ages: Ages) -> None:
        self.catalogue = catalogue
        self.people = people
        self.facets = facets
        self.ages = ages
        self._events = events

    async def resolve(self, wanted: Wanted, explores: bool, composition: Composition | None = None) -> Asked:
        """The query of somebody who says more than most do; a seed is drawn where chance will play a part.

        ``composition`` is what the answer will pass through.

        Raises
        ------
        InvalidArgument
            Names the field that is wrong.
        """
        terms = wanted.terms or PLAINLY
        check_terms(wanted.user_id, terms)
        count = check_count("count", wanted.count, 10, MOST_ITEMS)
        query = Query(NOBODY, count, await self.servable(terms.filter), self.excluded(wanted.exclude))
        asked = Asked(query, count, NOBODY, terms)
        query.include_seen, query.reasons = wanted.include_seen, check_reasons(wanted.reasons)
        if terms.seed is not None or explores:
            asked.seed = query.seed = chosen_seed("seed", terms.seed)
        if terms.history is None:
            query.user = asked.user = self.people.ordinal(check_id("user_id", wanted.user_id))
        if composition is not None:
            asked.when = now()
        self.widen(asked, 1 if composition is None else composition.pool)
        await self.go_by_history(asked)
        if terms.filter is not None:
            asked.servable = int(np.count_nonzero(query.servable))
        return asked

    async def servable(self, asked: ItemFilter | None) -> NDArray[np.bool_]:
        """Shape (items,): which items satisfy a filter; all that are available now where there is none."""
        if asked is None:
            return self.catalogue.servable
        return (await self.facets.servable(asked)).mask

    def excluded(self, item_ids: Sequence[str]) -> Ordinals:
        """The ordinals of items that must not come back; unknown ones are passed over."""
        if not item_ids:
            return NO_ITEMS
        if len(item_ids) > MOST_EXCLUDED:
            raise InvalidArgument("exclude_item_ids", f"must hold at most {MOST_EXCLUDED:,} ids")
        return np.fromiter((o for o in self.catalogue.ordinals(item_ids) if o is not None), np.int32)

    def widen(self, asked: Asked, pool: int = 1) -> None:
        """Ask for more candidates than are wanted, where the answer is chosen among so many times as many."""
        pool = max(pool, POOL if asked.terms.diversity else 1)
        if pool > 1:
            asked.query.count = min(MOST_ITEMS, max(pool * asked.count, LEAST_POOL))

    async def go_by_history(self, asked: Asked) -> None:
        """Let the query go by the history of a visitor, or by the session of a person, where it is to."""
        query, terms = asked.query, asked.terms
        if terms.history is not None:
            asked.when = asked.when or now()
            query.history, asked.unknown = self._visited(terms.history, asked.when)
            met = query.history.item
        elif terms.session_start is not None:
            preferred = await asyncio.to_thread(self.preferences, asked.user, asked.upto)
            query.user, query.history, met = NOBODY, _since(preferred, terms.session_start), preferred.item
        else:
            return
        if not query.include_seen and len(met):
            query.exclude = np.concatenate([query.exclude, met.astype(np.int32)])

    def _visited(self, history: Sequence[Met], time: int) -> tuple[History, tuple[str, ...]]:
        """The history of a visitor, and the items in it that are unknown. Where no times are given, entries are a second
        apart, and the last is of the time that is given.
        """
        last: dict[int, tuple[int, float]] = {}
        unknown: dict[str, None] = {}
        for i, met in enumerate(history):
            if (ordinal := self.catalogue.ordinal(met.item_id)) is None:
                unknown[met.item_id] = None
                continue
            when = time - (len(history) - 1 - i) * _SECOND if met.time is None else met.time
            if ordinal not in last or last[ordinal][0] <= when:
                last[ordinal] = when, 1.0 if met.value is None else met.value
        rows = sorted((when, ordinal, value) for ordinal, (when, value) in last.items())
        if not rows:
            return History(NO_ITEMS, _NO_VALUES, _NO_TIMES), tuple(unknown)
        times, items, values = zip(*rows, strict=True)
        found = History(np.array(items, np.int32), np.array(values, np.float64), np.array(times, np.int64))
        return found, tuple(unknown)

    def preferences(self, user: int, upto: int | None = None) -> Events:
        """What the log holds of a person up to a position: of each item the preference that is in force, by time. Reads the
        database.
        """
        if user == NOBODY:
            return Events.empty()
        events = self._events.read_person(user, upto)
        order = np.lexsort((events.tie, events.time))
        events = events.take(order[np.isin(events.kind[order], (*PREFERENCES, EventKind.RETRACTION))])
        _, latest = np.unique(events.item[::-1], return_index=True)  # the last of each item
        kept = np.sort(len(events) - 1 - latest)
        return events.take(kept[events.kind[kept] != EventKind.RETRACTION])


def _since(preferred: Events, start: int) -> History:
    rows = preferred.take(preferred.time >= start)
    return History(rows.item, rows.value, rows.time)
