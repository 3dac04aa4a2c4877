"""Servers that a client must not hang on: silent, slow, of another version, too talkative, lying."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from tests.clients.cases import Json, Outcome

from footlight.v1 import generation_pb2, recommendation_pb2

TOO_LONG = (64 << 20) + 1
"""One byte more than a client accepts."""
LAST_S = 30.0
"""So long a slow server sleeps: longer than any client of the tests waits."""


async def too_long(_: bytes, context: Any) -> bytes:
    return bytes(TOO_LONG)


async def wrong_type(_: bytes, context: Any) -> bytes:
    return b"\xff\xff\xff\xff"


async def slow(_: bytes, context: Any) -> bytes:
    await asyncio.sleep(LAST_S)
    return b""


async def broken_details(_: bytes, context: Any) -> bytes:
    trailing = (("grpc-status-details-bin", b"\xff\xff\xff"),)
    await context.abort(grpc.StatusCode.NOT_FOUND, "there is none", trailing_metadata=trailing)
    return b""


def full_at_first() -> Callable[[bytes, Any], Awaitable[bytes]]:
    """Refuses a call twice and says when to come back, then answers."""
    calls = 0

    async def answer(_: bytes, context: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls > 2:
            return recommendation_pb2.RecommendResponse(deployment="patient").SerializeToString()
        retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=20_000_000))
        packed = any_pb2.Any()
        packed.Pack(retry)
        status = status_pb2.Status(code=8, message="full", details=[packed])
        trailing = (("grpc-status-details-bin", status.SerializeToString()), ("grpc-retry-pushback-ms", "20"))
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", trailing_metadata=trailing)
        return b""

    return answer


def assets(size: int, digest: bytes) -> Callable[[bytes, Any], AsyncIterator[bytes]]:
    """Makes an asset that is said to have a size and a digest which its ten bytes do not have."""

    async def answer(_: bytes, context: Any) -> AsyncIterator[bytes]:
        asset = generation_pb2.Asset(asset_id="a", size_bytes=size, sha256=digest, media_type="image/png")
        yield generation_pb2.GenerateResponse(asset=asset).SerializeToString()
        yield generation_pb2.GenerateResponse(data=bytes(10)).SerializeToString()

    return answer


async def endless_wrong_type(_: bytes, context: Any) -> AsyncIterator[bytes]:
    while True:
        yield b"\xff\xff\xff\xff"


async def nothing(_: bytes, context: Any) -> bytes:
    return b""


async def no_messages(_: bytes, context: Any) -> AsyncIterator[bytes]:
    messages: tuple[bytes, ...] = ()
    for message in messages:
        yield message


async def ends(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for _ in requests:
        return
    yield b""


async def listens(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for _ in requests:
        await asyncio.sleep(LAST_S)
        yield b""


class _All(grpc.GenericRpcHandler):
    """Answers every unary call in one way, every stream in another; a stream both ways ends, or is only listened to."""

    def __init__(self, unary: Any, stream: Any) -> None:
        self._unary: Any = grpc.unary_unary_rpc_method_handler(unary)
        self._stream: Any = grpc.unary_stream_rpc_method_handler(stream)
        self._exchange: Any = grpc.stream_stream_rpc_method_handler(ends if unary is nothing else listens)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method.rpartition("/")[2]
        return {"Generate": self._stream, "GetAsset": self._stream, "Interact": self._exchange}.get(method, self._unary)


KINDS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "too long": lambda: (too_long, endless_wrong_type),
    "wrong type": lambda: (wrong_type, endless_wrong_type),
    "slow": lambda: (slow, endless_wrong_type),
    "broken details": lambda: (broken_details, endless_wrong_type),
    "full at first": lambda: (full_at_first(), endless_wrong_type),
    "cut short": lambda: (slow, assets(20, bytes(32))),
    "other bytes": lambda: (slow, assets(10, sha256(b"other").digest())),
    "says nothing": lambda: (nothing, no_messages),
}
EXPECTED = (
    # server, call, one of these statuses
    ("down", "RecommendationService/Recommend", ("UNAVAILABLE", "DEADLINE_EXCEEDED")),
    ("silent", "RecommendationService/Recommend", ("UNAVAILABLE", "DEADLINE_EXCEEDED")),
    ("plain http", "RecommendationService/Recommend", ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN")),
    ("empty", "RecommendationService/Recommend", ("UNIMPLEMENTED",)),
    ("slow", "RecommendationService/Recommend", ("DEADLINE_EXCEEDED",)),
    ("too long", "RecommendationService/Recommend", ("RESOURCE_EXHAUSTED",)),
    ("wrong type", "RecommendationService/Recommend", ("INTERNAL",)),
    # gRPC for C++ does not tell such a message from the end of the stream, and waits for that until the deadline.
    ("wrong type", "GenerationService/Generate", ("INTERNAL", "DEADLINE_EXCEEDED")),
    ("broken details", "RecommendationService/Recommend", ("NOT_FOUND", "INTERNAL")),
    ("full at first", "RecommendationService/Recommend", ("OK",)),
    ("cut short", "GenerationService/Generate", ("DATA_LOSS",)),
    ("other bytes", "GenerationService/Generate", ("DATA_LOSS",)),
    ("slow", "InteractionService/Interact", ("DEADLINE_EXCEEDED",)),
    ("says nothing", "InteractionService/Interact", ("UNAVAILABLE",)),
    ("says nothing", "GenerationService/GetAsset", ("DATA_LOSS",)),
)
REQUESTS = {
    "RecommendationService/Recommend": {"user_id": "ada"},
    "GenerationService/Generate": {"deployment": "any"},
    "GenerationService/GetAsset": {"asset_id": "any"},
    "InteractionService/Interact": {
        "agent_id": "robot",
        "messages": [{"act": {"session_id": "s", "observation": {"discrete": "0"}}}],
    },
}
SECONDS = 3.0
"""The deadline that the clients are given."""
NEVER_S = 1.0
"""The deadline where nothing else ends the call."""


def hostile_cases(addresses: Mapping[str, str]) -> list[Json]:
    """The calls on them, as cases that name their server."""
    return [
        {
            "name": f"{server}: {call}",
            "call": call,
            "request": REQUESTS[call],
            "address": addresses[server],
            "timeout_ms": int(1000 * (NEVER_S if "DEADLINE_EXCEEDED" in statuses else SECONDS)),
        }
        for server, call, statuses in EXPECTED
    ]


def unexpected_statuses(outcomes: Iterable[Outcome]) -> list[str]:
    """Where a client said something else than one may say of such a server."""
    found = {one.name: one for one in outcomes}
    wrong = []
    for server, call, statuses in EXPECTED:
        outcome = found.get(f"{server}: {call}")
        status = outcome.status if outcome else "nothing"
        if status not in statuses:
            wrong.append(f"{server}: {call}: {status} came: {outcome.message if outcome else ''}")
    return wrong


@contextmanager
def hostile() -> Iterator[dict[str, str]]:
    """All of them, running; their addresses by name."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    grpc_servers, addresses = asyncio.run_coroutine_threadsafe(_start(), loop).result(30)
    http = HTTPServer(("127.0.0.1", 0), _Http)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        addresses["silent"] = f"127.0.0.1:{silent.getsockname()[1]}"
        addresses["plain http"] = f"127.0.0.1:{http.server_port}"
        addresses["down"] = "127.0.0.1:9"
        yield addresses
    http.shutdown()
    http.server_close()
    asyncio.run_coroutine_threadsafe(_stop(grpc_servers), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _start() -> tuple[list[Any], dict[str, str]]:
    servers, addresses = [], {}
    for name in ("empty", *KINDS):
        server = grpc.aio.server(options=(("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)))
        if name in KINDS:
            server.add_generic_rpc_handlers((_All(*KINDS[name]()),))
        addresses[name] = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        servers.append(server)
    return servers, addresses


async def _stop(servers: list[Any]) -> None:
    for server in servers:
        await server.stop(None)


class _Http(BaseHTTPRequestHandler):
    """A web server of another kind."""

    def handle(self) -> None:
        self.request.settimeout(LAST_S)
        if self.request.recv(1):
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
