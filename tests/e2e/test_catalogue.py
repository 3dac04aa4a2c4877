"""The catalogue and the event log, through the client, over the wire, in a database on disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from footlight import AlreadyExists, Event, EventKind, Item, NotFound

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

COMPILING_SECONDS = 120.0
"""The first call may compile kernels, while all cores are busy."""


def play(user: str, item: str, event_id: str = "") -> Event:
    return Event(user, item, EventKind.PLAY, time=datetime(2024, 5, 1, tzinfo=UTC), event_id=event_id)


def test_an_item_comes_back_as_it_was_put(scratch: Server) -> None:
    item = Item("put-1", "Häuser 之夜", "film", ("drama", "night"), {"year": 1999, "cast": ["a", "b"], "seen": True})
    scratch.client.put_items([item])
    assert replace(scratch.client.get_item("put-1"), create_time=None, update_time=None) == item


def test_putting_counts_the_new_and_the_replaced(scratch: Server) -> None:
    scratch.client.put_items([Item("count-1")])
    written = scratch.client.put_items([Item("count-1", "again"), Item("count-2")])
    assert (written.created, written.updated) == (1, 1)


def test_pages_give_every_item_once_in_order(house: Server, films: list[Item]) -> None:
    assert [item.item_id for item in house.client.items()] == [film.item_id for film in films]


def test_items_are_answered_in_the_order_asked(house: Server) -> None:
    assert [item.item_id for item in house.client.get_items(["d03", "a01", "d03"])] == ["d03", "a01", "d03"]


def test_a_deleted_item_is_gone_until_it_is_put_again(scratch: Server) -> None:
    scratch.client.put_items([Item("gone-1", "first")])
    scratch.client.delete_item("gone-1")
    with pytest.raises(NotFound, match="gone-1"):
        scratch.client.get_item("gone-1")
    assert scratch.client.put_items([Item("gone-1", "second")]).created == 1


def test_events_repeated_change_nothing(scratch: Server) -> None:
    events = [play("twice", f"a{i:02}", f"twice-{i}") for i in range(5)]
    first = scratch.client.record_events(events)
    again = scratch.client.record_events(events)
    assert (first.recorded, again.recorded, again.duplicates) == (5, 0, 5)
    assert again.log_position == first.log_position


def test_an_event_id_used_for_another_event_is_refused(scratch: Server) -> None:
    scratch.client.record_events([play("ann", "a01", "conflict")])
    with pytest.raises(AlreadyExists, match="conflict"):
        scratch.client.record_events([play("ann", "a02", "conflict")])


def test_an_unknown_item_is_named_and_nothing_is_written(scratch: Server) -> None:
    batch = [play("nil", "a01", "nil-1"), play("nil", "no-such-film", "nil-2")]
    with pytest.raises(NotFound) as refusal:
        scratch.client.record_events(batch)
    assert refusal.value.name == "no-such-film"
    assert scratch.client.record_events(batch[:1]).recorded == 1  # it was not there


def test_positions_grow_with_what_is_recorded(scratch: Server) -> None:
    before = scratch.client.record_events([play("grow", "a01")]).log_position
    assert scratch.client.record_events([play("grow", "a02"), play("grow", "a03")]).log_position == before + 2


def test_an_answer_has_seen_what_was_recorded_before(scratch: Server) -> None:
    recorded = scratch.client.record_events([play("fresh", "d01")])
    answer = scratch.client.recommend("fresh", deployment="user-knn", timeout=COMPILING_SECONDS)
    assert answer.log_position >= recorded.log_position


def test_everything_is_there_after_a_restart(server_factory: Start, films: list[Item], ratings: list[Event]) -> None:
    server = server_factory()
    server.client.put_items(films)
    recorded = server.client.record_events(ratings)
    assert server.stop() == 0
    server = server_factory()
    assert [item.title for item in server.client.items()] == [film.title for film in films]
    assert server.client.record_events(ratings).duplicates == recorded.recorded == len(ratings)
