"""gRPC's core is told how to poll before it is there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
