"""Servers that a client must not hang on: silent, slow, full, of another version, too talkative, lying."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
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


async def slow_stream(_: bytes, context: Any) -> AsyncIterator[bytes]:
    await asyncio.sleep(LAST_S)
    yield b""


async def too_long_stream(_: bytes, context: Any) -> AsyncIterator[bytes]:
    yield bytes(TOO_LONG)


async def broken_details(_: bytes, context: Any) -> bytes:
    trailing = (("grpc-status-details-bin", b"\xff\xff\xff"),)
    await context.abort(grpc.StatusCode.NOT_FOUND, "there is none", trailing_metadata=trailing)
    return b""


async def broken_inside(_: bytes, context: Any) -> bytes:
    """Details that can be read, with one in them that cannot."""
    info = any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff\xff")
    await context.abort(
        grpc.StatusCode.NOT_FOUND, "there is none", trailing_metadata=trailing(5, "there is none", info)
    )
    return b""


def trailing(code: int, message: str, detail: any_pb2.Any) -> tuple[tuple[str, str | bytes], ...]:
    """The details of an error, as gRPC sends them."""
    status = status_pb2.Status(code=code, message=message, details=[detail])
    return (("grpc-status-details-bin", status.SerializeToString()),)


PATIENT = recommendation_pb2.RecommendResponse(deployment="patient").SerializeToString()
Unary = Callable[[bytes, Any], Awaitable[bytes]]


def full(refusals: float) -> Unary:
    """Refuses so many calls of each caller, says how often it did and when to come back, and then answers."""
    calls: Counter[str] = Counter()

    async def answer(_: bytes, context: Any) -> bytes:
        calls[context.peer()] += 1
        if calls[context.peer()] > refusals:
            return PATIENT
        retry = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=20_000_000))
        packed = any_pb2.Any()
        packed.Pack(retry)
        message = f"full, {calls[context.peer()]} times"
        told = (*trailing(8, message, packed), ("grpc-retry-pushback-ms", "20"))
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, message, trailing_metadata=told)
        return b""

    return answer


def unavailable(refusals: int) -> Unary:
    """Is not there for so many calls of each caller, and then answers."""
    calls: Counter[str] = Counter()

    async def answer(_: bytes, context: Any) -> bytes:
        calls[context.peer()] += 1
        if calls[context.peer()] <= refusals:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return PATIENT

    return answer


UNKNOWN = b"\xba\x3e\x03new"
"""A field that nobody knows: number 999, with three bytes of text."""


async def newer(_: bytes, context: Any) -> bytes:
    answer = recommendation_pb2.RecommendResponse(deployment="newer")
    answer.diversity_basis = 99  # type: ignore[assignment]  # a value that nobody knows
    return answer.SerializeToString() + UNKNOWN


async def newer_stream(_: bytes, context: Any) -> AsyncIterator[bytes]:
    """A part that nobody knows, and an asset whose name leads out of a folder."""
    yield UNKNOWN
    data = bytes(10)
    asset = generation_pb2.Asset(asset_id="a", deployment="../up", size_bytes=10, sha256=sha256(data).digest())
    yield generation_pb2.GenerateResponse(asset=asset).SerializeToString() + UNKNOWN
    yield generation_pb2.GenerateResponse(data=data).SerializeToString()


async def newer_exchange(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    """Answers what was not asked."""
    async for _ in requests:
        yield UNKNOWN


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


@dataclass(frozen=True, slots=True)
class Kind:
    """How a server answers: calls of one message each way, streams of answers, and streams both ways."""

    unary: Any
    stream: Any = endless_wrong_type
    exchange: Any = listens


class _All(grpc.GenericRpcHandler):
    """Answers every call in the way of its kind."""

    def __init__(self, kind: Kind) -> None:
        self._unary: Any = grpc.unary_unary_rpc_method_handler(kind.unary)
        self._stream: Any = grpc.unary_stream_rpc_method_handler(kind.stream)
        self._exchange: Any = grpc.stream_stream_rpc_method_handler(kind.exchange)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method.rpartition("/")[2]
        streams = {"Generate": self._stream, "GetAsset": self._stream}
        exchanges = {"Interact": self._exchange, "UploadCorpus": self._exchange}
        return (streams | exchanges).get(method, self._unary)


KINDS: dict[str, Kind] = {
    "too long": Kind(too_long, too_long_stream),
    "wrong type": Kind(wrong_type),
    "slow": Kind(slow, slow_stream),
    "broken details": Kind(broken_details),
    "broken inside": Kind(broken_inside),
    "full at first": Kind(full(2)),
    "full": Kind(full(math.inf)),
    "unavailable at first": Kind(unavailable(2)),
    "away at first": Kind(unavailable(2)),
    "newer": Kind(newer, newer_stream, newer_exchange),
    "cut short": Kind(slow, assets(20, bytes(32))),
    "other bytes": Kind(slow, assets(10, sha256(b"other").digest())),
    "says nothing": Kind(nothing, no_messages, ends),
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
    ("broken inside", "RecommendationService/Recommend", ("NOT_FOUND",)),
    ("full at first", "RecommendationService/Recommend", ("OK",)),
    ("full", "RecommendationService/Recommend", ("RESOURCE_EXHAUSTED",)),
    ("unavailable at first", "RecommendationService/Recommend", ("OK",)),
    ("away at first", "CatalogService/DeleteItem", ("UNAVAILABLE",)),  # it must not happen twice
    ("newer", "RecommendationService/Recommend", ("OK",)),
    ("newer", "GenerationService/Generate", ("OK",)),
    ("newer", "InteractionService/Interact", ("INTERNAL",)),
    ("cut short", "GenerationService/Generate", ("DATA_LOSS",)),
    ("other bytes", "GenerationService/Generate", ("DATA_LOSS",)),
    ("slow", "GenerationService/Generate", ("DEADLINE_EXCEEDED",)),
    ("slow", "GenerationService/UploadCorpus", ("DEADLINE_EXCEEDED",)),
    ("slow", "InteractionService/Interact", ("DEADLINE_EXCEEDED",)),
    ("too long", "GenerationService/Generate", ("RESOURCE_EXHAUSTED",)),
    ("says nothing", "InteractionService/Interact", ("UNAVAILABLE",)),
    ("says nothing", "GenerationService/GetAsset", ("DATA_LOSS",)),
)
REQUESTS = {
    "CatalogService/DeleteItem": {"item_id": "any"},
    "GenerationService/UploadCorpus": {"name": "any", "files": {"train/a.npy": "A" * (4 << 18)}},
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
            server.add_generic_rpc_handlers((_All(KINDS[name]),))
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
