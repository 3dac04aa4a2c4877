"""gRPC's core is told how to poll before it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from footlight_server import polling
from footlight_server.polling import VARIABLE

_SERVER = f"""
import os, sys
from footlight_server.starting import run

async def server():
    print("grpc" in sys.modules, os.environ["{VARIABLE}"])

run(server())
"""


@pytest.mark.parametrize(
    ("environment", "said"), [({}, "-event_engine_listener"), ({VARIABLE: "event_engine_fork"}, "event_engine_fork")]
)
def test_the_environment_is_set_before_grpc_is_imported_unless_it_says_something(
    environment: dict[str, str], said: str
) -> None:
    without = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-c", _SERVER]
    found = subprocess.run(command, env=without | environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", said]


@pytest.mark.parametrize("version", ["2.0.0", "of today", None])
def test_a_grpc_that_is_not_known_is_left_as_it_comes(version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(package: str) -> str:
        if version is None:
            raise PackageNotFoundError(package)
        return version

    monkeypatch.setattr(polling, "version", tell)
    monkeypatch.delenv(VARIABLE, raising=False)
    polling.poll_without_event_engine()
    assert VARIABLE not in os.environ
