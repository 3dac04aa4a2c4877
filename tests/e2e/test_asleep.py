"""A recommender that nobody has asked costs nothing, and the first who asks it gets the answer that it would have given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

    from footlight import Client, Deployment


def state_of(client: Client, name: str) -> Deployment:
    return next(one for one in client.deployments() if one.name == name)


def test_what_was_not_asked_sleeps_and_the_fallback_is_awake(stocked: Server) -> None:
    assert state_of(stocked.client, "user-knn").asleep
    assert not any(state_of(stocked.client, name).asleep for name in ("item-knn", "popular"))


def test_the_first_answer_is_that_of_an_engine_that_was_always_awake(stocked: Server) -> None:
    awake = stocked.client.create_deployment("awake", "user-knn", {})
    assert not awake.asleep
    assert [*stocked.client.recommend("a-03", deployment="user-knn")] == [
        *stocked.client.recommend("a-03", deployment="awake")
    ]
    assert not state_of(stocked.client, "user-knn").asleep


def test_all_who_ask_at_once_are_answered(stocked: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: stocked.client.recommend("a-03", deployment="user-knn"), range(8))]
    assert {(answer.fallback, tuple(answer.items)) for answer in answers} == {(False, tuple(answers[0].items))}


def test_what_was_asked_once_is_awake_after_a_restart(server_factory: Start, stocked: Server) -> None:
    stocked.client.recommend("a-03", deployment="user-knn")
    stocked.kill()
    assert not state_of(server_factory().client, "user-knn").asleep


def test_it_knows_nobody_who_was_forgotten_in_its_sleep(stocked: Server) -> None:
    stocked.client.forget_user("a-03")
    assert stocked.client.recommend("a-03", deployment="user-knn").fallback
