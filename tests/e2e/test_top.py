"""`footlight top` shows a running server: as tables, as JSON, and live on a terminal until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Server, Shelf

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def seen(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server on the trained data that can be looked at."""
    from tests.e2e.conftest import Server

    data_dir = tmp_path_factory.mktemp("seen") / "data"
    shelf.copy(trained_data, data_dir)
    server = Server(data_dir, *shelf.arguments(data_dir), "--metrics-listen", "127.0.0.1:0")
    yield server
    server.kill()


def command(server: Server, *options: str) -> list[str]:
    metrics = server.metrics.removeprefix("http://")
    return [sys.executable, "-m", "footlight.cli", "top", "--metrics", metrics, "--seconds", "0.5", *options]


def looked_at_while_it_recommends(server: Server, *options: str) -> str:
    looking = subprocess.Popen(command(server, *options), stdout=subprocess.PIPE, text=True)
    while looking.poll() is None:
        server.client.recommend("a-01", 2, deployment="item-knn")
    assert looking.stdout is not None
    with looking.stdout:
        return looking.stdout.read()


def test_json_tells_what_was_called_between_two_looks(seen: Server) -> None:
    told = json.loads(looked_at_while_it_recommends(seen, "--json"))
    methods = {one["name"].rpartition("/")[2]: one["per_second"] for one in told["methods"]}
    assert methods["Recommend"] > 0 and told["ready"] is True


def test_once_prints_the_tables_and_ends(seen: Server) -> None:
    text = looked_at_while_it_recommends(seen, "--once")
    assert "Recommend" in text and "item-knn" in text and "Footlight ready" in text


def test_without_metrics_it_says_what_the_server_lacks(seen: Server) -> None:
    done = subprocess.run([*command(seen)[:5], "127.0.0.1:9"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and "--metrics-listen" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_it_goes_on_until_ctrl_c(seen: Server) -> None:
    ours, theirs = os.openpty()
    looking = subprocess.Popen(command(seen), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, end = b"", time.monotonic() + PATIENCE_SECONDS
    while shown.count(b"Engines") < 2 and time.monotonic() < end:
        shown += os.read(ours, 65_536)
    looking.send_signal(signal.SIGINT)
    with suppress(OSError):  # its end of the terminal is closed
        while more := os.read(ours, 65_536):
            shown += more
    looking.wait(PATIENCE_SECONDS)
    os.close(ours)
    assert shown.count(b"Engines") >= 2 and looking.returncode == 0
