"""Items are servable in their time, and the catalogue keeps that up as time goes by."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_server.log import Catalogue, Database, Item, Writer, now
from footlight_server.log.availability import Availability

TIMES = st.one_of(st.none(), st.integers(0, 5))


def is_open(window: tuple[int | None, int | None], time: int) -> bool:
    start, end = window
    return (start is None or start <= time) and (end is None or time < end)


@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=5), st.integers(-1, 6))
def test_a_window_is_open_from_its_beginning_to_before_its_end(
    windows: list[tuple[int | None, int | None]], time: int
) -> None:
    availability, live = Availability(), np.ones(len(windows), np.bool_)
    availability.put(len(windows), [(i, *window) for i, window in enumerate(windows)])
    assert availability.among(live, time).tolist() == [is_open(window, time) for window in windows]
    later = [t for window in windows for t in window if t is not None and t > time]
    assert availability.next_change(time) == min(later, default=None)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_items_come_and_go_by_themselves(catalogue: Catalogue) -> None:
    catalogue.keep_time()
    soon = now() + 150_000
    await catalogue.put([Item("soon", available_from=soon), Item("gone", available_until=soon)])
    assert catalogue.available(soon - 1)[3:].tolist() == [False, True]
    async with asyncio.timeout(20):
        while catalogue.servable[3:].tolist() != [True, False]:  # noqa: ASYNC110  # there is nothing to be told by
            await asyncio.sleep(0.01)
    catalogue.stop()


async def test_windows_are_read_back_and_survive_a_restart(
    catalogue: Catalogue, database: Database, writer: Writer
) -> None:
    await catalogue.put([Item("past", available_from=1, available_until=2)])
    again = Catalogue(database, writer, "default")
    assert (again.get("past").available_from, again.get("past").available_until) == (1, 2)
    assert again.servable.tolist() == [True, True, True, False] and again.live.all()


async def test_what_another_server_puts_and_deletes_is_taken_over(
    catalogue: Catalogue, database: Database, writer: Writer
) -> None:
    other = Catalogue(database, writer, "default")
    await other.put([Item("dune", available_until=1), Item("alien", "Alien 2")])
    await other.delete("brazil")
    await catalogue.follow(other.revision)
    assert catalogue.ids == other.ids and catalogue.servable.tolist() == other.servable.tolist()
    contents, revision = catalogue.contents(1)
    assert [(c.item, c.title) for c in contents] == [(0, "Alien 2"), (1, ""), (3, "")] and revision == other.revision
