"""Answers HTTP requests by the Connect protocol, as an ASGI application.

A call takes the same way as one of gRPC: the handler that gRPC would ask finds out who calls and answers the behaviour, and
the behaviour is given the message and a context.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from footlight_server.dispatch.asking import DEFAULT_SECONDS, LONGEST_SECONDS
from footlight_server.web.codec import CODECS, Codec, codec_of
from footlight_server.web.connect import HTTP_STATUS, Refused, end_of_stream, enveloped, opened, text
from footlight_server.web.context import CallDetails, WebContext
from footlight_server.web.origins import Headers, Origins

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LONGEST_BODY = 16 << 20
"""As long as a message of gRPC may be."""
_LONGEST_TIMEOUT = 10**10


class Application:
    """The calls of some services, for browsers."""

    def __init__(self, front: grpc.GenericRpcHandler, services: Iterable[ServiceDescriptor], origins: Origins) -> None:
        """``front`` is what gRPC's server asks for the handler of a call."""
        self._front = front
        self._origins = origins
        self._methods = {
            f"/{service.full_name}/{method.name}": method for service in services for method in service.methods
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        request = Request(scope, receive)
        reply = Reply(send, self._origins.headers(request.origin) if self._origins.knows(request.origin) else [])
        if not self._origins.knows(request.origin):
            await reply.refuse(_unlisted(request.origin))
        elif request.method == "OPTIONS":
            await reply.whole(204, b"", self._origins.preflight())
        else:
            await self._call(request, reply)

    async def _call(self, request: Request, reply: Reply) -> None:
        method, codec = self._methods.get(request.path), codec_of(request.header("content-type"))
        if method is None:
            await reply.refuse(_unknown(request.path), 404)
        elif request.method != "POST":
            await reply.say(405, f"a call is a POST, not {request.method}", (b"allow", b"POST, OPTIONS"))
        elif codec is None or codec.streams != method.server_streaming:
            accepted = [name for name, one in CODECS.items() if one.streams == method.server_streaming]
            header = (b"accept-post", ", ".join(accepted).encode())
            await reply.say(415, f"Content-Type must be {' or '.join(accepted)}", header)
        else:
            await _while_heard(request, Call(self._front, method, codec).answer(request, reply))


class Call:
    """One call of one method."""

    def __init__(self, front: grpc.GenericRpcHandler, method: MethodDescriptor, codec: Codec) -> None:
        self._front = front
        self._method = method
        self._codec = codec
        self._asked, self._told = GetMessageClass(method.input_type), GetMessageClass(method.output_type)

    async def answer(self, request: Request, reply: Reply) -> None:
        """Read the message, make the call, send what comes."""
        content_type = (b"content-type", self._codec.content_type.encode())
        if self._codec.streams:
            await reply.begin([content_type])
        refused, headers, body = None, [content_type], b""
        try:
            seconds = _seconds(request.header("connect-timeout-ms"))
            async with asyncio.timeout(seconds):
                if self._codec.streams:
                    await self._stream(request, reply, seconds)
                else:
                    body = await self._unary(request, headers, seconds)
        except TimeoutError:
            refused = Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed")
        except Refused as fault:
            refused = fault
        if self._codec.streams:
            await reply.end(refused)
        elif refused:
            await reply.refuse(refused)
        else:
            await reply.whole(200, body, headers)

    async def _unary(self, request: Request, headers: Headers, seconds: float | None) -> bytes:
        """The body of the answer; metadata are added to the headers."""
        behaviour, context = self._behaviour(request, seconds)
        answer = await behaviour(await self._message(request), context)
        trailers = [(f"trailer-{key}", text(value)) for key, value in context.trailing]
        headers += [(key.encode(), text(value).encode("latin-1")) for key, value in (*context.leading, *trailers)]
        return self._codec.write(self._told, answer)

    async def _stream(self, request: Request, reply: Reply, seconds: float | None) -> None:
        behaviour, context = self._behaviour(request, seconds)
        message = await self._message(request)
        async for answer in _each(behaviour(message, context)):
            await reply.more(enveloped(self._codec.write(self._told, answer)))

    def _behaviour(self, request: Request, seconds: float | None) -> tuple[Callable[[Any, Any], Any], WebContext]:
        """What answers the call, or refuses it: that depends on who calls, so it is asked before the message is read."""
        if self._method.client_streaming:
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, f"{self._method.name} takes a stream: call it over gRPC")
        details = CallDetails(request.path, request.metadata)
        found = self._front.service(details)
        if found is None:
            raise _unknown(request.path)
        forms = (found.unary_unary, found.unary_stream, found.stream_unary, found.stream_stream)
        return next(form for form in forms if form is not None), WebContext(details, seconds, request.peer)

    async def _message(self, request: Request) -> Message:
        body = await request.body()
        if request.header("content-encoding") not in ("", "identity"):
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, "compressed bodies are not read here; identity is accepted")
        return self._codec.read(self._asked, opened(body) if self._codec.streams else body)


