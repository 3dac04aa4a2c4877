"""One server for all clients, and what the wire alone says of every case."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import pytest
from tests.clients import stage, wire_runner
from tests.clients.cases import Outcome, played
from tests.clients.connections import guarded
from tests.clients.hostile import hostile
from tests.clients.runs import Workshop
from tests.e2e.conftest import Server

Outcomes = Mapping[str, Outcome]


@pytest.fixture(scope="session", autouse=True)
def workshop(request: pytest.FixtureRequest) -> Iterator[Workshop | None]:
    """All clients of other languages, being built from the first test on, where any of them is tested."""
    if not any(item.get_closest_marker("clients") for item in request.session.items):
        yield None
        return
    with Workshop() as works:
        yield works


@pytest.fixture(scope="session")
def page_origin() -> str:
    """Where pages for browsers are served from: a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="session")
def hostile_servers() -> Iterator[Mapping[str, str]]:
    """The addresses of servers that a client must not hang on."""
    with hostile() as addresses:
        yield addresses


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, page_origin: str) -> Iterator[Server]:
    """The server that every client is asked to talk to."""
    data_dir = tmp_path_factory.mktemp("clients")
    running = Server(data_dir, "--web-listen", "127.0.0.1:0", "--web-origin", page_origin)
    stage.fill(running)
    yield running
    running.kill()


@pytest.fixture(scope="session")
def reference(server: Server) -> Outcomes:
    """The outcomes of a run by generated code alone."""
    return {one.name: one for one in played("run-wire", wire_runner.ask(server.channel))}


@pytest.fixture(scope="session")
def guarded_servers(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Servers with certificates and tokens: their addresses, and the tokens and files that open them."""
    with guarded(tmp_path_factory.mktemp("guarded"), server) as known:
        yield known
