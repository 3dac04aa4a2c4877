"""An agent chooses who recommends, and what people then do is its reward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from footlight import AgentSettings, Client, Event, EventKind, FailedPrecondition, InvalidArgument, Item

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

DEPLOYMENTS = ("popular", "user-knn")


def fill(client: Client) -> None:
    client.put_items([Item(f"m{i}") for i in range(8)])
    likes = [(f"u{u}", f"m{i}") for u in range(6) for i in range(4) if (u + i) % 3]
    client.record_events([Event(user, item, EventKind.LIKE, event_id=f"{user}/{item}") for user, item in likes])


def chooser(client: Client, name: str = "chooser") -> str:
    settings = AgentSettings(deployments=DEPLOYMENTS)
    made = client.create_agent(name, 1, len(DEPLOYMENTS), deployment="engine-chooser", seed=4, settings=settings)
    assert tuple(made.settings.deployments) == DEPLOYMENTS
    return made.agent_id


def played(client: Client, name: str, user: str, good: str, number: int) -> bool:
    """One recommendation, of which the person plays the first item where they like who made it."""
    answer = client.recommend(user, 1, chooser=name, include_seen=True)
    kind = EventKind.PLAY if answer.deployment == good else EventKind.SKIP
    item = answer.items[0].item_id
    event = Event(user, item, kind, event_id=f"{user}-{number}", decision_id=answer.decision_id)
    for _ in range(2):  # said twice, paid once
        client.record_events([event])
    return answer.deployment == good


def test_what_people_do_steers_who_recommends_to_them(scratch: Server) -> None:
    client = scratch.client
    fill(client)
    chooser(client)
    good = {"u1": "popular", "u2": "user-knn"}
    rounds = [[played(client, "chooser", user, liked, i) for user, liked in good.items()] for i in range(80)]
    late = [hit for pair in rounds[50:] for hit in pair]
    assert sum(late) / len(late) > 0.75  # each person gets the one they like, though together they like both equally
    assert client.agent("chooser").learned_steps == 160


def test_a_play_after_a_restart_is_paid_all_the_same(server_factory: Start) -> None:
    server = server_factory()
    fill(server.client)
    chooser(server.client)
    answer = server.client.recommend("u1", 1, chooser="chooser")
    server.kill()
    client = server_factory().client
    client.record_events([Event("u1", "m5", EventKind.PLAY, event_id="late", decision_id=answer.decision_id)])
    assert client.agent("chooser").learned_steps == 1


def test_a_chooser_needs_deployments_and_no_other_deployment_beside_it(scratch: Server) -> None:
    client = scratch.client
    client.create_agent("no-chooser", 1, 2)
    with pytest.raises(FailedPrecondition) as refusal:
        client.recommend("u1", chooser="no-chooser")
    assert refusal.value.reason == "NO_CHOOSER"
    with pytest.raises(InvalidArgument, match="chooser"):
        client.recommend("u1", chooser="no-chooser", deployment="popular")
    with pytest.raises(InvalidArgument) as wrong:
        client.create_agent("odd", 1, 3, settings=AgentSettings(deployments=DEPLOYMENTS))
    assert wrong.value.field == "deployments"