class Request:
    """A request as ASGI gives it."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self._whole = asyncio.Event()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        host, port = scope.get("client") or ("", 0)
        self.peer = f"{'ipv6' if ':' in host else 'ipv4'}:{host}:{port}"

    def header(self, name: str) -> str:
        """A header, empty where it is not there."""
        return self._headers.get(name, "")

    @property
    def origin(self) -> str:
        """The page that calls, as its browser says."""
        return self.header("origin").lower()

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The headers as gRPC's metadata."""
        return tuple(self._headers.items())

    async def body(self) -> bytes:
        """All of it. Raises Refused where it is too long, or too slow."""
        async with asyncio.timeout(DEFAULT_SECONDS):
            parts, size, more = [], 0, True
            while more:
                event = await self._receive()
                if event["type"] == "http.disconnect":
                    raise Refused(grpc.StatusCode.CANCELLED, "the caller left")
                parts.append(event.get("body", b""))
                more = event.get("more_body", False)
                size += len(parts[-1])
                if size > LONGEST_BODY:
                    raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, f"a message may have {LONGEST_BODY:,} bytes")
        self._whole.set()
        return b"".join(parts)

    async def left(self) -> None:
        """Wait until the caller has left, or been answered."""
        await self._whole.wait()  # until then whoever reads the body hears it
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Reply:
    """What goes back."""

    def __init__(self, send: Send, headers: Headers) -> None:
        self._send = send
        self._headers = headers

    async def whole(self, status: int, body: bytes, headers: Headers) -> None:
        """An answer in one piece."""
        size = [(b"content-length", str(len(body)).encode())] if status != 204 else []
        await self._send({"type": "http.response.start", "status": status, "headers": self._headers + headers + size})
        await self._send({"type": "http.response.body", "body": body})

    async def say(self, status: int, what: str, header: tuple[bytes, bytes]) -> None:
        """A line for people about what is no call: to clients the status and the header say all."""
        await self.whole(status, f"{what}\n".encode(), [(b"content-type", b"text/plain; charset=utf-8"), header])

    async def refuse(self, refused: Refused, status: int = 0) -> None:
        """An error of a call that answers one message."""
        headers = [(b"content-type", b"application/json")]
        for key, value in refused.metadata:
            headers += [(name.encode(), value.encode("latin-1", "replace")) for name in (key, f"trailer-{key}")]
            if key == "grpc-retry-pushback-ms":
                headers.append((b"retry-after", str(-(-int(value) // 1000)).encode()))
        body = json.dumps(refused.body, ensure_ascii=False).encode()
        await self.whole(status or HTTP_STATUS.get(refused.code, 500), body, headers)

    async def begin(self, headers: Headers) -> None:
        """A stream: its status is always 200, and its last message tells how it ended."""
        await self._send({"type": "http.response.start", "status": 200, "headers": self._headers + headers})

    async def more(self, data: bytes) -> None:
        """A message of a stream."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, refused: Refused | None) -> None:
        """The end of a stream."""
        await self._send({"type": "http.response.body", "body": end_of_stream(refused)})


async def _while_heard(request: Request, work: Coroutine[Any, Any, None]) -> None:
    """Work in a task of its own, and cancel it when the caller leaves: a call of gRPC ends in the same way."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(request.left())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _each(made: Any) -> AsyncIterator[Any]:
    """The answers of a stream; a refusal is one coroutine instead."""
    if hasattr(made, "__aiter__"):
        async for answer in made:
            yield answer
    else:
        await made


def _seconds(given: str) -> float | None:
    """The deadline that a header names, in seconds from now."""
    if not given:
        return None
    if not given.isdecimal() or int(given) >= _LONGEST_TIMEOUT:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "Connect-Timeout-Ms must be at most 10 digits")
    return min(int(given) / 1000, LONGEST_SECONDS)


def _unknown(path: str) -> Refused:
    return Refused(grpc.StatusCode.UNIMPLEMENTED, f"there is no call {path[:200]}")


def _unlisted(origin: str) -> Refused:
    return Refused(
        grpc.StatusCode.PERMISSION_DENIED,
        f"pages from {origin[:200]} may not call this server: start it with --web-origin and that origin",
    )
