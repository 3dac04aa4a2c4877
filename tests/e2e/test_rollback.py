"""A deployment set back to a position or a time: it serves the state as of then, and stays there until told to follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from footlight import Client, Deployment, Event, EventKind, FailedPrecondition, InvalidArgument

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def state_of(client: Client, name: str) -> Deployment:
    return next(one for one in client.deployments() if one.name == name)


def played(client: Client, user: str, item: str, time: datetime = NOON) -> int:
    event = Event(user, item, EventKind.PLAY, time=time, event_id=f"{user}:{item}:{time}")
    return client.record_events([event]).log_position


def answer(client: Client, deployment: str, user: str = "late") -> list[str]:
    return [item.item_id for item in client.recommend(user, 40, deployment=deployment).items]


@pytest.mark.parametrize("name", ["item-knn", "user-knn"])
def test_a_deployment_set_back_answers_as_it_did_then(stocked: Server, name: str) -> None:
    then = played(stocked.client, "late", "a01")
    before = answer(stocked.client, name)
    played(stocked.client, "late", "d01")
    assert answer(stocked.client, name) != before
    held = stocked.client.rollback_deployment(name, position=then)
    assert answer(stocked.client, name) == before and (held.pinned_position, held.log_lag) == (then, 1)


def test_a_model_newer_than_the_position_is_computed_from_the_log(stocked: Server) -> None:
    held = stocked.client.rollback_deployment("item-knn", position=0)
    assert (held.active_version, held.log_position) == (2, 0)
    assert stocked.client.similar_items("a04", deployment="item-knn").items == ()


def test_a_pinned_deployment_takes_in_no_event(stocked: Server) -> None:
    stocked.client.rollback_deployment("user-knn", position=played(stocked.client, "late", "a01"))
    before = answer(stocked.client, "user-knn")
    last = played(stocked.client, "late", "d01")
    assert answer(stocked.client, "user-knn") == before
    assert stocked.client.recommend("late", deployment="user-knn").log_position == last - 1


def test_following_again_brings_in_what_was_missed(stocked: Server) -> None:
    stocked.client.rollback_deployment("item-knn", position=10)
    last = played(stocked.client, "late", "a01")
    following = stocked.client.follow_log("item-knn")
    assert (following.pinned_position, following.log_position, following.log_lag) == (None, last, 0)
    assert "a01" not in answer(stocked.client, "item-knn") != []


def test_a_pin_survives_a_restart(server_factory: Start, stocked: Server) -> None:
    stocked.client.rollback_deployment("popular", position=50)
    before = answer(stocked.client, "popular", "nobody")
    stocked.stop()
    again = server_factory().client
    assert (state_of(again, "popular").pinned_position, state_of(again, "popular").log_position) == (50, 50)
    assert answer(again, "popular", "nobody") == before


def test_an_older_version_is_activated_at_the_pin(stocked: Server) -> None:
    stocked.client.rollback_deployment("item-knn", position=100)
    stocked.client.activate_model("item-knn", 1)
    held = state_of(stocked.client, "item-knn")
    assert (held.active_version, held.pinned_position, held.log_position) == (1, 100, 100)


def test_a_pinned_state_forgets_too(stocked: Server) -> None:
    then = played(stocked.client, "late", "a01")
    stocked.client.rollback_deployment("user-knn", position=then)
    stocked.client.forget_user("late")
    assert stocked.client.recommend("late", deployment="user-knn").fallback
    held = stocked.client.rollback_deployment("user-knn", position=then)
    assert held.pinned_position == then and stocked.client.recommend("late", deployment="user-knn").fallback


def test_a_time_means_nothing_that_happened_later(stocked: Server) -> None:
    first = played(stocked.client, "late", "a01", NOON)
    played(stocked.client, "late", "a02", NOON + timedelta(hours=2))
    played(stocked.client, "late", "a03", NOON + timedelta(minutes=1))  # came in late
    held = stocked.client.rollback_deployment("popular", time=NOON + timedelta(hours=1))
    assert held.pinned_position == first


def test_a_position_that_the_log_has_not_reached_is_refused(stocked: Server) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        stocked.client.rollback_deployment("popular", position=10**6)
    assert refusal.value.field == "position"


def test_what_was_never_trained_cannot_be_set_back(scratch: Server) -> None:
    with pytest.raises(FailedPrecondition, match="train"):
        scratch.client.rollback_deployment("item-knn", position=0)


def test_the_commands_set_back_and_follow(stocked: Server, run_cli: Callable[..., CompletedProcess[str]]) -> None:
    held = run_cli("rollback", "popular", "--position", "7", "--json", address=stocked.address)
    assert json.loads(held.stdout)["pinned_position"] == 7
    assert "held" in run_cli("deployments", address=stocked.address).stdout
    assert "follows the log" in run_cli("follow", "popular", address=stocked.address).stdout


@pytest.mark.parametrize("arguments", [(), ("--position", "1", "--time", "2030-01-01T00:00:00Z"), ("--time", "noon")])
def test_the_command_wants_one_target(
    run_cli: Callable[..., CompletedProcess[str]], arguments: tuple[str, ...]
) -> None:
    refused = run_cli("rollback", "popular", *arguments)
    assert refused.returncode == 2 and "--time" in refused.stderr
