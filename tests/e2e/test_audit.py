"""What was done to the house stands in the audit log, and nobody can change it unnoticed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from tests.soak.fuzzing import methods

from footlight import NotFound
from footlight_server.services.auditing import AUDITED, UNAUDITED

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Shelf, Start

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def busy(server_factory: Start) -> Server:
    """A server to which a few things were done."""
    server = server_factory()
    server.client.create_agent("robot", 4, 2, seed=1)
    server.client.create_deployment("mine", "popular")
    server.client.forget_user("zoe")
    with suppress(NotFound):
        server.client.delete_deployment("no-such")
    return server


@pytest.fixture
def run_audit(run_cli: Run, shelf: Shelf) -> Run:
    """Runs a command of `footlight audit` on what a server has written, wherever its rows are."""

    def run(server: Server, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        where = ("--data-dir", server.data_dir, *shelf.arguments(server.data_dir))
        return run_cli("audit", command, *where, "--json", *more)

    return run


def entries(server: Server, run: Run) -> list[dict[str, Any]]:
    listed = json.loads(run(server, "list").stdout)
    found: list[dict[str, Any]] = listed["default"]
    return found


def verified(server: Server, run: Run, *more: str) -> tuple[int, dict[str, Any]]:
    done = run(server, "verify", *more)
    return done.returncode, json.loads(done.stdout)


def tampered(server: Server, shelf: Shelf, statement: str) -> None:
    """Change the rows behind the server's back."""
    url = (shelf.arguments(server.data_dir) or ["", f"sqlite:///{server.data_dir / 'footlight.db'}"])[1]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_every_rpc_is_audited_or_said_not_to_be() -> None:
    assert set(AUDITED) | UNAUDITED == {method.name for method in methods()}
    assert not set(AUDITED) & UNAUDITED


def test_who_did_what_and_what_came_of_it_is_written_down(busy: Server, run_audit: Run) -> None:
    told = [
        (entry["action"].rpartition(".")[2], entry["outcome"], entry["subject"]) for entry in entries(busy, run_audit)
    ]
    assert told == [
        ("CreateAgent", "OK", "anonymous"),
        ("CreateDeployment", "OK", "anonymous"),
        ("ForgetUser", "OK", "anonymous"),
        ("DeleteDeployment", "NOT_FOUND", "anonymous"),
    ]
    assert entries(busy, run_audit)[1]["target"] == {"name": "mine", "engine": "popular"}


def test_a_person_stands_there_under_a_pseudonym(busy: Server, run_audit: Run) -> None:
    target = entries(busy, run_audit)[2]["target"]
    assert len(target["user_id"]) == 16 and "zoe" not in json.dumps(entries(busy, run_audit))


def test_an_untouched_log_is_verified_and_goes_on_after_a_restart(
    busy: Server, run_audit: Run, server_factory: Start
) -> None:
    _, before = verified(busy, run_audit)
    busy.kill()
    server_factory().client.forget_user("ben")
    code, after = verified(busy, run_audit, "--expect", before["default"]["head"])
    assert code == 0 and after["default"]["entries"] == 5 and after["default"]["problem"] == ""


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET subject = 'nobody' WHERE number = 2", "entry 2 is not what was written"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
        ("UPDATE audit SET time = time + 1 WHERE number = 4", "entry 4 is not what was written"),
    ],
)
def test_a_changed_entry_is_found(busy: Server, run_audit: Run, shelf: Shelf, statement: str, said: str) -> None:
    tampered(busy, shelf, statement)
    code, found = verified(busy, run_audit)
    assert code == 1 and said in found["default"]["problem"]


def test_an_end_that_was_taken_away_is_found_by_the_hash_that_was_noted(
    busy: Server, run_audit: Run, shelf: Shelf
) -> None:
    _, before = verified(busy, run_audit)
    tampered(busy, shelf, "DELETE FROM audit WHERE number > 2")
    assert verified(busy, run_audit)[0] == 0
    code, found = verified(busy, run_audit, "--expect", before["default"]["head"])
    assert code == 1 and "cut off" in found["problem"]
