"""Calls as values: what to send where, and how to read the answer.

Both clients run the same calls; only how they wait differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

R = TypeVar("R", bound=Message)
T = TypeVar("T")
M = TypeVar("M", bound=Message)

# How much goes into one request of a call that is split: well under the 4 MiB that every gRPC server accepts.
MAX_REQUEST_BYTES = 2 << 20


@dataclass(frozen=True, slots=True)
class Unary(Generic[R, T]):
    """One request, one answer. `method` is "Service/Method" within footlight.v1."""

    method: str
    request: Message
    answer: type[R]
    read: Callable[[R], T]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and the token of the next; an empty token means that this was the last."""

    items: list[T]
    next_token: str


@dataclass(frozen=True, slots=True)
class Stream(Generic[R, T]):
    """One request, many messages. `read` returns what a message completes, or None; `finish` raises where the messages
    ended too early."""

    method: str
    request: Message
    answer: type[R]
    read: Callable[[R], T | None]
    finish: Callable[[], None] = lambda: None


class Stoppable:
    """Requests that end in `unfinished` when they cannot go on, so that the server refuses what it has so far.

    Raising instead would cancel the call, which a server can take for the end of the stream.
    """

    def __init__(self, requests: Iterable[Message], unfinished: Message) -> None:
        self._requests = requests
        self._unfinished = unfinished
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[Message]:
        try:
            yield from self._requests
        except Exception as error:  # whatever it is, the caller gets it
            self.failure = error
            yield self._unfinished


@dataclass(frozen=True, slots=True)
class Upload(Generic[R, T]):
    """Many requests, one answer. `requests` keeps in mind why it could not go on."""

    method: str
    requests: Stoppable
    answer: type[R]
    read: Callable[[R], T]


def batches(messages: Iterable[M], max_count: int, max_bytes: int = MAX_REQUEST_BYTES) -> Iterator[list[M]]:
    """Cuts messages into lists of at most `max_count` and about `max_bytes`, in order; a larger message goes alone."""
    batch: list[M] = []
    size = 0
    for message in messages:
        more = message.ByteSize()
        if batch and (len(batch) == max_count or size + more > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += more
    if batch:
        yield batch
