"""How much an agent explores: a schedule that follows what it has learned, and rises when the world has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from footlight_plugins import Options, State


class ExplorationOptions(Options):
    """The share of random moves."""

    epsilon_start: float = Field(1.0, ge=0, le=1, description="The share of random moves before anything is learned.")
    epsilon_end: float = Field(0.05, ge=0, le=1, description="The share of random moves after the decay.")
    epsilon_decay_steps: int = Field(
        10_000, ge=0, description="Over how many learned steps the share of random moves falls from start to end."
    )
    drift_epsilon: float = Field(
        0.3,
        ge=0,
        le=1,
        description="The share of random moves right after a drift alarm; falls back in a straight line.",
    )
    drift_steps: int = Field(2_000, ge=1, description="Over how many learned steps it falls back after a drift alarm.")


@dataclass(slots=True)
class Exploration:
    """The schedule. It follows learned steps, so asking for decisions changes nothing."""

    options: ExplorationOptions
    learned_steps: int = 0
    alarm: int = -1
    """After how many learned steps the last alarm went off; -1 where none has."""

    @property
    def epsilon(self) -> float:
        """The share of random moves by now."""
        return max(self._scheduled(), self._alarmed())

    def _scheduled(self) -> float:
        options = self.options
        if self.learned_steps >= options.epsilon_decay_steps:
            return options.epsilon_end
        done = self.learned_steps / options.epsilon_decay_steps
        return options.epsilon_start + (options.epsilon_end - options.epsilon_start) * done

    def _alarmed(self) -> float:
        since = self.learned_steps - self.alarm
        if self.alarm < 0 or since >= self.options.drift_steps:
            return 0.0
        return self.options.drift_epsilon * (1.0 - since / self.options.drift_steps)

    def meta(self) -> dict[str, Any]:
        """What belongs into a state."""
        return {"learned_steps": self.learned_steps, "alarm": self.alarm}

    def restored(self, state: State) -> Exploration:
        """The schedule as far as a state had come, or a ValueError."""
        steps, alarm = state.meta.get("learned_steps"), state.meta.get("alarm", -1)
        if not isinstance(steps, int) or steps < 0:
            raise ValueError(f"'learned_steps' of the state must be 0 or more, not {steps!r}")
        if not isinstance(alarm, int) or not -1 <= alarm <= steps:
            raise ValueError(f"'alarm' of the state must be -1 to {steps}, not {alarm!r}")
        return Exploration(self.options, steps, alarm)
