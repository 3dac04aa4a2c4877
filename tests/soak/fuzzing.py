"""Wrong inputs without end, from one seed: messages made by walking the descriptors, and bytes that are no messages.

Requests are drawn field by field. Names that the server knows, and ids that its own answers held, are tried as often as
random ones, so that requests get past the first check; a tenth of the requests is damaged after it was written.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pkgutil
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

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
DEPTH = 4
HANG_SECONDS = 60.0
"""A call that is not answered by then hangs, however busy the machine is."""
STREAMED = 20
"""So many messages of a stream are read before the caller leaves."""
TEXTS = (
    "",
    " ",
    "é" * 129,
    "a\nb",
    "a\0b",
    "x" * 5_000,
    "../../etc/passwd",
    "'; DROP TABLE items; --",
    "\U0001f409",
    "%s%n",
)
NUMBERS = (0, 1, 2, 3, 5, -1, -(2**31), 2**31 - 1)
LARGE = (2**53 + 1, 2**62, 2**63 - 1, -(2**63))
REALS = (0.0, 1.0, 0.5, -1.0, 3.5, 1e-300, 1e300, -1e300, float("nan"), float("inf"), float("-inf"))

Field = FieldDescriptor
_SIGNED_64 = {Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64}


def methods() -> Iterator[MethodDescriptor]:
    """Every RPC of the API."""
    for module in pkgutil.iter_modules(footlight.v1.__path__):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(f"footlight.v1.{module.name}").DESCRIPTOR
            for service in file.services_by_name.values():
                yield from service.methods


class Requests:
    """Draws requests. The same seed and the same answers give the same requests."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._names = tuple(names)
        self._heard: deque[str] = deque(maxlen=256)

    def hear(self, answer: Message) -> None:
        """Remember the ids of an answer."""
        for described, value in answer.ListFields():
            if described.type == Field.TYPE_STRING and not described.is_repeated and 0 < len(value) < 256:
                self._heard.append(value)

    def encoded(self, method: MethodDescriptor) -> list[bytes]:
        """The messages of one call; several where the RPC takes a stream of them."""
        many = self._random.randrange(6) if method.client_streaming else 1
        return [self._damaged(self.message(method.input_type).SerializeToString()) for _ in range(many)]

    def _damaged(self, data: bytes) -> bytes:
        if self._random.random() > 0.1:
            return data
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 8)):
            place = self._random.randrange(len(changed) + 1)
            match self._random.randrange(3):
                case 0:
                    del changed[place : place + self._random.randint(1, 4)]
                case 1:
                    changed[place:place] = self._random.randbytes(self._random.randint(1, 4))
                case _:
                    changed[place : place + 1] = self._random.randbytes(1)
        return bytes(changed)

    def message(self, descriptor: Descriptor, depth: int = 0) -> Any:
        """A message with any of its fields set."""
        made: Any = GetMessageClass(descriptor)()
        share = self._random.choice((0.2, 0.6, 0.95))
        for described in descriptor.fields:
            if self._random.random() < share and (described.message_type is None or depth < DEPTH):
                self._set(made, described, depth)
        return made

    def _set(self, made: Any, described: Field, depth: int) -> None:
        nested = described.message_type
        if nested is not None and nested.GetOptions().map_entry:
            self._set_map(getattr(made, described.name), nested, depth)
        elif described.is_repeated:
            target = getattr(made, described.name)
            target.extend([self._value(described, depth) for _ in range(self._random.choice((0, 1, 1, 2, 3, 40)))])
        elif nested is not None:
            getattr(made, described.name).CopyFrom(self._value(described, depth))
        else:
            setattr(made, described.name, self._value(described, depth))

    def _set_map(self, target: Any, entry: Descriptor, depth: int) -> None:
        value = entry.fields_by_name["value"]
        for _ in range(self._random.randrange(3)):
            key = self._text()
            if value.message_type is not None:
                target[key].CopyFrom(self._value(value, depth))
            else:
                target[key] = self._value(value, depth)

    def _value(self, described: Field, depth: int) -> Any:
        if described.message_type is not None:
            return self.message(described.message_type, depth + 1)
        if described.enum_type is not None:
            return self._random.choice((*described.enum_type.values_by_number, 77))
        return self._scalar(described.type)

    def _scalar(self, kind: int) -> Any:
        draw = self._random
        match kind:
            case Field.TYPE_STRING:
                return self._text()
            case Field.TYPE_BOOL:
                return draw.random() < 0.5
            case Field.TYPE_BYTES:
                return draw.randbytes(draw.choice((0, 1, 4, 32, 40, 2_000)))
            case Field.TYPE_DOUBLE | Field.TYPE_FLOAT:
                return draw.choice((*REALS, draw.gauss(0, 10)))
            case _:
                # Not up to the 10^8 cells that an agent's table may have: that is 800 MB, and allowed.
                return draw.choice((*NUMBERS, *LARGE) if kind in _SIGNED_64 else NUMBERS)

    def _text(self) -> str:
        draw = self._random.random()
        if draw < 0.5:
            return self._random.choice(self._names)
        if draw < 0.75 and self._heard:
            return self._random.choice(self._heard)
        if draw < 0.9:
            return self._random.choice(TEXTS)
        return "".join(chr(self._random.choice((33, 97, 233, 0x4E2D, 10))) for _ in range(self._random.randrange(12)))


@dataclass(slots=True)
class Findings:
    """What became of the calls."""

    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Calls that were answered as none may be, with their requests."""
    slowest: tuple[float, str] = (0.0, "")

    def __str__(self) -> str:
        seconds, name = self.slowest
        return f"{self.codes.total():,} inputs, slowest {seconds:.2f} s ({name}), {dict(self.codes)}"

    def add(self, method: str, code: str, seconds: float, told: Callable[[], str]) -> None:
        """Take in one call; ``told`` describes it."""
        self.codes[code] += 1
        self.slowest = max(self.slowest, (seconds, method))
        if code not in ALLOWED:
            self.wrong.append(f"{method}: {code} {told()}"[:3_000])


class Fuzzing:
    """Sends requests, a few at a time, and writes down what became of them."""

    def __init__(self, address: str, requests: Requests) -> None:
        self._channel = grpc.aio.insecure_channel(address, [("grpc.enable_retries", 0)])
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
            started = time.perf_counter()
            code, details = await self._call(method, parts)
            seconds = time.perf_counter() - started
            self.findings.add(method.name, code, seconds, lambda: f"{details} {_readable(method, parts)}")  # noqa: B023

    async def _call(self, method: MethodDescriptor, parts: list[bytes]) -> tuple[str, str]:
        path = f"/{method.containing_service.full_name}/{method.name}"
        try:
            async with asyncio.timeout(HANG_SECONDS):
                await self._answers(method, path, parts)
        except grpc.aio.AioRpcError as refusal:
            if refusal.details() == "Internal error from Core":
                return "CUT", ""  # gRPC's own client says so, where the server answered before everything was sent
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
        for _ in range(STREAMED):
            if (answer := await answering.read()) is grpc.aio.EOF:
                return
            self._requests.hear(answer)
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
