"""Reward shapers: what turns the reward that was told into the one that an agent learns from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins.contract import Options
from footlight_plugins.decisions import Spaces, Transitions
from footlight_plugins.part import Part


class RewardShaper(Part, ABC):
    """Says what an agent learns from steps instead of their rewards, which stay in its log as they were told.

    It keeps nothing between two calls: the same steps come to the same rewards, in whatever batches they come. One instance
    serves all agents that name it with the same options. What it answered is written down, and a replay does not ask it
    again. Where it fails, the steps are learned with the rewards that were told.

    Example
    -------
    ::

        class Impatient(RewardShaper):
            def shape(self, steps):
                return steps.reward - 0.01
    """

    def check(self, spaces: Spaces) -> None:  # most shapers take any
        """Refuse spaces whose steps it cannot shape; asked once for each agent that is created.

        Raises
        ------
        ValueError
            Saying what is wrong with them.

        Example
        -------
        ::

            class OfNumbers(RewardShaper):
                def check(self, spaces):
                    if not isinstance(spaces.observation, Discrete):
                        raise ValueError("the observations must be whole numbers")

                def shape(self, steps):
                    return steps.reward
        """

    @abstractmethod
    def shape(self, steps: Transitions) -> NDArray[np.float64]:
        """What is learned from each step instead of ``steps.reward``.

        ``steps`` is read only. Where a step is terminated its next observation is meaningless.

        Returns
        -------
        Shape (n,), float64, finite.

        Example
        -------
        ::

            class Halved(RewardShaper):
                def shape(self, steps):
                    return steps.reward / 2
        """


class PotentialOptions(Options):
    """The options of every shaper by a potential."""

    gamma: float = Field(
        0.99,
        ge=0.0,
        le=1.0,
        description="The discount of the agent's engine; with another one the best policy may change.",
    )


class PotentialShaper(RewardShaper):
    """Adds ``gamma phi(s') - phi(s)`` to the reward of a step from s to s', with 0 for ``phi`` where the step is terminated.

    Whatever ``phi`` is, the best policy stays the best one, as long as ``gamma`` is the agent's own discount
    (Ng, Harada, Russell 1999, "Policy invariance under reward transformations", theorem 1). At a truncated step ``phi`` of
    what was seen last counts, as its value does.

    Example
    -------
    ::

        class NearTen(PotentialShaper):
            def potential(self, observations):
                return -np.abs(10.0 - observations)
    """

    options_type: ClassVar[type[Options]] = PotentialOptions

    @abstractmethod
    def potential(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """How promising it is to be there, in units of reward.

        ``observations`` has shape (n,), int64, in a discrete space, and (n, d), float64, in a box.

        Returns
        -------
        Shape (n,).

        Example
        -------
        ::

            class Downhill(PotentialShaper):
                def potential(self, observations):
                    return -observations.astype(np.float64)
        """

    def shape(self, steps: Transitions) -> NDArray[np.float64]:
        """The reward and the difference of the potentials.

        Example
        -------
        ::

            class Impartial(PotentialShaper):
                def potential(self, observations):
                    return np.ones(len(observations))  # with a gamma of 1 only the last step of an episode changes
        """
        gamma = float(self.options.gamma)  # type: ignore[attr-defined]  # every subclass's options have it
        after = np.where(steps.terminated, 0.0, self.potential(steps.next_observation))
        return steps.reward + gamma * after - self.potential(steps.observation)
