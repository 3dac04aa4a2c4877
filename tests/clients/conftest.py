"""One server for all clients, and what the wire alone says of every case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from tests.clients import stage, wire_runner
from tests.clients.cases import Outcome, played
from tests.e2e.conftest import Server

PAGE = "http://127.0.0.1:8123"
"""Where the page for browsers is served from."""
Outcomes = Mapping[str, Outcome]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that every client is asked to talk to."""
    data_dir = tmp_path_factory.mktemp("clients")
    running = Server(data_dir, "--web-listen", "127.0.0.1:0", "--web-origin", PAGE)
    stage.fill(running)
    yield running
    running.kill()


@pytest.fixture(scope="session")
def reference(server: Server) -> Outcomes:
    """The outcomes of a run by generated code alone."""
    return {one.name: one for one in played("run-wire", wire_runner.ask(server.channel))}
