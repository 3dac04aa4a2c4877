"""One call over HTTP, as the services know calls: the part of gRPC's context that they use."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import grpc

from footlight_server.web.connect import Metadata, Refused


@dataclass(slots=True)
class CallDetails:
    """What gRPC's handlers are asked with: the method and what came beside the message."""

    method: str
    invocation_metadata: tuple[tuple[str, str | bytes], ...]


class WebContext:
    """Stands in for `grpc.aio.ServicerContext`."""

    def __init__(self, details: CallDetails, seconds: float | None, peer: str) -> None:
        """``seconds`` is how long the caller waits; None: they did not say."""
        self._details = details
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._peer = peer
        self.leading: list[tuple[str, str | bytes]] = []
        self.trailing: list[tuple[str, str | bytes]] = []

    def time_remaining(self) -> float | None:
        """The seconds left; None where the caller named no deadline."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The headers of the request."""
        return self._details.invocation_metadata

    def peer(self) -> str:
        """Where the call comes from."""
        return self._peer

    def peer_identities(self) -> None:
        """Nobody: a certificate of the caller is not looked at here."""

    def auth_context(self) -> dict[str, Iterable[bytes]]:
        """Empty."""
        return {}

    async def send_initial_metadata(self, metadata: Metadata) -> None:
        """They go out with the headers of the answer."""
        self.leading += metadata

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """They go out with the answer."""
        self.trailing += metadata

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> NoReturn:
        """End the call with an error."""
        raise Refused(code, details, (*self.trailing, *trailing_metadata))
