"""ExportUser answers everything of one person, and nothing of another."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footlight import PersonalRecord

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

PATIENCE_SECONDS = 30.0


def kinds(server: Server, user: str, *wanted: str) -> dict[str, list[PersonalRecord]]:
    """The records of a person by kind, once there are those that are written in the background."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: dict[str, list[PersonalRecord]] = {}
        for record in server.client.export_user(user):
            found.setdefault(record.kind, []).append(record)
        if set(wanted) <= set(found) or time.monotonic() > end:
            return found
        time.sleep(0.05)


@pytest.fixture
def met(stocked: Server) -> Server:
    """A server where a-01 and d-01 were recommended something, and an agent decided for both."""
    stocked.client.create_agent("robot", 4, 2, seed=1)
    for user in ("a-01", "d-01"):
        stocked.client.recommend(user, 3, deployment="item-knn")
        stocked.client.act("robot", f"session-of-{user}", 0, user_id=user)
        stocked.client.end_session("robot", f"session-of-{user}", reward=1.0)
    return stocked


def test_everything_of_a_person_is_answered(met: Server) -> None:
    found = kinds(met, "a-01", "rankings")
    assert set(found) == {"people", "events", "rankings", "agent_log", "models"}
    assert len(found["events"]) == 9 and found["events"][0].fields["event_id"].startswith("a-01:")
    assert len(found["rankings"][0].fields["item_ids"]) == 3
    models = {record.fields["deployment"]: record.fields for record in found["models"]}
    assert models["item-knn"]["knows"] is True and models["item-knn"]["log_position"] == 360


def test_nothing_of_anybody_else_is_answered(met: Server) -> None:
    kinds(met, "a-01", "rankings")
    text = json.dumps([[record.kind, record.fields] for record in met.client.export_user("a-01")])
    assert "d-01" not in text and "session-of-a-01" in text


def test_of_an_unknown_person_there_is_nothing(met: Server) -> None:
    assert list(met.client.export_user("nobody")) == []


def test_after_an_erasure_there_is_nothing_left(met: Server) -> None:
    kinds(met, "a-01", "rankings")
    met.client.forget_user("a-01")
    assert list(met.client.export_user("a-01")) == []


def test_the_command_writes_a_record_a_line(
    met: Server, run_cli: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run_cli("export-user", "a-01", "--out", tmp_path / "a.jsonl", "--json", address=met.address)
    counts = json.loads(done.stdout)["records"]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert counts["events"] == 9 and len(lines) == sum(counts.values())
