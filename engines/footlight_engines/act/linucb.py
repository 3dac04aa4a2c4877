"""LinUCB: Li, Chu, Langford & Schapire (2010), "A contextual-bandit approach to personalized news article
recommendation"."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.chance import uniforms
from footlight_engines.act.linear_bandit import LinearBandit, LinearOptions
from footlight_engines.kernels import exploration, linear_choices
from footlight_plugins import Choices, Discrete, Options, Situations


class LinUcbOptions(LinearOptions):
    """How wide the bounds are, how the rewards are fitted, and the least that is explored."""

    width: float = Field(
        0.5,
        ge=0,
        le=1e6,
        description="How many standard deviations of the estimate are added to it, in units of the reward.",
    )


class LinUcb(LinearBandit):
    """Takes the action with the highest upper confidence bound, and now and then another one, so that each has a chance."""

    options_type: ClassVar[type[Options]] = LinUcbOptions

    @property
    def _width(self) -> float:
        assert isinstance(self._options, LinUcbOptions)
        return self._options.width

    def _explore(
        self,
        x: NDArray[np.float64],
        expected: tuple[NDArray[np.float64], NDArray[np.float64]],
        mask: NDArray[np.bool_],
        seed: int,
        distribution: NDArray[np.float64],
    ) -> None:
        score = np.empty(len(mask))
        linear_choices.upper_bounds(*expected, self._width, score)
        exploration.mix_greedy(score, mask, self.epsilon, distribution)

    def decide_batch(self, situations: Situations, seeds: NDArray[np.uint64], exploit: NDArray[np.bool_]) -> Choices:
        """Draw an action in each situation; see `Agent.decide_batch`. Raises ValueError as `decide` does."""
        if not isinstance(self._action, Discrete) or self._people:
            return super().decide_batch(situations, seeds, exploit)
        observation = np.array(situations.observation, np.float64, order="C")
        mask = np.array(situations.mask, np.bool_, order="C")
        if observation.shape != (len(mask), self._seen.size) or not np.isfinite(observation).all():
            raise ValueError(f"observation must be rows of {self._seen.size} finite numbers")
        if mask.shape[1:] != (self._action.n,) or not mask.any(axis=1).all():
            raise ValueError(f"mask must have shape (n, {self._action.n}) and allow an action in each row")
        action, distribution, values = linear_choices.linucb_rows(
            self._covariance,
            self._weights,
            self._action_features.of(observation),
            self._last,
            self.learned_steps,
            self._options.discount,
            self._options.ridge,
            mask,
            self._width,
            np.where(exploit, 0.0, self.epsilon),
            exploit,
            uniforms(seeds)[:, 0],
        )
        return Choices(action, distribution, values)
