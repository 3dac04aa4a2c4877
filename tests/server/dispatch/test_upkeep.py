"""An engine hears of the catalogue before it learns and whenever that changes, and works off what it puts off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from tests.server.dispatch.curious import SPEC, Curious

from footlight_plugins import EventKind, Options
from footlight_server.dispatch.limits import Limits
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.log import Catalogue, Event, EventLog, Item
from footlight_server.models.settling import settle_fully
from footlight_server.models.store import ModelStore


@pytest.fixture
async def host(catalogue: Catalogue, events: EventLog, models: ModelStore) -> AsyncIterator[RecommenderHost]:
    await events.append([Event(f"e{i}", "ada", "alien", EventKind.PLAY) for i in range(3)])
    made = RecommenderHost("curious", SPEC, events, models, Limits())
    events.on_append.append(made.publish)
    catalogue.on_change.append(made.hear_of_items)
    await made.start(Options(), 0)
    yield made
    await made.stop()


def engine_of(host: RecommenderHost) -> Curious:
    assert isinstance(host.engine, Curious)
    return host.engine


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # there is nothing to be told by
            await asyncio.sleep(0.005)


async def test_the_whole_catalogue_is_told_before_the_fit(host: RecommenderHost) -> None:
    assert engine_of(host).titles_at_fit == {0: "Alien", 1: "Brazil", 2: "Casablanca"}


async def test_nothing_is_pending_when_an_engine_begins_to_serve(host: RecommenderHost) -> None:
    assert (engine_of(host).seen, host.pending) == (3, 0)


async def test_new_and_changed_items_are_told(host: RecommenderHost, catalogue: Catalogue) -> None:
    await catalogue.put([Item("dune", "Dune"), Item("alien", "Alien 2")])
    await until(lambda: engine_of(host).titles == {0: "Alien 2", 1: "Brazil", 2: "Casablanca", 3: "Dune"})


async def test_of_a_deleted_item_nothing_is_said_any_more(host: RecommenderHost, catalogue: Catalogue) -> None:
    await catalogue.delete("brazil")
    await until(lambda: engine_of(host).titles[1] == "")


async def test_what_is_put_off_is_counted_and_worked_off(host: RecommenderHost, events: EventLog) -> None:
    await events.append([Event(f"f{i}", "ada", "brazil", EventKind.PLAY) for i in range(5)])
    await until(lambda: host.position == 8 and host.pending > 0)
    await until(lambda: host.pending == 0)
    assert engine_of(host).seen == 8


def test_an_engine_that_gets_no_further_is_given_up() -> None:
    class Stuck(Curious):
        def settle(self) -> None:
            pass

    engine, times = Stuck(Options()), iter(range(0, 1_000, 30))
    engine.behind = 1
    with pytest.raises(ValueError, match="1 events stay pending"):
        settle_fully(engine, lambda: float(next(times)))
