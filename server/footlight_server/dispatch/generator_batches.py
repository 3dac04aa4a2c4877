"""Calls for one generator, made together: what waits while a batch is being made makes up the next one. No call is delayed
for the sake of others, because the engine is never idle while somebody waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Call, Content, Wish

MOST_SEEDS = 64
"""At most so many pieces of content are made at once, unless one call asks for more."""

Make = Callable[[NDArray[np.int64], Wish, Call], Awaitable[list[Content]]]


@dataclass(slots=True, eq=False)
class _Waiting:
    """One call that waits for its part of a batch."""

    seeds: NDArray[np.int64]
    wish: Wish
    call: Call
    made: asyncio.Future[list[Content]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher:
    """Collects calls for one engine. ``make`` makes a batch."""

    def __init__(self, make: Make, most_seeds: int = MOST_SEEDS) -> None:
        """With ``most_seeds`` of 1 every call is made by itself."""
        self._make = make
        self._most = most_seeds
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self.batches = 0
        """How many batches were made."""

    async def generate(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """One piece of content a seed, made together with what else waits. Raises what ``make`` raises."""
        waiting = _Waiting(seeds, wish, call)
        self._waiting.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="generator-batches")
        return await waiting.made  # cancelled when the caller leaves: then its part is left out, or thrown away

    def stop(self) -> None:
        """Leave whoever waits alone."""
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while batch := self._next():
            self.batches += 1
            try:
                contents = await self._make(
                    np.concatenate([one.seeds for one in batch]), batch[0].wish, _call_of(batch)
                )
            except asyncio.CancelledError:
                for one in batch:
                    one.made.cancel()
                raise
            except Exception as fault:
                for one in batch:
                    if not one.made.done():
                        one.made.set_exception(fault)
                        one.made.exception()  # whoever left does not hear of it
            else:
                _hand_out(batch, contents)

    def _next(self) -> list[_Waiting]:
        """The calls of the next batch: those that wait the longest and want the same."""
        batch: list[_Waiting] = []
        later: deque[_Waiting] = deque()
        room = self._most
        while self._waiting:
            one = self._waiting.popleft()
            if one.made.done():
                continue
            if batch and (one.wish != batch[0].wish or len(one.seeds) > room):
                later.append(one)
                continue
            batch.append(one)
            room -= len(one.seeds)
            if room <= 0:
                break
        self._waiting.extendleft(reversed(later))
        return batch


def _call_of(batch: list[_Waiting]) -> Call:
    """The batch goes on as long as one of its callers waits."""
    if len(batch) == 1:
        return batch[0].call
    return Call(max(one.call.deadline for one in batch), lambda: all(one.call.cancelled() for one in batch))


def _hand_out(batch: list[_Waiting], contents: list[Content]) -> None:
    start = 0
    for one in batch:
        part = contents[start : start + len(one.seeds)]
        start += len(one.seeds)
        if not one.made.done():
            one.made.set_result(part)
