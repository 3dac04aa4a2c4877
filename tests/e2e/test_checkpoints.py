"""Checkpoints: states near to the end of the log, made in the background, from which a start goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import Client, Deployment, Event, EventKind

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Shelf, Start

WAIT_SECONDS = 60.0
OFTEN = ("--checkpoint-events", "5")
NEVER = ("--checkpoint-events", "0")
NAMES = ("item-knn", "user-knn", "popular")


def state_of(client: Client, name: str) -> Deployment:
    return next(one for one in client.deployments() if one.name == name)


def until(met: Callable[[], Any]) -> None:
    """Wait for something that happens in the background."""
    end = time.monotonic() + WAIT_SECONDS
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def played(client: Client, user: str, items: list[str]) -> int:
    return client.record_events(
        [Event(user, item, EventKind.PLAY, event_id=f"{user}:{item}") for item in items]
    ).log_position


def checkpoints_of(server: Server, name: str) -> list[Path]:
    """Their folders, oldest first."""
    return sorted((server.data_dir / "models" / name / "checkpoints").glob("[0-9]*"))


def manifest_of(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "manifest.json").read_text())["manifest"]
    return facts


def answer(client: Client, deployment: str, user: str) -> list[tuple[str, float]]:
    return [(item.item_id, item.score) for item in client.recommend(user, 40, deployment=deployment).items]


@pytest.fixture(scope="module")
def checkpointed_data(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Path:
    """The data directory of a server whose deployments have checkpoints that hold the events of "ann"."""
    from tests.e2e.conftest import Server  # the running process, not only its type

    data_dir = tmp_path_factory.mktemp("checkpointed") / "data"
    shelf.copy(trained_data, data_dir)
    server = Server(data_dir, *shelf.arguments(data_dir), *OFTEN)
    server.client.recommend("ann", deployment="user-knn")  # wakes it
    last = played(server.client, "ann", [f"a{i:02}" for i in range(6)])
    until(lambda: all(state_of(server.client, name).stored_position == last for name in NAMES))
    server.stop()
    return data_dir


@pytest.fixture
def checkpointed(checkpointed_data: Path, tmp_path: Path, server_factory: Start, shelf: Shelf) -> Server:
    """A server of the test's own on those data."""
    shelf.copy(checkpointed_data, tmp_path / "data")
    return server_factory(*OFTEN)


def test_a_checkpoint_is_no_new_version(checkpointed: Server) -> None:
    assert [model.version for model in checkpointed.client.models("item-knn")] == [2, 1]
    (folder,) = checkpoints_of(checkpointed, "item-knn")
    facts = manifest_of(folder)
    assert (facts["version"], facts["log_position"]) == (2, state_of(checkpointed.client, "item-knn").log_position)


def test_a_start_from_a_checkpoint_answers_as_before(checkpointed: Server, server_factory: Start) -> None:
    played(checkpointed.client, "ann", ["d01"])  # is replayed
    before = [answer(checkpointed.client, name, "ann") for name in NAMES]
    checkpointed.kill()
    again = server_factory(*NEVER)
    assert [answer(again.client, name, "ann") for name in NAMES] == before
    assert all(state_of(again.client, name).stored_position for name in NAMES)


def test_two_checkpoints_are_kept(checkpointed: Server) -> None:
    for user in ("bea", "cid"):
        last = played(checkpointed.client, user, [f"d{i:02}" for i in range(6)])
        until(lambda: state_of(checkpointed.client, "user-knn").stored_position == last)  # noqa: B023
    kept = [manifest_of(folder)["log_position"] for folder in checkpoints_of(checkpointed, "user-knn")]
    assert kept == [last - 6, last]


@pytest.mark.parametrize("name", ["item-knn", "user-knn"])
def test_a_damaged_checkpoint_is_passed_over(checkpointed: Server, server_factory: Start, name: str) -> None:
    before = answer(checkpointed.client, name, "ann")
    checkpointed.stop()
    arrays = checkpoints_of(checkpointed, name)[-1] / "state.safetensors"
    damaged = bytearray(arrays.read_bytes())
    damaged[-1] ^= 1
    arrays.write_bytes(damaged)
    again = server_factory(*NEVER)
    assert answer(again.client, name, "ann") == before
    assert f"checkpoint of '{name}'" in again.log and "is refused" in again.log


def test_checkpoints_are_rewritten_without_who_was_erased(checkpointed: Server) -> None:
    checkpointed.client.forget_user("ann")
    until(lambda: _epochs(checkpointed) == [1, 1, 1])


def _epochs(server: Server) -> list[int]:
    found: list[int] = []
    for folder in (folder for name in NAMES for folder in checkpoints_of(server, name)):
        with suppress(FileNotFoundError):  # it has just been replaced
            found.append(manifest_of(folder)["erasure_epoch"])
    return found


def test_a_checkpoint_from_before_an_erasure_is_scrubbed_when_loaded(
    checkpointed: Server, server_factory: Start
) -> None:
    checkpointed.client.forget_user("ann")
    before = answer(checkpointed.client, "item-knn", "a-03")
    checkpointed.kill()
    again = server_factory(*NEVER)
    assert answer(again.client, "item-knn", "a-03") == before
    assert again.client.recommend("ann", deployment="item-knn").fallback
