"""Forgotten for good: whoever was erased is in no file of the data directory, and a restored backup forgets them again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from footlight import Event, EventKind

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

    from footlight.types import RecommendedItem

Cli: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

NAME = "unmistakable-person-4711"
PATIENCE_S = 15.0


def files_with(name: str, folder: Path) -> list[str]:
    """The files that hold the bytes of a name, and those that are named so."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    found = (path for path in paths if name.encode() in path.read_bytes() or name in str(path.relative_to(folder)))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def settled(folder: Path) -> list[str]:
    """`files_with` the name once there are none, or when patience ends."""
    end = time.monotonic() + PATIENCE_S
    while (found := files_with(NAME, folder)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def similar(server: Server) -> tuple[RecommendedItem, ...]:
    """What a model that learned from the person says, with its scores."""
    return server.client.similar_items("a05", 20, deployment="item-knn").items


def lived(server: Server) -> None:
    """The person was here: events whose ids name them, answers, a model that learned from them, an agent's session."""
    client = server.client
    items = [f"a{i:02}" for i in range(12)]
    client.record_events(Event(NAME, item, EventKind.PLAY, event_id=f"{NAME}:{item}") for item in items)
    client.train("item-knn", {"k": 10})
    for _ in range(3):
        client.recommend(NAME, deployment="item-knn")
        client.recommend(NAME, deployment="user-knn")
    client.create_agent("robot", 4, 2, seed=1)
    client.act("robot", "session-1", 1)


@pytest.fixture
def lived_in(stocked: Server) -> Server:
    """A server on trained data that has known the person, whose bytes are in its files."""
    lived(stocked)
    assert "footlight.db" in "".join(files_with(NAME, stocked.data_dir))
    return stocked


@contextmanager
def reading(database: Path) -> Iterator[None]:
    """Holds one moment of the database, as a slow reader would."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM people").fetchone()
        yield
    finally:
        connection.close()


def test_whoever_was_erased_is_in_no_file_while_the_server_runs(lived_in: Server) -> None:
    assert lived_in.client.forget_user(NAME).events == 12
    assert files_with(NAME, lived_in.data_dir) == []


def test_whoever_was_erased_is_in_no_file_after_the_server_stopped(lived_in: Server) -> None:
    lived_in.client.forget_user(NAME)
    lived_in.client.recommend(NAME)
    assert lived_in.stop() == 0
    assert files_with(NAME, lived_in.data_dir) == []


def test_whoever_was_erased_is_in_no_file_after_the_server_was_killed(lived_in: Server) -> None:
    lived_in.client.forget_user(NAME)
    lived_in.kill()
    assert files_with(NAME, lived_in.data_dir) == []


def test_asking_for_somebody_who_was_erased_writes_their_name_nowhere(lived_in: Server) -> None:
    lived_in.client.forget_user(NAME)
    assert lived_in.client.recommend(NAME).fallback
    lived_in.client.forget_user(NAME)
    time.sleep(1)  # records of answers are written in the background
    assert files_with(NAME, lived_in.data_dir) == []


def test_a_reader_delays_the_erasure_only_until_it_ends(lived_in: Server) -> None:
    with reading(lived_in.data_dir / "footlight.db"):
        lived_in.client.forget_user(NAME)
    assert settled(lived_in.data_dir) == []


def test_an_erasure_that_a_reader_delayed_is_finished_by_the_next_start(
    lived_in: Server, server_factory: Start, tmp_path: Path
) -> None:
    crashed = tmp_path / "crashed"  # what is on the disk when the reader dies with the server
    with reading(lived_in.data_dir / "footlight.db"):
        lived_in.client.forget_user(NAME)
        lived_in.kill()
        shutil.copytree(lived_in.data_dir, crashed)
    server_factory(data_dir=crashed)
    assert settled(crashed) == []


def test_a_model_trained_before_the_erasure_is_scrubbed_when_it_serves_again(
    lived_in: Server, server_factory: Start
) -> None:
    before = similar(lived_in)
    lived_in.client.forget_user(NAME)
    after = similar(lived_in)
    lived_in.stop()
    assert similar(server_factory()) == after != before


def epochs(folder: Path) -> list[int]:
    """Up to which erasure each version of item-knn on disk is scrubbed."""
    manifests = sorted((folder / "models" / "item-knn").glob("0*/manifest.json"))
    return [json.loads(path.read_text())["manifest"]["erasure_epoch"] for path in manifests]


def test_versions_on_disk_are_rewritten_without_whoever_was_erased(lived_in: Server) -> None:
    before = {path: path.read_bytes() for path in (lived_in.data_dir / "models").rglob("*.safetensors")}
    lived_in.client.forget_user(NAME)
    after = similar(lived_in)
    end = time.monotonic() + 4 * PATIENCE_S
    while epochs(lived_in.data_dir) != [1, 1, 1] and time.monotonic() < end:
        time.sleep(0.2)
    assert epochs(lived_in.data_dir) == [1, 1, 1] and not any(path.exists() for path in before)
    lived_in.client.activate_model("item-knn", 3)  # the model that learned from the person, from its file
    assert similar(lived_in) == after and not any(model.problem for model in lived_in.client.models("item-knn"))


def test_the_receipt_says_what_was_forgotten_where(lived_in: Server) -> None:
    position = lived_in.client.record_events([Event(NAME, "d01", EventKind.PLAY)]).log_position
    receipt = lived_in.client.forget_user(NAME)
    states = {state.deployment: state for state in receipt.states}
    assert states["item-knn"].touched > 0 and states["item-knn"].log_position == position
    assert states and all(state.gone for state in receipt.states)
    assert lived_in.client.forget_user("never-seen").states == ()


def test_a_backup_made_while_serving_forgets_again_when_it_is_restored(
    lived_in: Server, server_factory: Start, run_cli: Cli, tmp_path: Path
) -> None:
    old, new, file = lived_in.data_dir, tmp_path / "new", tmp_path / "backup.tar"
    assert run_cli("backup", file, "--data-dir", old).returncode == 0
    lived_in.client.forget_user(NAME)
    assert run_cli("restore", file, "--data-dir", new, "--erasures", old).returncode == 0
    restored = server_factory(data_dir=new)
    assert restored.client.recommend(NAME, deployment="item-knn").fallback
    assert similar(restored) == similar(lived_in)
    assert files_with(NAME, new) == []


def test_a_restore_asks_where_the_newest_erasures_are(lived_in: Server, run_cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    run_cli("backup", file, "--data-dir", lived_in.data_dir)
    refused = run_cli("restore", file, "--data-dir", tmp_path / "new")
    assert refused.returncode == 2 and "--no-later-erasures" in refused.stderr
    assert run_cli("restore", file, "--data-dir", tmp_path / "new", "--no-later-erasures").returncode == 0
