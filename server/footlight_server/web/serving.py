"""The HTTP port: uvicorn in the event loop of the server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn

from footlight_server.door import check_address, taken
from footlight_server.web.application import Application

MOST_CONNECTIONS = 1_024
"""Who comes beyond so many is answered 503."""
KEEP_ALIVE_S = 60


class WebDoor:
    """Listens, from `open` to `close`."""

    def __init__(
        self, application: Application, listen: str, shared: bool, encryption: ssl.SSLContext | None = None
    ) -> None:
        """``shared`` lets several processes listen on the port; without ``encryption`` it speaks plain HTTP."""
        self._listen = listen
        self._shared = shared
        config = uvicorn.Config(
            application,
            http="h11",
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        config.load()
        config.ssl = encryption  # older versions of uvicorn make one themselves, of files that they read once
        self._server = _Uvicorn(config)
        self.address = listen

    async def open(self) -> None:
        """Listen, and answer from then on.

        Raises
        ------
        CannotStart
            When somebody else listens there.
        """
        listening = _listening(self._listen, self._shared)
        self.address = f"{self._listen.rpartition(':')[0]}:{listening.getsockname()[1]}"
        self._running = asyncio.create_task(self._server.serve([listening]))
        await self._server.answering.wait()

    async def close(self, grace_seconds: float) -> None:
        """Take no more calls, and let those in flight finish."""
        if hasattr(self, "_running"):
            self._server.config.timeout_graceful_shutdown = max(1, int(grace_seconds))
            self._server.should_exit = True
            await self._running


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to the server that it is part of, and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


def _listening(listen: str, shared: bool) -> socket.socket:
    host, port = check_address(listen)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError as fault:
        raise taken(listen) from fault
    return made
