"""What cannot travel is refused by the name of its field, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import footlight
from footlight import Candidate, Event, EventKind, Item, ItemFilter, Where
from footlight._wire.building import built
from footlight.v1 import catalog_pb2

LIKED = EventKind.LIKE
Call = Callable[[Any], object]


def odd(value: Any) -> Any:
    """What no type checker would let through."""
    return value


@pytest.fixture
def client() -> Any:
    """One that nobody answers: what is refused here was never sent."""
    with footlight.Client("127.0.0.1:1", timeout=0.2, retry_seconds=0) as client:
        yield client


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.recommend(5), "user_id: expected text that UTF-8 can hold, got 5"),
        (lambda c: c.recommend("ada", 2.5), "count: expected a whole number of at most 32 bits, got 2.5"),
        (lambda c: c.recommend("ada", session_start="now"), "session_start: expected a datetime"),
        (lambda c: c.put_items(["m1"]), "items\\[0\\]: expected Item, got 'm1'"),
        (lambda c: c.put_items([Item("m1"), Item(odd(3))]), "items\\[1\\].item_id: expected text"),
        (
            lambda c: c.record_events([Event("ada", "m1", LIKED, odd("5"))]),
            "events\\[0\\].value: expected a number, got '5'",
        ),
        (lambda c: c.get_items(["m1", 2]), "item_ids: expected several values, each text"),
        (lambda c: c.reward("d-1", "much"), "rewards\\[0\\].value: expected a number, got 'much'"),
        (lambda c: c.act("guide", "s", 1, reward="much"), "reward: expected a number, got 'much'"),
        (lambda c: c.converse("c", 7), "text: expected text that UTF-8 can hold, got 7"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(client: Any, call: Call, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call(client)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda c: c.put_items([Item("m1", tags=odd("War"))]),
            "items\\[0\\].tags: expected several texts, such as \\['War'\\]",
        ),
        (lambda c: c.put_items([Item("m1", title="\ud800")]), "items\\[0\\].title: expected text that UTF-8 can hold"),
        (lambda c: c.put_items([Item("m1", attributes={"a": "\ud800"})]), "items\\[0\\].attributes.a: expected text"),
        (
            lambda c: c.put_items([Item("m1", attributes=odd([1]))]),
            "items\\[0\\].attributes: expected names and values",
        ),
        (lambda c: c.put_items([Item("m1", attributes={"a": 2**60})]), "items\\[0\\].attributes.a: expected at most 2"),
        (
            lambda c: c.put_items([Item("m1", available_from=datetime(2026, 1, 1))]),
            "items\\[0\\].available_from: expected a time with a time zone",
        ),
        (
            lambda c: c.record_events([Event("ada", "m1", odd("watched"))]),
            "events\\[0\\].kind: expected one of view, play",
        ),
        (lambda c: c.set_agent_mode("guide", "idle"), "mode: expected one of online, .*, got 'idle'"),
        (lambda c: c.evaluate_policy("guide", "best"), "target: expected one of greedy, .*, got 'best'"),
        (lambda c: c.end_session("guide", "s", reason="tired"), "reason: expected one of terminated, .*, got 'tired'"),
        (lambda c: c.recommend("ada", seed=2**70), "seed: expected a whole number of at most 64 bits"),
        (lambda c: c.recommend(history="m1"), "history: expected several texts"),
        (lambda c: c.recommend("ada", exclude="m1"), "exclude: expected several texts"),
        (lambda c: c.recommend_batch("ada"), "user_ids: expected several texts"),
        (
            lambda c: c.recommend("ada", filter=ItemFilter(where=odd(Where("year", min=1)))),
            "where: expected several conditions",
        ),
        (
            lambda c: c.act("guide", "s", (1.0,), candidates=[Candidate((1.0,)), Candidate((1.0,), "\ud800")]),
            "candidates\\[1\\].candidate_id: expected text",
        ),
    ],
)
def test_a_value_that_cannot_travel_is_refused_by_its_field(client: Any, call: Call, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(client)


def test_what_is_right_is_built_as_it_is() -> None:
    event = built(catalog_pb2.Event, user_id="ada", value=None)
    assert (event.user_id, event.HasField("value")) == ("ada", False)
