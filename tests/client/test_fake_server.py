"""The server in memory that users' own tests talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import footlight
from footlight.testing import FakeServer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def client(server: FakeServer) -> Iterator[footlight.Client]:
    with footlight.Client(server.address) as made:
        made.put_items([footlight.Item(name, kind="film", tags=("old",)) for name in ("m1", "m2", "m3")])
        yield made


def test_it_says_that_it_serves(client: footlight.Client) -> None:
    assert client.ready()


def test_what_was_recorded_can_be_looked_at(server: FakeServer, client: footlight.Client) -> None:
    client.record_events([footlight.Event("ada", "m2", footlight.EventKind.LIKE, event_id="e")])
    assert [(event.user_id, event.item_id, event.kind) for event in server.events] == [("ada", "m2", "like")]
    assert [item.item_id for item in server.items] == ["m1", "m2", "m3"]
    assert server.calls == ["PutItems", "RecordEvents"]


def test_it_recommends_what_is_popular_and_was_not_met(client: footlight.Client) -> None:
    for person in ("bob", "eve"):
        client.record_events([footlight.Event(person, "m3", footlight.EventKind.PLAY)])
    client.record_events([footlight.Event("ada", "m1", footlight.EventKind.PLAY)])
    assert [line.item_id for line in client.recommend("ada")] == ["m3", "m2"]
    assert client.recommend("nobody").fallback


def test_its_errors_are_those_of_a_server(client: footlight.Client) -> None:
    with pytest.raises(footlight.NotFound) as unknown:
        client.get_item("none")
    assert (unknown.value.resource, unknown.value.name) == ("item", "none")
    with pytest.raises(footlight.InvalidArgument) as wrong:
        client.record_events([footlight.Event("ada", "m1", footlight.EventKind.RATING)])
    assert wrong.value.field == "events[0].value"


def test_a_call_fails_as_a_test_asks(server: FakeServer, client: footlight.Client) -> None:
    full = footlight.ResourceExhausted("full", reason="QUEUE_FULL", retry_after=60.0)
    server.fail("Recommend", full)
    with pytest.raises(footlight.ResourceExhausted) as caught:
        client.recommend("ada", timeout=5)
    assert (caught.value.reason, caught.value.retry_after) == ("QUEUE_FULL", 60.0)
    assert client.recommend("ada").items


def test_a_session_is_played_and_rewarded(server: FakeServer, client: footlight.Client) -> None:
    client.create_agent("robot", 4, 2, seed=1)
    decision = client.act("robot", "s", 0)
    client.reward(decision.decision_id, 0.5)
    with client.interact("robot") as stream:
        assert stream.act("s", 1, reward=1.0).step == 1
        assert stream.end("s", reward=2.0).total_reward == 3.5
    assert server.rewards == {decision.decision_id: 0.5}


def test_the_same_seed_makes_the_same_picture(client: footlight.Client) -> None:
    first, again = (next(iter(client.generate(seed=3))) for _ in range(2))
    assert first.data == again.data and first.data.startswith(b"\x89PNG")
    assert client.get_asset(first.asset_id).data == first.data


def test_what_it_does_not_know_is_unimplemented(client: footlight.Client) -> None:
    with pytest.raises(footlight.Unimplemented):
        client.deployments()
