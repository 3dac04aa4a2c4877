"""An agent in a few lines: say how much each action is worth a try, and what a reward teaches; all else is done for you."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.checks import check_situation, check_steps
from footlight_plugins.contract import Options
from footlight_plugins.data import State
from footlight_plugins.decisions import Choice, Discrete, Situation, Spaces, Transitions
from footlight_plugins.roles import Agent

LARGEST = 10_000_000
_STEPS = "learned_steps"


class WeighingAgent(Agent):
    """A start for agents of numbered observations and actions: it keeps arrays, and leaves to you what they mean.

    It checks what comes, draws by your weights, never takes an action that is not allowed, tells the exact chances, and
    stores itself. A reward is learned as soon as it is there; derive from `Agent` where what follows a step matters.

    Example
    -------
    ::

        class Rewarded(WeighingAgent):
            def start(self, observations: int, actions: int) -> Mapping[str, NDArray[Any]]:
                return {"earned": np.ones((observations, actions))}

            def weights(self, observation: int, mask: NDArray[np.bool_], exploit: bool) -> NDArray[np.float64]:
                return self.kept["earned"][observation]

            def update(self, steps: Transitions) -> None:
                np.add.at(self.kept["earned"], (steps.observation, steps.action), np.maximum(steps.reward, 0.0))
    """

    looks_ahead = False
    kept: dict[str, NDArray[Any]]
    """What it has learned, by name: what `start` gave, as `update` has changed it. It is the whole state."""

    def __init__(self, options: Options, spaces: Spaces) -> None:
        seen, actions = spaces.observation, spaces.action
        if not isinstance(seen, Discrete) or not isinstance(actions, Discrete) or seen.n * actions.n > LARGEST:
            raise ValueError(f"observations and actions must be discrete, at most {LARGEST:,} pairs of them")
        self.options, self.spaces, self._steps = options, spaces, 0
        self.kept = dict(self.start(seen.n, actions.n))

    @abstractmethod
    def start(self, observations: int, actions: int) -> Mapping[str, NDArray[Any]]:
        """What it knows before the first reward: arrays by name, of any shapes; they keep these and their types."""

    @abstractmethod
    def weights(self, observation: int, mask: NDArray[np.bool_], exploit: bool) -> NDArray[np.float64]:
        """How often to take each action at an observation, compared with the others.

        Parameters
        ----------
        mask
            Which actions are allowed, shape (actions,), at least one; what you say of the others is passed over.
        exploit
            Whether only what is best counts: then put 0 for all else.

        Returns
        -------
        Shape (actions,), finite and not below 0. Where all that are allowed have 0, each of them is as likely.
        """

    @abstractmethod
    def update(self, steps: Transitions) -> None:
        """Learn from steps of which the observation, the action and the reward count: change the arrays of `kept`."""

    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        check_situation(self.spaces, Situation(observation, mask))
        weights = np.where(mask, np.asarray(self.weights(observation, mask, exploit), np.float64), 0.0)
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("weights must be finite and not below 0")
        weights = weights if weights.any() else mask.astype(np.float64)
        chances = weights / weights.max()
        chances /= chances.sum()
        return Choice(int(np.random.default_rng(seed).choice(len(mask), p=chances)), chances)

    def learn(self, steps: Transitions) -> None:
        check_steps(self.spaces, steps, future=False)
        self.update(steps)
        self._steps += len(steps)

    @property
    def learned_steps(self) -> int:
        return self._steps

    def state(self) -> State:
        return State({name: array.copy() for name, array in self.kept.items()}, {_STEPS: self._steps})

    def load(self, state: State) -> None:
        steps, shapes = state.meta.get(_STEPS), {name: array.shape for name, array in self.kept.items()}
        if type(steps) is not int or {name: array.shape for name, array in state.arrays.items()} != shapes:
            raise ValueError(f"the state must hold a number '{_STEPS}' and the arrays {shapes}")
        self.kept = {name: np.array(state.arrays[name], array.dtype) for name, array in self.kept.items()}
        self._steps = steps
