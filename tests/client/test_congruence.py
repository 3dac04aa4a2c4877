"""The same calls through both clients give the same answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import footlight
from footlight import AsyncClient, Client, Item, LoggedAction, Reward, Step

CALLS: dict[str, Callable[[Any], Any]] = {
    "get_items": lambda client: client.get_items(["m1", "m0"]),
    "items": lambda client: client.items(),
    "recommend": lambda client: client.recommend("ada", 1),
    "recommend_batch": lambda client: client.recommend_batch(["ada", "bob"]),
    "recommend a visitor": lambda client: client.recommend(history=["m1"], filter=footlight.ItemFilter(("film",))),
    "similar_items": lambda client: client.similar_items("m1", filter=footlight.ItemFilter(("film",))),
    "predict_ratings": lambda client: client.predict_ratings("ada", ["m1", "m2"]),
    "get_decision": lambda client: client.get_decision("d-ada", recompute=True),
    "generate": lambda client: client.generate(2, seed=5),
    "get_asset": lambda client: client.get_asset("a3"),
    "plugins": lambda client: client.plugins(),
    "rollback_deployment": lambda client: client.rollback_deployment("gan", position=7),
    "follow_log": lambda client: client.follow_log("gan"),
    "train": lambda client: client.train("gan"),
    "create_agent": lambda client: client.create_agent("guide", 4, 2, seed=1),
    "batch_act": lambda client: client.batch_act("guide", [Step("s1", 0)]),
    "reward": lambda client: client.reward("d1", -1.0),
    "rewards": lambda client: client.rewards([Reward("d1", 1.0)]),
    "log_actions": lambda client: client.log_actions("guide", [LoggedAction(Step("s1", [0.5]), 1, 0.5)]),
    "activate": lambda client: client.activate(["d1"]),
    "end_session": lambda client: client.end_session("guide", "s1", reward=1.0),
    "forget_user": lambda client: client.forget_user("ada"),
    "export_user": lambda client: client.export_user("ada"),
}


@pytest.mark.parametrize("name", CALLS)
async def test_both_clients_answer_alike(name: str, client: Client, async_client: AsyncClient, double: Any) -> None:
    client.put_items([Item(f"m{n}") for n in range(7)])
    double.interaction.acts.clear()
    expected = CALLS[name](client)
    double.engine.watched = 0
    double.interaction.acts.clear()
    assert await _awaited(CALLS[name](async_client)) == (list(expected) if inspect.isgenerator(expected) else expected)


async def test_both_clients_fail_alike(async_client: AsyncClient) -> None:
    with pytest.raises(footlight.NotFound, match="no item named 'm9'") as caught:
        await async_client.get_item("m9")
    assert caught.value.name == "m9"


async def test_the_async_client_watches_again(
    async_client: AsyncClient, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footlight._client.connection.Patience._WAITS", (0.0,))
    double.engine.break_after = 1
    assert (await async_client.train("gan")).ended


async def _awaited(answer: Any) -> Any:
    return [one async for one in answer] if inspect.isasyncgen(answer) else await answer
