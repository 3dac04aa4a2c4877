"""A stream on which a session is played: one message each way a step."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

import grpc

from footlight._wire import interaction as wire
from footlight._wire.failures import readable, translated
from footlight.errors import Cancelled, DeadlineExceeded, Unavailable
from footlight.types import Decision, EndReason, Reward, RewardStatus, SessionEnd, SessionSummary, Step
from footlight.types.interaction import Observation


class _Alarm:
    """Cancels a stream on which an answer does not come in time: one thread for all steps, which timers would cost each."""

    def __init__(self, seconds: float | None, cancel: Callable[[], object]) -> None:
        """`seconds` is how long an answer may take; None is no limit."""
        self._seconds = math.inf if seconds is None else seconds
        self._cancel = cancel
        self._due = math.inf
        self._over = threading.Event()
        self.rang = False
        if seconds is not None:
            threading.Thread(target=self._watch, args=(min(1.0, seconds / 4),), daemon=True).start()

    def _watch(self, pause: float) -> None:
        while not self._over.wait(pause):
            if time.monotonic() > self._due:
                self.rang = True
                self._cancel()
                return

    def __enter__(self) -> None:
        self._due = time.monotonic() + self._seconds

    def __exit__(self, *_: object) -> None:
        self._due = math.inf

    def stop(self) -> None:
        """End its thread."""
        self._over.set()


def _late(seconds: float | None) -> DeadlineExceeded:
    return DeadlineExceeded(f"no answer came within {seconds:g} s", code="DEADLINE_EXCEEDED")


def _ended() -> Unavailable:
    return Unavailable("the server ended the stream", code="UNAVAILABLE")


class Interaction:
    """Steps, rewards and ends, one after the other, each answered before the next. Close it, or use it in a `with` block.

    What is sent when the stream breaks may have been done; ask with `act` and a request id where that matters.
    """

    def __init__(self, call: Any, agent_id: str, seconds: float | None) -> None:
        """`seconds` is how long each answer may take; None is no limit."""
        self._requests: SimpleQueue[Any] = SimpleQueue()
        self._agent_id = agent_id
        self._seconds = seconds
        self._answers = call(iter(self._requests.get, None))
        self._alarm = _Alarm(seconds, self._answers.cancel)

    def act(
        self, session_id: str, observation: Observation, *, reward: float | None = None, exploit: bool = False
    ) -> Decision:
        """Tells what followed the session's decision before, and decides the next one."""
        return self.step(Step(session_id, observation, reward, exploit=exploit))

    def step(self, step: Step) -> Decision:
        """As `act`, with every field that a step has."""
        found: Decision = self._ask(wire.interact_act(self._agent_id, step))
        return found

    def end(self, end: SessionEnd | str, *, reward: float | None = None) -> SessionSummary:
        """Closes a session, by its name or with all fields of an end."""
        whole = end if isinstance(end, SessionEnd) else SessionEnd(end, EndReason.TERMINATED, reward)
        found: SessionSummary = self._ask(wire.interact_end(self._agent_id, whole))
        return found

    def rewards(self, rewards: Iterable[Reward]) -> list[RewardStatus]:
        """Adds rewards to decisions that were made."""
        found: list[RewardStatus] = self._ask(wire.interact_reward(rewards))
        return found

    def _ask(self, request: Any) -> Any:
        try:
            with self._alarm, translated():
                self._requests.put(request)
                return wire.interacted(request, next(self._answers))
        except StopIteration:
            raise _ended() from None
        except Cancelled:
            if self._alarm.rang:
                raise _late(self._seconds) from None
            raise

    def close(self) -> None:
        """Ends the stream."""
        self._alarm.stop()
        self._requests.put(None)
        self._answers.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncInteraction:
    """As `Interaction`, for an event loop; use it in an `async with` block."""

    def __init__(self, call: Any, agent_id: str, seconds: float | None) -> None:
        self._agent_id = agent_id
        self._seconds = seconds
        self._call = call
        self._turn = asyncio.Lock()

    async def act(
        self, session_id: str, observation: Observation, *, reward: float | None = None, exploit: bool = False
    ) -> Decision:
        return await self.step(Step(session_id, observation, reward, exploit=exploit))

    async def step(self, step: Step) -> Decision:
        found: Decision = await self._ask(wire.interact_act(self._agent_id, step))
        return found

    async def end(self, end: SessionEnd | str, *, reward: float | None = None) -> SessionSummary:
        whole = end if isinstance(end, SessionEnd) else SessionEnd(end, EndReason.TERMINATED, reward)
        found: SessionSummary = await self._ask(wire.interact_end(self._agent_id, whole))
        return found

    async def rewards(self, rewards: Iterable[Reward]) -> list[RewardStatus]:
        found: list[RewardStatus] = await self._ask(wire.interact_reward(rewards))
        return found

    async def _ask(self, request: Any) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    with translated():
                        await self._call.write(request)
                        answer = await self._call.read()
            except TimeoutError:
                self._call.cancel()
                raise _late(self._seconds) from None
            except asyncio.InvalidStateError:  # what grpc says of a write after the end
                raise _ended() from None
            if answer is grpc.aio.EOF:
                raise _ended()
            return wire.interacted(request, readable(answer))

    async def close(self) -> None:
        self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
