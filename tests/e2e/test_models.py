"""Model versions and deployments: roll back, side by side, damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footlight import AlreadyExists, Event, FailedPrecondition, InvalidArgument, NotFound

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start


def similar_count(server: Server) -> int:
    """How many neighbours a film has: at most k of the model that serves."""
    return len(server.client.similar_items("a04", 40, deployment="item-knn"))


def arrays_of(server: Server, version: int) -> Path:
    (path,) = (server.data_dir / "models" / "item-knn" / f"{version:06d}").glob("*.safetensors")
    return path


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def test_activating_the_older_version_rolls_back(server_factory: Start, stocked: Server) -> None:
    assert similar_count(stocked) > 1
    assert stocked.client.activate_model("item-knn", 1).active
    assert similar_count(stocked) == 1
    stocked.stop()
    again = server_factory()
    assert [model.active for model in again.client.models("item-knn")] == [False, True]
    assert similar_count(again) == 1


def test_versions_of_the_same_log_have_the_same_fingerprint(stocked: Server) -> None:
    manifests = [json.loads((arrays_of(stocked, v).parent / "manifest.json").read_text())["manifest"] for v in (1, 2)]
    assert manifests[0]["fingerprint"] == manifests[1]["fingerprint"] != ""


def test_a_version_rolled_back_to_has_seen_the_whole_log(stocked: Server) -> None:
    position = stocked.client.record_events([Event("late", "a01", "play")]).log_position  # type: ignore[arg-type]
    stocked.client.activate_model("item-knn", 1)
    answer = stocked.client.recommend("late", deployment="item-knn")
    assert answer.log_position == position and not answer.fallback


def test_a_truncated_version_is_refused_at_the_restart_and_the_one_before_serves(
    server_factory: Start, stocked: Server
) -> None:
    stocked.stop()
    truncate(arrays_of(stocked, 2))
    server = server_factory()
    assert similar_count(server) == 1
    newest, oldest = server.client.models("item-knn")
    assert (newest.active, oldest.active) == (False, True) and "damaged" in newest.problem
    assert "version 2 of 'item-knn' is damaged" in server.log


def test_a_truncated_version_cannot_be_activated(stocked: Server) -> None:
    truncate(arrays_of(stocked, 1))
    with pytest.raises(FailedPrecondition) as refusal:
        stocked.client.activate_model("item-knn", 1)
    assert refusal.value.reason == "MODEL_DAMAGED" and str(stocked.data_dir) not in str(refusal.value)
    assert similar_count(stocked) > 1


def test_a_deployment_without_any_good_version_says_so_and_others_serve(server_factory: Start, stocked: Server) -> None:
    stocked.stop()
    truncate(arrays_of(stocked, 1))
    truncate(arrays_of(stocked, 2))
    server = server_factory()
    assert server.client.recommend("a-03").deployment == "rp3beta"
    with pytest.raises(FailedPrecondition, match="train"):
        server.client.recommend("a-03", deployment="item-knn")


def test_an_unknown_version_cannot_be_activated(house: Server) -> None:
    with pytest.raises(NotFound, match="item-knn/9"):
        house.client.activate_model("item-knn", 9)


def test_deployments_of_one_engine_serve_side_by_side(house: Server) -> None:
    made = house.client.create_deployment("narrow", "item-knn", {"k": 1})
    assert made.options["k"] == 1 and made.options["min_similarity"] == 0
    house.client.train("narrow")
    assert len(house.client.similar_items("a04", 40, deployment="narrow")) == 1
    assert len(house.client.similar_items("a04", 40, deployment="item-knn")) > 1
    house.client.delete_deployment("narrow")
    with pytest.raises(NotFound, match="narrow"):
        house.client.recommend("a-03", deployment="narrow")


def test_a_deployment_that_needs_no_training_serves_at_once(house: Server) -> None:
    house.client.create_deployment("few-friends", "user-knn", {"k": 1})
    answer = house.client.recommend("a-03", deployment="few-friends")
    assert answer.deployment == "few-friends" and len(answer) > 0
    house.client.delete_deployment("few-friends")


def test_deployments_outlive_a_restart(server_factory: Start) -> None:
    server = server_factory()
    server.client.create_deployment("mine", "user-knn", {"k": 7})
    server.stop()
    (mine,) = (one for one in server_factory().client.deployments() if one.name == "mine")
    assert (mine.engine, mine.options["k"], mine.problem) == ("user-knn", 7, "")


def test_deployments_tell_every_option_in_force(house: Server) -> None:
    options = {one.name: one.options for one in house.client.deployments()}
    assert options["user-knn"]["k"] == 100 and "epsilon_start" in options["q-learning"]


def test_a_taken_name_is_refused(house: Server) -> None:
    with pytest.raises(AlreadyExists, match="user-knn"):
        house.client.create_deployment("user-knn", "user-knn")


@pytest.mark.parametrize("name", ["", "Upper", "1st", "with space", "x" * 64, "../up"])
def test_names_that_cannot_be_are_refused(house: Server, name: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        house.client.create_deployment(name, "user-knn")
    assert refusal.value.field == "name"


def test_an_engines_own_deployment_stays(house: Server) -> None:
    with pytest.raises(FailedPrecondition):
        house.client.delete_deployment("user-knn")


def test_a_deployment_that_agents_use_stays(server_factory: Start) -> None:
    client = server_factory().client  # of its own: agents of other tests would be given to the deployment as well
    client.create_deployment("careful", "q-learning", {"epsilon_end": 0.01})
    client.create_agent("careful-1", 3, 2, deployment="careful")
    with pytest.raises(FailedPrecondition, match="agents use"):
        client.delete_deployment("careful")
