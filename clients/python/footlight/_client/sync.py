"""Runs calls and waits for them in the calling thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Self, TypeVar

import grpc

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
from footlight._wire.failures import counted_from, translated
from footlight.errors import DeadlineExceeded, ResourceExhausted, Unavailable

T = TypeVar("T")


class SyncCalls:
    """The channel of a synchronous client, opened by the first call. Safe to share between threads."""

    def __init__(
        self,
        address: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        token: str | None = None,
        tls: Tls | bool | None = None,
        retry_seconds: float = DEFAULT_RETRY,
    ) -> None:
        """Connects when first used.

        Args:
            address: HOST:PORT; None means $FOOTLIGHT_ADDRESS, else localhost:7007.
            timeout: the seconds that a call may take unless it says otherwise; `math.inf` for no limit. Calls that
                move files or make assets may take ten minutes, and watching a training has no limit.
            token: sent with every call; None means $FOOTLIGHT_TOKEN, and "" no token. It is sent to another machine only
                by TLS, unless `tls` is False.
            tls: certificates; True means TLS with the authorities of the system, False no TLS; None means the files that
                $FOOTLIGHT_TLS_CA, $FOOTLIGHT_CLIENT_CERT and $FOOTLIGHT_CLIENT_KEY name, and no TLS where they name none.
            retry_seconds: for about so long a call is sent again, within its deadline, that no server has taken: long
                enough for a restart. Calls that must not happen twice are never sent again. A full server that says when
                to come back is asked again then, up to four times. 0 sends nothing again.

        Raises:
            ValueError: the address, the timeout or the seconds of retries cannot be, or the token would travel readable.
            OSError: a file of certificates cannot be read.
        """
        self._connection = Connection.of(address, timeout, token, tls, retry_seconds)
        self._channel: grpc.Channel | None = None
        self._closed = False
        self._callables: dict[str, Any] = {}
        self._lock = Lock()

    @property
    def address(self) -> str:
        """The server's HOST:PORT."""
        return self._connection.target

    def close(self) -> None:
        """Ends the calls that are open. The client cannot be used any more."""
        self._closed = True
        if self._channel is not None:
            self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ready(self, *, timeout: float | None = None) -> bool:
        """Whether a server answers and says that it serves."""
        try:
            return self._healthy(timeout, wait=False)
        except (Unavailable, DeadlineExceeded):
            return False

    def wait_until_ready(self, timeout: float = 30.0) -> None:
        """Waits until the server serves. Raises Unavailable when it does not within `timeout` seconds."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                if self._healthy(left, wait=True):
                    return
            except (Unavailable, DeadlineExceeded):
                pass
            time.sleep(0.05)
        raise Unavailable(f"no server was ready at {self.address} within {timeout:g} s", code="UNAVAILABLE")

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._closed:
                raise RuntimeError("this client is closed")
            if self._channel is None:
                credentials, options = self._connection.credentials(), channel_options(self._connection.retry)
                self._channel = (
                    grpc.secure_channel(self.address, credentials, options)
                    if credentials
                    else grpc.insecure_channel(self.address, options)
                )
            return self._channel

    def _callable(self, shape: str, method: str, answer: Any) -> Any:
        """The channel's callable for a method; `shape` is gRPC's name for how many messages go each way."""
        found = None if self._closed else self._callables.get(method)
        if found is None:
            make = getattr(self._open(), shape)
            found = make(f"/{PACKAGE}.{method}", lambda message: message.SerializeToString(), answer.FromString)
            self._callables[method] = found
        return found

    def _healthy(self, timeout: float | None, wait: bool) -> bool:
        check = self._open().unary_unary(health.METHOD, health.same, health.same)
        with translated():
            answer = check(
                health.WHOLE_SERVER,
                timeout=self._connection.deadline(timeout),
                metadata=self._connection.metadata,
                wait_for_ready=wait,
            )
        return health.serving(answer)

    def _run(self, call: Unary[Any, T], timeout: float | None) -> T:
        send = self._callable("unary_unary", call.method, call.answer)
        pushback = Pushback(self._connection.deadline(timeout), self._connection.retry)
        while True:
            try:
                with translated():
                    answer = send(call.request, timeout=pushback.remaining, metadata=self._connection.metadata)
                return call.read(answer)
            except ResourceExhausted as full:
                time.sleep(pushback.wait(full))

    def _write_all(
        self, calls: Iterable[Unary[Any, T]], add: Callable[[T, T], T], total: T, field: str, timeout: float | None
    ) -> T:
        """Runs writes that were split and adds up what they answer; `field` is what the requests repeat."""
        offset = 0
        for call in calls:
            with counted_from(field, offset):
                total = add(total, self._run(call, timeout))
            offset += len(getattr(call.request, field))
        return total

    def _pages(self, page: Callable[[str], Unary[Any, Page[T]]], timeout: float | None) -> Iterator[T]:
        token = ""
        while True:
            found = self._run(page(token), timeout)
            yield from found.items
            token = found.next_token
            if not token:
                return

    def _stream(self, call: Stream[Any, T], timeout: float | None) -> Iterator[T]:
        receive = self._callable("unary_stream", call.method, call.answer)
        deadline = self._connection.deadline(timeout, TRANSFER_TIMEOUT)
        messages = receive(call.request, timeout=deadline, metadata=self._connection.metadata)
        try:
            with translated():
                for message in messages:
                    found = call.read(message)
                    if found is not None:
                        yield found
            call.finish()
        finally:
            messages.cancel()  # a consumer that stops early wants no more

    def _upload(self, call: Upload[Any, T], timeout: float | None) -> T:
        send = self._callable("stream_unary", call.method, call.answer)
        deadline = self._connection.deadline(timeout, TRANSFER_TIMEOUT)
        try:
            with translated():
                answer = send(iter(call.requests), timeout=deadline, metadata=self._connection.metadata)
        finally:
            if call.requests.failure is not None:
                raise call.requests.failure from None
        return call.read(answer)
