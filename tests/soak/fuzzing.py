"""Wrong inputs without end are sent, a few at a time, and what becomes of them is written down."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pkgutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from tests.soak.drawing import Requests

import footlight.v1

ALLOWED = {
    "OK",
    "CUT",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
}
"""How a strange call may end. UNAVAILABLE: an engine is away, or was made slow by other work. CUT: see `Fuzzing._call`."""
NOT_SEEN = "NOT_SEEN"
LEFT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
DETAILS = "grpc-status-details-bin"
"""Comes with everything that Footlight refuses; a call that was refused with one of LEFT and without it reached nobody."""
HANG_SECONDS = 60.0
"""A call that is not answered by then hangs, however busy the machine is."""
TRIES = 20
"""So often a call is sent that gRPC's server refused before Footlight saw it: one that ends for bytes on its port."""
STREAMED = 20
"""So many messages of a stream are read before the caller leaves."""
SILENT_SECONDS = 0.2
"""So long the caller waits for one of them, but for the first."""


def methods() -> Iterator[MethodDescriptor]:
    """Every RPC of the API."""
    for module in pkgutil.iter_modules(footlight.v1.__path__):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(f"footlight.v1.{module.name}").DESCRIPTOR
            for service in file.services_by_name.values():
                yield from service.methods


@dataclass(slots=True)
class Findings:
    """What became of the calls."""

    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Calls that were answered as none may be, with their requests."""
    slowest: tuple[float, str] = (0.0, "")
    answered: Counter[str] = field(default_factory=Counter)
    """How many calls of each method were answered OK."""
    sent_again: int = 0
    """How often gRPC's server refused a call before Footlight saw it."""

    def __str__(self) -> str:
        seconds, name = self.slowest
        again = f"{self.sent_again} sent again"
        return f"{self.codes.total():,} inputs, slowest {seconds:.2f} s ({name}), {again}, {dict(self.codes)}"

    def join(self, more: Findings) -> None:
        """Take in what others have found."""
        self.codes += more.codes
        self.wrong += more.wrong
        self.slowest = max(self.slowest, more.slowest)
        self.answered += more.answered
        self.sent_again += more.sent_again

    def add(self, method: str, code: str, seconds: float, told: Callable[[], str]) -> None:
        """Take in one call; ``told`` describes it."""
        self.codes[code] += 1
        self.slowest = max(self.slowest, (seconds, method))
        self.answered[method] += code == "OK"
        if code not in ALLOWED:
            self.wrong.append(f"{method}: {code} {told()}"[:3_000])


class Fuzzing:
    """Sends requests, a few at a time, and writes down what became of them."""

    def __init__(self, address: str, requests: Requests) -> None:
        options = [("grpc.enable_retries", 0), ("grpc.initial_reconnect_backoff_ms", 100)]
        self._channel = grpc.aio.insecure_channel(address, options)
        self._requests = requests
        self.findings = Findings()

    async def run(self, count: int, chosen: Sequence[MethodDescriptor], at_once: int = 8) -> Findings:
        """Call each of the methods in turn, until so many calls were made."""
        turns = iter([chosen[number % len(chosen)] for number in range(count)])
        await asyncio.gather(*(self._work(turns) for _ in range(at_once)))
        await self._channel.close()
        return self.findings

    async def _work(self, turns: Iterator[MethodDescriptor]) -> None:
        for method in turns:
            parts = self._requests.encoded(method)
            for _ in range(TRIES):
                started = time.perf_counter()
                code, details = await self._call(method, parts)
                seconds = time.perf_counter() - started
                if code != NOT_SEEN:
                    break
                self.findings.sent_again += 1
                await asyncio.sleep(0.05)
            self.findings.add(method.name, code, seconds, lambda: f"{details} {_readable(method, parts)}")  # noqa: B023

    async def _call(self, method: MethodDescriptor, parts: list[bytes]) -> tuple[str, str]:
        path = f"/{method.containing_service.full_name}/{method.name}"
        try:
            async with asyncio.timeout(HANG_SECONDS):
                await self._answers(method, path, parts)
        except grpc.aio.AioRpcError as refusal:
            if refusal.details() == "Internal error from Core":
                return "CUT", ""  # gRPC's own client says so, where the server answered before everything was sent
            if refusal.code() in LEFT and not any(key == DETAILS for key, _ in refusal.trailing_metadata() or ()):
                return NOT_SEEN, ""
            return refusal.code().name, refusal.details() or ""
        except TimeoutError:
            return "HANG", ""
        return "OK", ""

    async def _answers(self, method: MethodDescriptor, path: str, parts: list[bytes]) -> None:
        kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
        read = GetMessageClass(method.output_type).FromString
        call = getattr(self._channel, kind)(path, request_serializer=bytes, response_deserializer=read)
        answering = call() if method.client_streaming else call(parts[0])
        if method.client_streaming:
            await _write(answering, parts)
        if method.server_streaming:
            await self._read(answering)
        elif not method.client_streaming or await answering.code() is grpc.StatusCode.OK:
            self._requests.hear(await answering)
        await _check(answering)

    async def _read(self, answering: Any) -> None:
        """Read the messages of a stream. It is silent while nothing happens, so only the first one has to come."""
        patience: float | None = None
        for _ in range(STREAMED):
            try:
                async with asyncio.timeout(patience):
                    answer = await answering.read()
            except TimeoutError:
                break
            if answer is grpc.aio.EOF:
                return
            self._requests.hear(answer)
            patience = SILENT_SECONDS
        answering.cancel()


async def _write(answering: Any, parts: list[bytes]) -> None:
    """Send a stream of messages, as far as the server listens."""
    with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError, grpc.aio.InternalError):
        for part in parts:
            await answering.write(part)
        await answering.done_writing()


async def _check(answering: Any) -> None:
    """Raise the status of a call that the server refused."""
    code = await answering.code()
    if code is not grpc.StatusCode.OK and not answering.cancelled():
        metadata = (await answering.initial_metadata(), await answering.trailing_metadata())
        raise grpc.aio.AioRpcError(code, *metadata, await answering.details())


def _readable(method: MethodDescriptor, parts: list[bytes]) -> str:
    try:
        return " | ".join(str(GetMessageClass(method.input_type).FromString(part))[:800] for part in parts)
    except DecodeError:
        return " | ".join(part.hex() for part in parts)


def fuzz(address: str, requests: Requests, count: int) -> Findings:
    """Make so many calls, each RPC as often as the others."""

    async def run() -> Findings:
        return await Fuzzing(address, requests).run(count, list(methods()))

    return asyncio.run(run())
