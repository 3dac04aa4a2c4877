"""Metrics and health over HTTP, on threads of their own: a busy event loop neither delays nor fails a probe.

| path | answers |
|---|---|
| /livez | 200 while the event loop comes round, 503 when it has stood still for long |
| /readyz | 200 while the server answers calls and every required deployment is warm, else 503 with what is missing |
| /metrics | the metrics, for Prometheus |
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from footlight_server.door import CannotStart, check_address

Answer = tuple[HTTPStatus, str, bytes]
TEXT, METRICS = "text/plain; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8"
READ_SECONDS = 10.0
"""A connection that says nothing for so long is closed."""


@dataclass(frozen=True, slots=True)
class Probes:
    """What the endpoint asks. Each may be called from any thread, and none waits."""

    stalled: Callable[[], str]
    """Why the server counts as dead; empty where it lives."""
    missing: Callable[[], str]
    """What the server lacks to be ready; empty where it is."""
    metrics: Callable[[], bytes]

    def answer(self, path: str) -> Answer:
        """The answer to a path."""
        match path.partition("?")[0]:
            case "/livez":
                return _health(self.stalled())
            case "/readyz":
                return _health(self.stalled() or self.missing())
            case "/metrics":
                return HTTPStatus.OK, METRICS, self.metrics()
            case _:
                return HTTPStatus.NOT_FOUND, TEXT, b"there are /livez, /readyz and /metrics\n"


def _health(problem: str) -> Answer:
    if problem:
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{problem}\n".encode()
    return HTTPStatus.OK, TEXT, b"ok\n"


class Endpoint:
    """Listens, from its making to `close`."""

    def __init__(self, listen: str, probes: Probes) -> None:
        """Raises CannotStart where the address cannot be had."""
        host, port = check_address(listen, "--metrics-listen")
        try:
            self._server = ThreadingHTTPServer((host.strip("[]"), port), _handler(probes))
        except OSError as fault:
            raise CannotStart(f"--metrics-listen: cannot listen on {listen}: {fault.strerror}") from fault
        self._server.daemon_threads = True
        self.address = f"{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(probes: Probes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = READ_SECONDS
        server_version, sys_version = "Footlight", ""

        def do_GET(self) -> None:
            status, kind, body = probes.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a probe a second is no news."""

    return Handler
