"""From which pages a browser may call: an explicit list, and nobody else (CORS)."""

from __future__ import annotations

Headers = list[tuple[bytes, bytes]]

_ALLOWED = b"authorization, connect-protocol-version, connect-timeout-ms, content-type, x-request-id, x-user-agent"
_EXPOSED = b"grpc-retry-pushback-ms, retry-after, trailer-grpc-retry-pushback-ms, x-request-id"
_A_DAY = b"86400"


class Origins:
    """The list, each as a browser names it: scheme, host and port."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    def knows(self, origin: str) -> bool:
        """Whether a request may come from there. A request without an origin comes from no page."""
        return not origin or origin in self._allowed

    def headers(self, origin: str) -> Headers:
        """What an answer says to the browser."""
        if not origin:
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", _EXPOSED),
            (b"vary", b"Origin"),
        ]

    def preflight(self) -> Headers:
        """What a browser is told besides that asks beforehand."""
        return [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", _A_DAY),
        ]
