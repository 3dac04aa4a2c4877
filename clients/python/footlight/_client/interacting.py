"""A stream on which a session is played: one message each way a step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from footlight._wire import interaction as wire
from footlight._wire.failures import translated
from footlight.types import Decision, EndReason, Reward, RewardStatus, SessionEnd, SessionSummary, Step
from footlight.types.interaction import Observation


class Interaction:
    """Steps, rewards and ends, one after the other, each answered before the next. Close it, or use it in a `with` block.

    What is sent when the stream breaks may have been done; ask with `act` and a request id where that matters.
    """

    def __init__(self, call: Any, agent_id: str) -> None:
        self._requests: SimpleQueue[Any] = SimpleQueue()
        self._agent_id = agent_id
        self._answers = call(iter(self._requests.get, None))

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
        with translated():
            self._requests.put(request)
            return wire.interacted(next(self._answers))

    def close(self) -> None:
        """Ends the stream."""
        self._requests.put(None)
        self._answers.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncInteraction:
    """As `Interaction`, for an event loop; use it in an `async with` block."""

    def __init__(self, call: Any, agent_id: str) -> None:
        self._agent_id = agent_id
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
            with translated():
                await self._call.write(request)
                answer = await self._call.read()
                if not hasattr(answer, "WhichOneof"):  # the end of the stream: its status says why
                    await self._call
            return wire.interacted(answer)

    async def close(self) -> None:
        self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
