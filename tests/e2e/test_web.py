"""The HTTP port as part of the server: how it is asked for, shared and left out."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Start

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("origin", ["*", "https://*.example.org", "play.example.org", "https://example.org/page"])
def test_an_origin_that_is_none_keeps_the_server_from_starting(run_cli: RunCli, tmp_path: Path, origin: str) -> None:
    door = ("--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0", "--web-origin", origin)
    done = run_cli("serve", "--data-dir", tmp_path, *door)
    assert done.returncode == 3 and "--web-origin must read" in done.stderr


def test_several_processes_share_the_http_port(server_factory: Start) -> None:
    server = server_factory("--processes", "2", "--web-listen", "127.0.0.1:0")
    for _ in range(8):
        request = urllib.request.Request(f"{server.web}/footlight.v1.CatalogService/ListItems", b"{}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    assert server.stop() == 0


def test_a_server_without_the_port_loads_nothing_of_it() -> None:
    code = "import sys, footlight_server.app; print('uvicorn' in sys.modules, 'footlight_server.web' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
