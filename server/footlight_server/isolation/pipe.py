"""Messages over a Unix socket. Large arrays go through shared memory: written once, mapped by the other side, never copied.

The memory of a message is an anonymous file (`memfd_create`, or an unlinked file where there is none) whose descriptor
travels with the message. It has no name, so nothing is left behind when either side is killed.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from footlight_server.isolation.codec import Buffer, Malformed, decode, encode

SHARED_FROM = 4_096
"""Messages with so many bytes of arrays take shared memory; smaller ones carry them behind their text."""

LONGEST_TEXT = 256 << 20

_HEAD = struct.Struct("<4sIII")
"""Magic, length of the text, number of buffers, 1 when the buffers are in shared memory."""

_MAGIC = b"FLI1"
_ALIGNMENT = 64


class Gone(Exception):
    """The other side has closed the pipe or has died."""


class Pipe:
    """One end. A thread at a time may use it."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def fileno(self) -> int:
        """The descriptor, to wait on."""
        return self._end.fileno()

    def send(self, value: Any) -> None:
        """Send one value.

        Raises
        ------
        Gone
            When nobody is there any more.
        TypeError
            When the value cannot cross.
        """
        text, buffers = encode(value)
        sizes = struct.pack(f"<{len(buffers)}Q", *(buffer.nbytes for buffer in buffers))
        shared = sum(buffer.nbytes for buffer in buffers) >= SHARED_FROM
        head = _HEAD.pack(_MAGIC, len(text), len(buffers), shared)
        try:
            if shared:
                self._send_shared(head, sizes + text, buffers)
            else:
                self._end.sendall(b"".join((head, sizes, text, *buffers)))
        except OSError as fault:
            raise Gone(f"the other side is gone: {fault}") from fault

    def _send_shared(self, head: bytes, rest: bytes, buffers: Sequence[Buffer]) -> None:
        descriptor = _memory()
        try:
            offset = 0
            os.ftruncate(descriptor, sum(_padded(buffer.nbytes) for buffer in buffers))
            for buffer in buffers:
                _write_at(descriptor, buffer, offset)
                offset += _padded(buffer.nbytes)
            socket.send_fds(self._end, [head], [descriptor])
        finally:
            os.close(descriptor)
        self._end.sendall(rest)

    def receive(self) -> Any:
        """Wait for a value.

        Raises
        ------
        Gone
            When nobody is there any more.
        Malformed
            When it is no value.
        """
        try:
            head, descriptors = self._head()
        except OSError as fault:
            raise Gone(f"the other side is gone: {fault}") from fault
        try:
            magic, length, count, shared = _HEAD.unpack(head)
            if magic != _MAGIC or length > LONGEST_TEXT or bool(shared) != bool(descriptors):
                raise Malformed("no message")
            sizes = struct.unpack(f"<{count}Q", self._exactly(8 * count))
            text = self._exactly(length)
            return decode(text, _mapped(descriptors[0], sizes) if shared else self._inline(sizes))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _head(self) -> tuple[bytes, list[int]]:
        head, descriptors, _, _ = socket.recv_fds(self._end, _HEAD.size, 1, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        if not head:
            raise Gone("the other side is gone")
        return head + self._exactly(_HEAD.size - len(head)), list(descriptors)

    def _inline(self, sizes: Sequence[int]) -> list[Buffer]:
        return [memoryview(bytearray(self._exactly(size))) for size in sizes]

    def _exactly(self, size: int) -> bytes:
        data = bytearray(size)
        view, done = memoryview(data), 0
        while done < size:
            try:
                received = self._end.recv_into(view[done:])
            except OSError as fault:
                raise Gone(f"the other side is gone: {fault}") from fault
            if not received:
                raise Gone("the other side is gone")
            done += received
        return bytes(data)

    def close(self) -> None:
        """Leave; the other side sees the end."""
        self._end.close()


def _memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("footlight", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write_at(descriptor: int, buffer: Buffer, offset: int) -> None:
    view = buffer.cast("B") if buffer.nbytes else buffer
    while view.nbytes:
        written = os.pwrite(descriptor, view[: 1 << 30], offset)
        view, offset = view[written:], offset + written


def _mapped(descriptor: int, sizes: Sequence[int]) -> list[Buffer]:
    """The buffers in the shared memory; the map lives as long as an array in it."""
    if os.fstat(descriptor).st_size < sum(map(_padded, sizes)):
        raise Malformed("the shared memory is too small")
    shared = np.frombuffer(mmap.mmap(descriptor, 0), np.uint8)
    starts = np.cumsum([0, *map(_padded, sizes)]).tolist()
    return [shared[start : start + size].data for start, size in zip(starts, sizes, strict=False)]


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
