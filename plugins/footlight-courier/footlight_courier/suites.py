"""What `footlight check-plugin` holds the web hook to: the contract, with a server that takes what it posts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from footlight_courier import register_parts
from footlight_plugins.testing import EventListenerSuite


class Hook(HTTPServer):
    """Keeps what it is sent, and answers with the statuses that it was given, then with 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class _Take(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def at_work() -> Iterator[Hook]:
    """A server that takes everything."""
    with Hook() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class WebhookSuite(EventListenerSuite):
    """With a server on this machine, unless `--option url=` names another."""

    spec = register_parts()[1]

    @pytest.fixture(autouse=True)
    def taken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Somebody who takes what is posted."""
        with at_work() as server:
            monkeypatch.setattr(type(self), "options", {"url": server.url, **self.options})
            yield
