"""SquareCB: Foster & Rakhlin (2020), "Beyond UCB: optimal and efficient contextual bandits with regression oracles"."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.linear_bandit import LinearBandit, LinearOptions
from footlight_engines.kernels import exploration
from footlight_plugins import Options


class SquareCbOptions(LinearOptions):
    """How fast it becomes greedy, how the rewards are fitted, and the least that is explored."""

    epsilon: float = Field(0.0, ge=0, le=1, description="The share of random moves beside those of the rule itself.")
    gamma_scale: float = Field(
        10.0, gt=0, le=1e9, description="gamma = scale (1 + learned steps)^exponent, in 1 / reward."
    )
    gamma_exponent: float = Field(0.5, ge=0, le=2, description="How fast gamma grows.")


class SquareCb(LinearBandit):
    """Takes the best action most of the time, and each other one the less often the further it is behind.

    Gamma counts the steps since the last drift alarm, so that it explores again after one.
    """

    options_type: ClassVar[type[Options]] = SquareCbOptions

    @property
    def gamma(self) -> float:
        """How sharply the best is preferred by now, in 1 / reward."""
        options, since = self._options, self.learned_steps - max(0, self._exploration.alarm)
        assert isinstance(options, SquareCbOptions)
        return float(options.gamma_scale * (1 + since) ** options.gamma_exponent)

    def _explore(
        self,
        x: NDArray[np.float64],
        expected: tuple[NDArray[np.float64], NDArray[np.float64]],
        mask: NDArray[np.bool_],
        seed: int,
        distribution: NDArray[np.float64],
    ) -> None:
        exploration.inverse_gap(expected[0], mask, self.gamma, distribution)
        distribution *= 1.0 - self.epsilon
        distribution += self.epsilon * mask / mask.sum()
