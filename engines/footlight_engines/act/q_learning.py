"""Tabular Q-learning: Watkins & Dayan (1992), "Q-learning"; Sutton & Barto (2018), section 6.5."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from footlight_engines.act.action_values import ActionValues, TableOptions
from footlight_engines.act.chance import uniform, uniforms
from footlight_engines.act.checking import Steps
from footlight_plugins import Options, Transition


class QLearningOptions(TableOptions):
    """How fast it learns and how much it explores."""

    double: bool = Field(
        False,
        description="Keep two tables that judge each other's choices: noisy rewards do not make actions look better than "
        "they are (van Hasselt 2010).",
    )


class QLearning(ActionValues):
    """Learns the value of each action at each observation if one goes on with the best one (off-policy)."""

    options_type: ClassVar[type[Options]] = QLearningOptions

    def _table_count(self, options: TableOptions) -> int:
        return 2 if isinstance(options, QLearningOptions) and options.double else 1

    def learn_one(self, step: Transition) -> None:
        """Learn from one step. Raises ValueError as `learn` does."""
        if self._options.steps != 1:
            self.learn(step.columns())
            return
        learner = int(uniform(self.learned_steps) < 0.5) if len(self._tables) == 2 else 0
        self._learn_one_off_policy(step, learner, 0.0)

    def _learn(self, steps: Steps) -> None:
        n, learner = len(steps), np.zeros(len(steps), np.int64)
        if len(self._tables) == 2:  # which table learns from a step follows from the number of the step
            numbers = np.arange(self.learned_steps, self.learned_steps + n).astype(np.uint64)
            learner = (uniforms(numbers)[:, 0] < 0.5).astype(np.int64)
        self._learn_off_policy(steps, learner, np.zeros(n))
