"""Lets re-rankers choose among what an engine has ranked: what they are told, and what is made of their answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, EngineSpec, Query, Recommender, ReRanker, Shortlist
from footlight_server.dispatch.faulting import EngineDown, EngineFault
from footlight_server.dispatch.filling import Found, chosen
from footlight_server.dispatch.likeness import Likeness, likeness_of_labels, likeness_of_neighbours
from footlight_server.dispatch.resolving import Asked, Resolver
from footlight_server.dispatch.wanting import Basis
from footlight_server.errors import FootlightError
from footlight_server.log.records import NOBODY
from footlight_server.parts.part_host import PartDown, PartHost

T = TypeVar("T")
Question = TypeVar("Question")
Chain = Sequence[PartHost[ReRanker]]
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


class Shortlister:
    """Makes short lists, and has them put in order."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def ordered(
        self, by: Source, found: Found, asked: Asked, chain: Chain, call: Call
    ) -> tuple[Found, Basis, list[PartHost[ReRanker]]]:
        """What the re-rankers choose, by what items were compared, and who took part.

        One that fails is left out: the next one gets the list as it was.
        """
        if not found.items:
            return found, Basis.UNASKED, []
        shortlist, basis = await self._shortlist(by, found, asked, chain, call)
        places, took_part = np.arange(len(found.items)), []
        for i, host in enumerate(chain):
            count = asked.count if i == len(chain) - 1 else len(places)
            try:
                kept = await host.ask(partial(_order, shortlist=_at(shortlist, places, count)), call)
            except PartDown as down:
                log.warning("an answer goes out without the %s: %s", host, down)
            else:
                places = places[kept]
                took_part.append(host)
        return chosen(found, places[: asked.count]), basis, took_part

    async def _shortlist(
        self, by: Source, found: Found, asked: Asked, chain: Chain, call: Call
    ) -> tuple[Shortlist, Basis]:
        """Everything that one of the re-rankers wants to know."""
        traits = [host.traits for host in chain if host.part is not None]
        items, index = found.ranking.items, await self._resolver.facets.index()
        labels = tuple(tuple(index.labels(item)) for item in found.items)
        names = {name for told in traits for name in told["reads"]}
        shortlist = Shortlist(
            items,
            np.array(found.scores),
            asked.count,
            asked.user,
            asked.when,
            asked.query.seed,
            asked.terms.diversity,
            labels,
            attributes={name: index.numbers(name, items) for name in names},
        )
        if any(told["dates"] for told in traits):
            shortlist.created = await self._resolver.ages.created(items)
        basis = Basis.NOTHING if asked.terms.diversity else Basis.UNASKED
        if any(told["compares"] for told in traits):
            shortlist.likeness, compared = await self._alike(by, labels, items, call)
            basis = compared if asked.terms.diversity else basis
        return shortlist, basis

    async def _alike(
        self, by: Source, labels: Sequence[Sequence[int]], items: NDArray[np.int32], call: Call
    ) -> tuple[Likeness | None, Basis]:
        """How alike items are: by what the catalogue says, else by the engine; None where neither can tell."""
        if (likeness := likeness_of_labels(labels)) is not None:
            return likeness, Basis.CONTENT
        try:
            neighbours = await by.run(_neighbours, (items, len(self._resolver.catalogue.live)), call)
        except (Incomparable, EngineDown):
            return None, Basis.NOTHING
        except EngineFault as fault:
            log.warning("items could not be compared: %s", fault)
            return None, Basis.NOTHING
        likeness = likeness_of_neighbours(neighbours)
        return likeness, Basis.NOTHING if likeness is None else Basis.NEIGHBOURS


def _at(whole: Shortlist, places: NDArray[np.intp], count: int) -> Shortlist:
    """The list in another order, with scores that fall: the highest of those that are left goes with the first."""
    part = replace(
        whole,
        items=whole.items[places],
        scores=np.sort(whole.scores[places])[::-1].copy(),
        count=min(count, len(places)),
        labels=tuple(whole.labels[place] for place in places),
        created=None if whole.created is None else whole.created[places],
        likeness=None if whole.likeness is None else whole.likeness[np.ix_(places, places)],
        attributes={name: values[places] for name, values in whole.attributes.items()},
    )
    for array in (part.items, part.scores, part.created, part.likeness, *part.attributes.values()):
        if array is not None:
            array.flags.writeable = False
    return part


def _order(part: ReRanker, shortlist: Shortlist) -> NDArray[np.intp]:
    """What a re-ranker chooses, checked: a stranger may return anything. Runs on its thread."""
    places: Any = part.order(shortlist)
    if not isinstance(places, np.ndarray) or places.ndim != 1 or places.dtype.kind not in "iu":
        raise EngineFault(f"{type(part).__name__}.order answered {_told(places)}, expected places as whole numbers")
    if len(places) > shortlist.count:
        raise EngineFault(f"{type(part).__name__}.order chose {len(places)} items of {shortlist.count} at most")
    if len(places) and not (places.min() >= 0 and places.max() < len(shortlist)):
        raise EngineFault(f"{type(part).__name__}.order chose places that are not in the list of {len(shortlist)}")
    if len(np.unique(places)) < len(places):
        raise EngineFault(f"{type(part).__name__}.order chose an item twice")
    return places.astype(np.intp)


def _told(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    return f"a {type(value).__name__}"


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
