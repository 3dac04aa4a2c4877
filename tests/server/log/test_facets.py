"""Filters find what a look at every item finds, whatever was put, changed and deleted before."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footlight_plugins import ItemContent
from footlight_server.errors import InvalidArgument
from footlight_server.log import Catalogue, Item
from footlight_server.log.facet_index import FacetIndex, Key
from footlight_server.log.facets import Facets
from footlight_server.log.filtering import ItemFilter, Predicate, check_filter

SIZE = 6
VALUES = st.one_of(st.sampled_from([0.0, 1.0, 2.5, -3.0]), st.sampled_from(["", "1", "fr"]), st.booleans())
CONTENTS = st.builds(
    ItemContent,
    st.integers(0, SIZE - 1),
    kind=st.sampled_from(["", "film", "song"]),
    tags=st.lists(st.sampled_from("abc"), unique=True).map(tuple),
    attributes=st.dictionaries(st.sampled_from(["year", "country"]), st.one_of(VALUES, st.none(), st.lists(VALUES))),
)
BOUNDS = st.sampled_from([-math.inf, -3.0, 0.0, 1.0, 2.5])
PREDICATES = st.one_of(
    st.builds(Predicate, st.sampled_from(["year", "country"]), VALUES.map(lambda value: (value,))),
    st.builds(Predicate, st.just("year"), st.sampled_from([(0.0, 1.0), ("1", "fr"), (True, False)])),
    st.builds(
        Predicate,
        st.just("year"),
        low=BOUNDS,
        high=BOUNDS.map(lambda x: -x),
        open_low=st.booleans(),
        open_high=st.booleans(),
    ),
)


def satisfies(content: ItemContent, predicate: Predicate) -> bool:
    """The obvious way."""
    value: Any = content.attributes.get(predicate.name)
    if predicate.values:
        return any(type(value) is type(wanted) and value == wanted for wanted in predicate.values)
    if not isinstance(value, float):
        return False
    above = value > predicate.low if predicate.open_low else value >= predicate.low
    return above and (value < predicate.high if predicate.open_high else value <= predicate.high)


@settings(max_examples=60)
@given(st.lists(st.lists(CONTENTS, max_size=4, unique_by=lambda content: content.item), max_size=4), PREDICATES)
def test_the_index_says_what_a_look_at_every_item_says(puts: list[list[ItemContent]], predicate: Predicate) -> None:
    index, now = FacetIndex(), {i: ItemContent(i) for i in range(SIZE)}
    for put in puts:
        index.put(put)
        now |= {content.item: content for content in put}
    told = [satisfies(now[i], predicate) for i in range(SIZE)]
    assert index.satisfying(predicate, SIZE).tolist() == told
    for key, holds in ((Key("kind", "film"), lambda c: c.kind == "film"), (Key("tag", "b"), lambda c: "b" in c.tags)):
        assert index.having(key, SIZE).tolist() == [holds(now[i]) for i in range(SIZE)]


FILMS = [
    Item("alien", "Alien", "film", ("horror", "space"), {"year": 1979, "country": "US"}),
    Item("brazil", "Brazil", "film", ("satire",), {"year": 1985, "country": "GB"}),
    Item("casablanca", "Casablanca", "film", ("romance",), {"year": 1942}),
    Item("myst", "Myst", "game", ("puzzle",), {"year": 1993, "coloured": True}),
]


@pytest.fixture
async def shelf(catalogue: Catalogue) -> Catalogue:
    await catalogue.put(FILMS)
    return catalogue


async def found(shelf: Catalogue, facets: Facets, asked: ItemFilter) -> list[str]:
    chosen = await facets.servable(check_filter("filter", asked))
    return [shelf.ids[int(i)] for i in np.flatnonzero(chosen.mask)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (ItemFilter(), ["alien", "brazil", "casablanca", "myst"]),
        (ItemFilter(kinds=("game", "song")), ["myst"]),
        (ItemFilter(tags_all=("horror", "space")), ["alien"]),
        (ItemFilter(tags_all=("horror", "satire")), []),
        (ItemFilter(tags_any=("satire", "puzzle", "no such")), ["brazil", "myst"]),
        (ItemFilter(kinds=("film",), tags_none=("horror", "romance")), ["brazil"]),
        (ItemFilter(where=(Predicate("year", low=1979.0, high=1990.0),)), ["alien", "brazil"]),
        (ItemFilter(where=(Predicate("year", low=1979.0, open_low=True),)), ["brazil", "myst"]),
        (ItemFilter(where=(Predicate("country", ("GB", "FR"), single=False),)), ["brazil"]),
        (ItemFilter(where=(Predicate("coloured", (True,)),)), ["myst"]),
        (ItemFilter(kinds=("book",)), []),
    ],
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_filters_find_their_items(shelf: Catalogue, asked: ItemFilter, expected: list[str]) -> None:
    assert await found(shelf, Facets(shelf), asked) == expected


async def test_the_index_follows_what_is_put_and_deleted(shelf: Catalogue) -> None:
    facets, horror = Facets(shelf), ItemFilter(tags_all=("horror",))
    assert await found(shelf, facets, horror) == ["alien"]
    await shelf.put([Item("alien", tags=("comedy",)), Item("dracula", tags=("horror",))])
    assert await found(shelf, facets, horror) == ["dracula"]
    await shelf.delete("dracula")
    assert await found(shelf, facets, horror) == []


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_the_same_filter_gives_the_same_array_until_something_changes(shelf: Catalogue) -> None:
    facets = Facets(shelf)
    first = (await facets.servable(ItemFilter(kinds=("film",)))).mask
    assert (await facets.servable(ItemFilter(kinds=("film",)))).mask is first
    await shelf.put([Item("dune", kind="film")])
    assert (await facets.servable(ItemFilter(kinds=("film",)))).mask.tolist() == [True, True, True, False, True]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_items_are_found_at_the_times_at_which_they_are_available(shelf: Catalogue) -> None:
    await shelf.put([Item("late", available_from=2_000), Item("early", available_until=2_000)])
    facets = Facets(shelf)
    for time, expected in ((0, "early"), (1_999, "early"), (2_000, "late")):
        assert (await found(shelf, facets, ItemFilter(available_at=time)))[-1] == expected


@pytest.mark.parametrize(
    ("predicate", "field", "said"),
    [
        (Predicate("yaer", (1.0,)), "where[0].name", "there is 'year'"),
        (Predicate("zzz", (1.0,)), "where[0].name", "no item has an attribute 'zzz'"),
        (Predicate("year", ("1979",)), "where[0].equals", "holds numbers, not texts"),
        (Predicate("country", low=1.0), "where[0].range", "holds texts, not numbers"),
        (Predicate("coloured", ("yes", "no"), single=False), "where[0].any_of", "holds true or false, not texts"),
    ],
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_attributes_that_no_item_has_are_named(
    shelf: Catalogue, predicate: Predicate, field: str, said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said) as refusal:
        await Facets(shelf).servable(ItemFilter(where=(predicate,)))
    assert refusal.value.field == f"filter.{field}"
