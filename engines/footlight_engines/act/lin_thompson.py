"""Thompson sampling with linear rewards: Agrawal & Goyal (2013), "Thompson sampling for contextual bandits"."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_engines.act.chance import normals
from footlight_engines.act.linear_bandit import LinearBandit, LinearOptions
from footlight_engines.kernels import exploration
from footlight_plugins import Discrete, Options


class LinThompsonOptions(LinearOptions):
    """How uncertain it takes itself to be, how the rewards are fitted, and the least that is explored."""

    spread: float = Field(
        0.3,
        ge=0,
        le=1e6,
        description="The standard deviation of a reward that it reckons with, in units of the reward.",
    )
    votes: int = Field(100, ge=1, le=10_000, description="From how many samples the probabilities are counted.")


class LinThompson(LinearBandit):
    """Takes an action as often as it could be the best.

    The probability of being the best has no closed form. So samples of the posterior vote, the action is drawn from
    the share of the votes mixed with ``epsilon`` at random, and that mixture is answered: it is exact for this
    decision, whose seed gives the same samples again.
    """

    options_type: ClassVar[type[Options]] = LinThompsonOptions

    def _explore(
        self,
        x: NDArray[np.float64],
        expected: tuple[NDArray[np.float64], NDArray[np.float64]],
        mask: NDArray[np.bool_],
        seed: int,
        distribution: NDArray[np.float64],
    ) -> None:
        samples = (
            self._independent(expected, seed) if isinstance(self._action, Discrete) else self._joint(x, expected, seed)
        )
        exploration.count_votes(samples, mask, distribution)
        distribution *= 1.0 - self.epsilon
        distribution += self.epsilon * mask / mask.sum()

    @property
    def _chosen_options(self) -> LinThompsonOptions:
        assert isinstance(self._options, LinThompsonOptions)
        return self._options

    def _independent(self, expected: tuple[NDArray[np.float64], NDArray[np.float64]], seed: int) -> NDArray[np.float64]:
        """Rewards of actions whose models are independent, shape (votes, actions)."""
        mean, variance = expected
        noise = normals(seed, self._chosen_options.votes * len(mean)).reshape(-1, len(mean))
        return mean + self._chosen_options.spread * np.sqrt(variance) * noise

    def _joint(
        self, x: NDArray[np.float64], expected: tuple[NDArray[np.float64], NDArray[np.float64]], seed: int
    ) -> NDArray[np.float64]:
        """Rewards of candidates that one model judges: w = mean + spread L z with C = L L', shape (votes, actions).

        Where a person's deviation or forgetting makes a candidate less certain than the model is, the rest is added apart.
        """
        mean, variance = expected
        m, votes = x.shape[1], self._chosen_options.votes
        noise = normals(seed, votes * (m + len(mean)))
        factor = np.linalg.cholesky(self._covariance[0] + 1e-12 * np.eye(m))
        shared = noise[: votes * m].reshape(votes, m) @ (x @ factor).T  # (votes, actions)
        rest = np.maximum(0.0, variance - np.einsum("am,mn,an->a", x, self._covariance[0], x))
        apart = np.sqrt(rest) * noise[votes * m :].reshape(votes, -1)
        samples: NDArray[np.float64] = mean + self._chosen_options.spread * (shared + apart)
        return samples
