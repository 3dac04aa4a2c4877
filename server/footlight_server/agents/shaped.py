"""Rewards as a shaper made them: written beside the row that completed their steps, and read from there by a replay.

So a replay comes to the same state whatever has become of the shaper, and the rewards that were told stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Transitions
from footlight_server.agents.sessions import Step
from footlight_server.log.records import AgentRow

Shape = Callable[[Transitions], NDArray[np.float64] | None]
"""What is learned from steps instead of their rewards; None where the shaper failed."""

_KEY = "shaped"


class Shaped:
    """What was learned from the steps that rows completed, until the rows are written."""

    def __init__(self) -> None:
        self._by_row: dict[int, dict[int, float]] = {}

    def take(self, steps: Sequence[Step], rewards: NDArray[np.float64] | None) -> None:
        """Let the steps be learned from with these rewards; None: with those that were told."""
        if rewards is None:
            return
        for step, reward in zip(steps, rewards.tolist(), strict=True):
            step.shaped = reward
            self._by_row.setdefault(step.by, {})[step.decision.position] = reward

    def noted(self, rows: list[AgentRow]) -> list[AgentRow]:
        """The rows, with what was learned from what they completed."""
        if not self._by_row:
            return rows
        done = [_with(row, self._by_row.pop(row.position, None)) for row in rows]
        self._by_row.clear()
        return done


def _with(row: AgentRow, shaped: dict[int, float] | None) -> AgentRow:
    if shaped is None:
        return row
    return row._replace(detail=json.dumps({**(json.loads(row.detail) if row.detail else {}), _KEY: shaped}))


def recalled(row: AgentRow, steps: list[Step]) -> list[Step]:
    """The steps that a row of the log completes, with what was learned from them then."""
    if steps and row.detail is not None:
        shaped = json.loads(row.detail).get(_KEY, {})
        for step in steps:
            step.shaped = shaped.get(str(step.decision.position))
    return steps
