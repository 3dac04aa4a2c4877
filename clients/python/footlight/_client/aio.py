"""Runs calls and waits for them in an event loop."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Self, TypeVar

import grpc.aio

from footlight._client.connection import (
    DEFAULT_RETRY,
    DEFAULT_TIMEOUT,
    PACKAGE,
    TRANSFER_TIMEOUT,
    Connection,
    Pushback,
    Tls,
    channel_options,
)
from footlight._wire import health
from footlight._wire.calls import Page, Stream, Unary, Upload
from footlight._wire.failures import counted_from, readable, translated
from footlight.errors import DeadlineExceeded, ResourceExhausted, Unavailable

T = TypeVar("T")


class AsyncCalls:
    """The channel of an asynchronous client, opened by the first call in the event loop that runs then."""

    def __init__(
        self,
        address: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        token: str | None = None,
        tls: Tls | bool | None = None,
        retry_seconds: float = DEFAULT_RETRY,
    ) -> None:
        self._connection = Connection.of(address, timeout, token, tls, retry_seconds)
        self._channel: grpc.aio.Channel | None = None
        self._closed = False
        self._callables: dict[str, Any] = {}

    @property
    def address(self) -> str:
        return self._connection.target

    async def close(self) -> None:
        self._closed = True
        if self._channel is not None:
            await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ready(self, *, timeout: float | None = None) -> bool:
        try:
            return await self._healthy(timeout, wait=False)
        except (Unavailable, DeadlineExceeded):
            return False

    async def wait_until_ready(self, timeout: float = 30.0) -> None:
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                if await self._healthy(left, wait=True):
                    return
            except (Unavailable, DeadlineExceeded):
                pass
            await asyncio.sleep(0.05)
        raise Unavailable(f"no server was ready at {self.address} within {timeout:g} s", code="UNAVAILABLE")

    def _open(self) -> grpc.aio.Channel:
        if self._closed:
            raise RuntimeError("this client is closed")
        if self._channel is None:
            credentials, options = self._connection.credentials(), channel_options(self._connection.retry)
            self._channel = (
                grpc.aio.secure_channel(self.address, credentials, options)
                if credentials
                else grpc.aio.insecure_channel(self.address, options)
            )
        return self._channel

    def _callable(self, shape: str, method: str, answer: Any) -> Any:
        found = None if self._closed else self._callables.get(method)
        if found is None:
            make = getattr(self._open(), shape)
            found = make(f"/{PACKAGE}.{method}", lambda message: message.SerializeToString(), answer.FromString)
            self._callables[method] = found
        return found

    async def _healthy(self, seconds: float | None, wait: bool) -> bool:
        check = self._open().unary_unary(health.METHOD, health.same, health.same)
        with translated():
            answer = await check(
                health.WHOLE_SERVER,
                timeout=self._connection.deadline(seconds),
                metadata=self._connection.metadata,
                wait_for_ready=wait,
            )
        return health.serving(answer)

    async def _run(self, call: Unary[Any, T], seconds: float | None) -> T:
        send = self._callable("unary_unary", call.method, call.answer)
        pushback = Pushback(self._connection.deadline(seconds), self._connection.retry)
        while True:
            try:
                with translated():
                    answer = await send(call.request, timeout=pushback.remaining, metadata=self._connection.metadata)
                return call.read(readable(answer))
            except ResourceExhausted as full:
                await asyncio.sleep(pushback.wait(full))

    async def _write_all(
        self, calls: Iterable[Unary[Any, T]], add: Callable[[T, T], T], total: T, field: str, seconds: float | None
    ) -> T:
        offset = 0
        for call in calls:
            with counted_from(field, offset):
                total = add(total, await self._run(call, seconds))
            offset += len(getattr(call.request, field))
        return total

    async def _pages(self, page: Callable[[str], Unary[Any, Page[T]]], seconds: float | None) -> AsyncIterator[T]:
        token = ""
        while True:
            found = await self._run(page(token), seconds)
            for item in found.items:
                yield item
            token = found.next_token
            if not token:
                return

    async def _stream(self, call: Stream[Any, T], seconds: float | None) -> AsyncIterator[T]:
        receive = self._callable("unary_stream", call.method, call.answer)
        deadline = self._connection.deadline(seconds, TRANSFER_TIMEOUT)
        messages = receive(call.request, timeout=deadline, metadata=self._connection.metadata)
        try:
            with translated():
                async for message in messages:
                    found = call.read(readable(message))
                    if found is not None:
                        yield found
            call.finish()
        finally:
            messages.cancel()  # a consumer that stops early wants no more

    async def _upload(self, call: Upload[Any, T], seconds: float | None) -> T:
        send = self._callable("stream_unary", call.method, call.answer)
        deadline = self._connection.deadline(seconds, TRANSFER_TIMEOUT)
        sending = send(_in_threads(call.requests), timeout=deadline, metadata=self._connection.metadata)
        try:
            with translated():
                answer = await sending
        finally:
            if call.requests.failure is not None:
                raise call.requests.failure from None
        return call.read(readable(answer))


async def _in_threads(elements: Iterable[Any]) -> AsyncIterator[Any]:
    """Takes each element in a thread, because reading a file would hold up the event loop."""
    iterator, end = iter(elements), object()
    while (element := await asyncio.to_thread(next, iterator, end)) is not end:
        yield element
