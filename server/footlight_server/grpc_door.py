"""gRPC's server on one address, and another in its place when it ends by itself.

gRPC for Python ends its whole server when anybody at all calls a method whose path is not UTF-8: its main loop raises,
before a handler is asked. Calls under way go on to their end; whoever comes in the few milliseconds until the next
server listens is refused, and tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import grpc

from footlight_server.door import taken

log = logging.getLogger(__name__)

LAST_CALLS_SECONDS = 300.0
"""How long the calls of a server that has ended may go on."""
RETRY_SECONDS = 0.01
"""Between two attempts to get the address back."""


class GrpcDoor:
    """Answers from `open` to `close`. ``make`` makes a server with all its handlers."""

    def __init__(
        self, listen: str, make: Callable[[], grpc.aio.Server], credentials: grpc.ServerCredentials | None
    ) -> None:
        self._listen = listen
        self._make = make
        self._credentials = credentials
        self._server: grpc.aio.Server
        self._keeper: asyncio.Task[None]
        self._closing = False
        self._ending: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> None:
        """Listen. Raises CannotStart where the address cannot be had."""
        try:
            await self._start(self._listen)
        except RuntimeError as fault:
            raise taken(self._listen) from fault
        self._keeper = asyncio.create_task(self._keep(), name="grpc-door")

    async def _start(self, listen: str) -> None:
        server = self._make()
        secure = self._credentials
        self.port = server.add_secure_port(listen, secure) if secure else server.add_insecure_port(listen)
        await server.start()
        self._server = server

    async def _keep(self) -> None:
        host = self._listen.rpartition(":")[0]
        while True:
            ended = self._server
            try:
                await ended.wait_for_termination()
            except Exception as fault:
                if not self._closing:
                    log.error("gRPC's server ended by itself (%s): another one takes its place", fault)
            if self._closing:
                return
            self._let_go(ended)
            while self._server is ended and not self._closing:
                with suppress(RuntimeError):  # the address is not free yet
                    await self._start(f"{host}:{self.port}")
                await asyncio.sleep(RETRY_SECONDS)

    def _let_go(self, server: grpc.aio.Server) -> None:
        """Free what it holds, once its last call has ended."""
        task = asyncio.create_task(server.stop(LAST_CALLS_SECONDS))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self, grace: float) -> None:
        """Take no more calls, and let those in flight go on for at most ``grace`` seconds."""
        self._closing = True  # to cancel the keeper would cancel what the server's own stop waits for
        await self._server.stop(grace)
        await self._keeper
