"""Finds the items that satisfy a filter, by an index in memory that follows the catalogue.

Nothing of this is touched by a request without a filter.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from footlight_server.errors import InvalidArgument, Unavailable
from footlight_server.log.catalogue import Catalogue
from footlight_server.log.facet_index import FacetIndex, Key, Mask
from footlight_server.log.filtering import ItemFilter, Predicate

log = logging.getLogger(__name__)

PIECE = 512
"""So many changed items are taken over at once; then the event loop turns to somebody else."""

MOST_BYTES = 64 << 20
"""At most so much memory for the masks of whole filters; the one that was asked for longest ago goes first."""


class Servable(NamedTuple):
    """The items that satisfy a filter."""

    mask: Mask
    """Shape (items,). The same array until the catalogue or the time changes it."""
    base: Mask
    """Those that are available, of which it was made."""
    size: int


class Facets:
    """Masks by filter. Everything here runs on the event loop."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._index: FacetIndex | None = None
        self._revision = 0
        self._whole: OrderedDict[ItemFilter, Servable] = OrderedDict()
        self._lock = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read the catalogue in the background, so that the first filter finds the index there."""
        self._catalogue.on_change.append(self._hear)
        self._loading = asyncio.create_task(self._load(), name="facets")

    def stop(self) -> None:
        """Follow the catalogue no more."""
        if self._loading is not None:
            self._loading.cancel()

    def _hear(self) -> None:
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="facets")

    async def _load(self) -> None:
        try:
            await self.index()
        except Unavailable as away:
            log.warning("the index of items could not be brought up to date: %s", away.message)

    async def index(self) -> FacetIndex:
        """The index, with everything in it that the catalogue says now.

        Raises
        ------
        Unavailable
            When the database does not answer.
        """
        if self._index is not None and self._revision >= self._catalogue.revision:
            return self._index
        async with self._lock:
            index = self._index or await self._load_whole()
            await self._follow(index)
            return index

    async def _load_whole(self) -> FacetIndex:
        index, self._revision = await asyncio.to_thread(self._made)
        self._index = index
        return index

    async def _follow(self, index: FacetIndex) -> None:
        """Take over what was put or deleted since."""
        while self._revision < (goal := self._catalogue.revision):
            contents, revision = await asyncio.to_thread(self._catalogue.contents, self._revision)
            for start in range(0, len(contents), PIECE):
                index.put(contents[start : start + PIECE])
                self._whole.clear()
                await asyncio.sleep(0)
            self._revision = max(revision, goal)

    def _made(self) -> tuple[FacetIndex, int]:
        index = FacetIndex()
        contents, revision = self._catalogue.contents()
        index.put(contents)
        return index, revision

    async def servable(self, asked: ItemFilter) -> Servable:
        """The items that satisfy a filter, which was checked before.

        Raises
        ------
        InvalidArgument
            For an attribute that no item has, or whose values are of another sort.
        """
        index = await self.index()
        time = asked.available_at
        base = self._catalogue.servable if time is None else self._catalogue.available(time)
        found = self._whole.get(asked)
        if found is None or (found.base is not base and time is None) or len(found.mask) != len(base):
            self._check_attributes(index, asked.where)
            mask = reduce(np.logical_and, self._parts(index, asked, len(base)), base)
            found = Servable(mask, base, int(np.count_nonzero(mask)))
            self._keep(asked, found)
        else:
            self._whole.move_to_end(asked)
        return found

    def _keep(self, asked: ItemFilter, found: Servable) -> None:
        self._whole[asked] = found
        while len(self._whole) > 1 and len(self._whole) * max(1, len(found.mask)) > MOST_BYTES:
            self._whole.popitem(last=False)

    def _parts(self, index: FacetIndex, asked: ItemFilter, size: int) -> Sequence[Mask]:
        """What each condition allows."""

        def tags(tag: str) -> Mask:
            return index.having(Key("tag", tag), size)

        parts = [tags(tag) for tag in asked.tags_all]
        if asked.kinds:
            parts.append(reduce(np.logical_or, (index.having(Key("kind", kind), size) for kind in asked.kinds)))
        if asked.tags_any:
            parts.append(reduce(np.logical_or, map(tags, asked.tags_any)))
        parts += [~tags(tag) for tag in asked.tags_none]
        return parts + [index.satisfying(predicate, size) for predicate in asked.where]

    def _check_attributes(self, index: FacetIndex, where: Sequence[Predicate]) -> None:
        for i, predicate in enumerate(where):
            field, name = f"filter.where[{i}]", predicate.name
            if not (sorts := index.sorts(name)):
                near = difflib.get_close_matches(name, index.attributes, 1)
                hint = f"; there is {near[0]!r}" if near else ""
                raise InvalidArgument(f"{field}.name", f"no item has an attribute {name!r}{hint}")
            if predicate.sort not in sorts:
                told = {"number": "numbers", "text": "texts", "truth": "true or false"}
                held = " and ".join(told[sort] for sort in sorts)
                raise InvalidArgument(f"{field}.{predicate.test}", f"{name!r} holds {held}, not {told[predicate.sort]}")
