"""SARSA: Rummery & Niranjan (1994); Expected SARSA: van Seijen et al. (2009); Sutton & Barto (2018), 6.4, 6.6, 7.2."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from footlight_engines.act.action_values import ActionValues, TableOptions
from footlight_engines.act.checking import Steps
from footlight_engines.kernels import temporal_difference
from footlight_plugins import Options, Transition


class SarsaOptions(TableOptions):
    """How fast it learns and how much it explores."""

    expected: bool = Field(
        False,
        description="Learn from the mean of what the policy would do next instead of from what it did: less noise, and a "
        "step is learned from at once instead of when the next one comes.",
    )


class Sarsa(ActionValues):
    """Learns what its own exploring policy is worth (on-policy): it keeps away from cliffs while it still stumbles."""

    options_type: ClassVar[type[Options]] = SarsaOptions

    def learn_one(self, step: Transition) -> None:
        """Learn from one step. Raises ValueError as `learn` does."""
        if isinstance(self._options, SarsaOptions) and self._options.expected and self._options.steps == 1:
            self._learn_one_off_policy(step, 0, self.epsilon)
        else:
            self.learn(step.columns())

    def _learn(self, steps: Steps) -> None:
        epsilon = self._epsilons(len(steps))
        if isinstance(self._options, SarsaOptions) and self._options.expected:
            self._learn_off_policy(steps, np.zeros(len(steps), np.int64), epsilon)
            return
        slot, fresh = self._traces.slots(steps.session, steps.over)
        temporal_difference.learn_on_policy(
            self._tables,
            self._counts,
            self._traces.trace,
            self._traces.earned,
            self._traces.length,
            self._traces.awaited,
            self._traces.awaited_mask,
            slot,
            fresh,
            steps.observation,
            steps.action,
            steps.reward,
            steps.next_observation,
            steps.terminated,
            steps.over,
            steps.next_mask,
            epsilon,
            self._rate,
            self._options.discount_factor,
        )

    def _epsilons(self, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The share of random moves at each of the next n steps, as if they were learned one by one."""
        exploration, before = self._exploration, self._exploration.learned_steps
        epsilons = np.empty(n)
        for i in range(n):
            exploration.learned_steps = before + i
            epsilons[i] = exploration.epsilon
        exploration.learned_steps = before
        return epsilons
