"""Bytes on the port that are no calls: noise, damaged frames of HTTP/2, and calls whose body is not what its length says.

Sound frames are written out by hand, without a library that would refuse to write wrong ones.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from collections.abc import Callable, Sequence

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0x0, 0x1, 0x4
END_STREAM, END_HEADERS = 0x1, 0x4
WAIT_SECONDS = 0.02
"""How long an answer is waited for: whether one comes does not matter, only that the server lives."""
KINDS = 6


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def field(name: bytes, value: bytes) -> bytes:
    """One header, written out whole: HPACK's literal that is never indexed, without Huffman's code."""
    return b"\x10" + _sized(name) + _sized(value)


def _sized(text: bytes) -> bytes:
    assert len(text) < 127
    return bytes((len(text),)) + text


def call(path: str, body: bytes, extra: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A connection's worth of bytes that makes one call."""
    names = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path.encode()), (b":authority", b"localhost")]
    names += [(b"te", b"trailers"), (b"content-type", b"application/grpc"), *extra]
    headers = b"".join(field(name, value) for name, value in names)
    return (
        PREFACE
        + frame(SETTINGS, 0, 0, b"")
        + frame(HEADERS, END_HEADERS, 1, headers)
        + frame(DATA, END_STREAM, 1, body)
    )


class Noise:
    """Draws what is sent, from a seed."""

    def __init__(self, seed: int, paths: Sequence[str]) -> None:
        self._random = random.Random(seed)
        self._paths = list(paths)

    def draw(self, number: int) -> bytes:
        """The bytes of one connection; ``number`` says of which kind."""
        draw = self._random
        path = draw.choice(self._paths)
        kinds: tuple[Callable[[], bytes], ...] = (
            lambda: draw.randbytes(draw.randrange(1, 400)),
            lambda: PREFACE + draw.randbytes(draw.randrange(1, 400)),
            lambda: PREFACE + b"".join(self._frame() for _ in range(draw.randrange(1, 6))),
            lambda: call(path, self._body()),
            lambda: self._damaged(call(path, self._body())),
            lambda: call(path, self._body(), [self._header()]),
        )
        assert len(kinds) == KINDS
        return kinds[number % KINDS]()

    def _frame(self) -> bytes:
        draw = self._random
        return frame(draw.randrange(12), draw.randrange(256), draw.randrange(4), draw.randbytes(draw.randrange(60)))

    def _body(self) -> bytes:
        """A message behind a flag for compression and a length, one of which is likely to be wrong."""
        draw = self._random
        data = draw.randbytes(draw.randrange(40))
        length = draw.choice((len(data), 0, len(data) + 1, 2**31, 2**32 - 1))
        return bytes((draw.choice((0, 0, 1, 7)),)) + struct.pack(">I", length) + data

    def _header(self) -> tuple[bytes, bytes]:
        return self._random.choice(
            [
                (b"grpc-encoding", b"gzip"),
                (b"grpc-encoding", b"nonsense"),
                (b"grpc-timeout", b"-1S"),
                (b"grpc-timeout", b"99999999999H"),
                (b"x-request-id", b"\x00\xff" * 20),
                (b"traceparent", b"00-nonsense"),
                (b"authorization", b"Bearer " + b"x" * 100),
                (b"x-bin-bin", b"!!!"),
            ]
        )

    def _damaged(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            changed[self._random.randrange(len(changed))] ^= 1 << self._random.randrange(8)
        return bytes(changed)


def throw_all(port: int, noise: Noise, count: int) -> None:
    """So many connections, one after the other."""
    for number in range(count):
        throw(port, noise.draw(number))


def throw(port: int, data: bytes) -> None:
    """Send bytes on a connection of their own, listen for a moment, and go."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        connection.settimeout(WAIT_SECONDS)
        connection.recv(65_536)
