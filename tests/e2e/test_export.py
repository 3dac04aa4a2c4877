"""What was exported comes back: the same items, the same events, the same recommendations."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from footlight import Event, EventKind, Item, Rights

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

Cli: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
FORMATS = ["jsonl", "parquet"]


@pytest.fixture
def lively(stocked: Server) -> Server:
    """A server on trained data whose log has a bit of everything, and who was erased."""
    client = stocked.client
    client.put_items([Item("odd", "Ünïcode \u2028 title", "level", ("a|b", "c"), {"n": [1, {"x": None}], "y": 0.1})])
    kinds = [kind for kind in EventKind if kind is not EventKind.RATING]
    client.record_events(Event(f"user-{i}", "odd", kind, event_id=f"odd-{i}") for i, kind in enumerate(kinds))
    client.record_events([Event("a-01", "odd", EventKind.LIKE, 0.5, event_id="credited", decision_id="r-0-1")])
    client.forget_user("a-02")
    client.delete_item("d07")
    return stocked


def exported(server: Server, folder: Path, form: str, cli: Cli) -> dict[str, Any]:
    done = cli("export", folder, "--data-dir", server.data_dir, "--format", form, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def everything_of(server: Server, folder: Path, cli: Cli) -> dict[str, list[Any]]:
    """The rows of an export, without the times at which items were put."""
    exported(server, folder, "jsonl", cli)
    files = (folder / f"{name}.jsonl" for name in ("items", "people", "events"))
    tables = {path.stem: [json.loads(line) for line in path.read_bytes().splitlines()] for path in files}
    for item in tables["items"]:
        del item["create_time"], item["update_time"]
    for item in (item for item in tables["items"] if item["deleted"]):
        item["attributes"] = item["tags"] = None
    return tables


def answers(server: Server) -> list[Any]:
    people = [f"{genre}-{i:02}" for genre in "ad" for i in range(20)]
    return [
        [one.items for one in server.client.recommend_batch(people, 20, deployment=name, reasons=3)]
        for name in ("item-knn", "user-knn", "popular")
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_comes_back_into_a_fresh_server(
    lively: Server, server_factory: Start, run_cli: Cli, tmp_path: Path, form: str
) -> None:
    rows = exported(lively, tmp_path / "out", form, run_cli)["rows"]
    fresh = server_factory(data_dir=tmp_path / "fresh")
    done = run_cli("import", tmp_path / "out", "--json", address=fresh.address)
    assert json.loads(done.stdout) == {
        "items": {"created": rows["items"], "updated": 0},
        "events": {"recorded": rows["events"], "duplicates": 0, "log_position": rows["events"]},
        "deleted": 1,
        "corpora": 0,
    }
    fresh.client.train("item-knn", {"k": 30})
    assert everything_of(fresh, tmp_path / "b", run_cli) == everything_of(lively, tmp_path / "a", run_cli)
    assert answers(fresh) == answers(lively)


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_answered_and_made_is_exported_too(
    lively: Server, server_factory: Start, run_cli: Cli, tmp_path: Path, form: str
) -> None:
    client = lively.client
    answer = client.recommend("a-03", 5, deployment="item-knn")
    corpus = client.upload_corpus("tales", {"train/a.txt": b"once", "b.txt": b"upon"}, rights=Rights(holder="Ada"))
    client.create_agent("robot", 4, 2, seed=1)
    decision = client.act("robot", "s", 3)
    client.reward(decision.decision_id, 1.5, reward_id="r")
    time.sleep(1)  # rankings are written in the background
    folder = tmp_path / "out"
    rows = exported(lively, folder, form, run_cli)["rows"]
    rankings = {row["decision_id"]: row for row in _rows(folder, "rankings", form)}
    assert rankings[answer.decision_id]["item_ids"] == [item.item_id for item in answer.items]
    assert rankings[answer.decision_id]["user_id"] == "a-03"
    moves = [row for row in _rows(folder, "agent_log", form) if row["agent_id"] == "robot"]
    assert [(row["observation"], row["reward"]) for row in moves] == [(3, None), (None, 1.5)]
    assert json.loads(_text(moves[0]["distribution"])) == list(decision.distribution)
    files = folder / "corpora" / corpus.corpus_id
    assert {path.relative_to(files).as_posix() for path in files.rglob("*.txt")} == {"train/a.txt", "b.txt"}
    assert {"deployments", "trainings", "agents", "corpora", "decisions", "assets"} <= rows.keys()
    fresh = server_factory(data_dir=tmp_path / "fresh")
    assert json.loads(run_cli("import", folder, "--json", address=fresh.address).stdout)["corpora"] == 1
    (again,) = fresh.client.corpora()
    assert (again.corpus_id, again.rights.holder) == (corpus.corpus_id, "Ada")


def _rows(folder: Path, name: str, form: str) -> list[dict[str, Any]]:
    path = folder / f"{name}.{form}"
    if form == "jsonl":
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def _text(value: Any) -> str:
    """A JSON column: text in Parquet, the value itself in JSON lines."""
    return value if isinstance(value, str) else json.dumps(value)


def test_an_import_can_be_repeated(lively: Server, run_cli: Cli, tmp_path: Path) -> None:
    rows = exported(lively, tmp_path / "out", "jsonl", run_cli)["rows"]
    done = run_cli("import", tmp_path / "out", address=lively.address)
    assert done.returncode == 0, done.stderr
    assert f"events: 0 recorded, {rows['events']:,} recorded before" in done.stdout
    assert "d07" not in [item.item_id for item in lively.client.items()]


def test_an_item_that_lives_here_is_not_deleted_by_an_import(lively: Server, run_cli: Cli, tmp_path: Path) -> None:
    exported(lively, tmp_path / "out", "jsonl", run_cli)
    lively.client.put_items([Item("d07", "Back again")])
    run_cli("import", tmp_path / "out", address=lively.address)
    assert lively.client.get_item("d07").title == "Back again"


def test_whoever_was_erased_is_in_no_export(lively: Server, run_cli: Cli, tmp_path: Path) -> None:
    people = everything_of(lively, tmp_path / "out", run_cli)["people"]
    assert {"user_id": "a-01"} in people and {"user_id": "a-02"} not in people


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_that_is_not_complete_is_refused(lively: Server, run_cli: Cli, tmp_path: Path, form: str) -> None:
    exported(lively, tmp_path / "out", form, run_cli)
    (tmp_path / "out" / "export.json").unlink()
    refused = run_cli("import", tmp_path / "out", address=lively.address)
    assert refused.returncode == 2 and "is no complete export" in refused.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_was_cut_short_is_named(lively: Server, run_cli: Cli, tmp_path: Path, form: str) -> None:
    exported(lively, tmp_path / "out", form, run_cli)
    file = tmp_path / "out" / f"events.{form}"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    refused = run_cli("import", tmp_path / "out", address=lively.address)
    assert refused.returncode == 2 and f"events.{form}" in refused.stderr


def test_a_folder_that_is_not_empty_is_refused(lively: Server, run_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = run_cli("export", tmp_path, "--data-dir", lively.data_dir, "--format", "jsonl")
    assert refused.returncode == 2 and "is not empty" in refused.stderr


def test_an_export_can_be_evaluated(stocked: Server, tmp_path: Path, run_cli: Cli) -> None:
    exported(stocked, tmp_path / "out", "jsonl", run_cli)
    done = run_cli("evaluate", "--data", tmp_path / "out", "--engine", "item-knn", "--protocol", "holdout", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["metrics"]["ndcg@10"]["mean"] > found["baselines"]["popular"]["ndcg@10"]["mean"]
