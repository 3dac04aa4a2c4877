"""An agent that was written against the first version of the contract. It is never changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Agent, Choice, Discrete, EngineSpec, Options, Spaces, State, Transitions, Verb, impl


class FirstAgent(Agent):
    """Takes most often what has earned most."""

    def __init__(self, options: Options, spaces: Spaces) -> None:
        if not isinstance(spaces.action, Discrete):
            raise ValueError("actions must be discrete")
        self.tally = np.zeros((spaces.action.n, 2))

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        mean = np.where(mask, self.tally[:, 1] / np.maximum(self.tally[:, 0], 1), -np.inf)
        weights = (mean == mean.max()).astype(np.float64) if exploit else np.exp(mean - mean.max())
        chances = weights / weights.sum()
        return Choice(int(np.random.default_rng(seed).choice(len(mean), p=chances)), chances)

    def learn(self, steps: Transitions) -> None:
        np.add.at(self.tally, steps.action, np.stack([np.ones(len(steps)), steps.reward], axis=1))

    @property
    def learned_steps(self) -> int:
        return int(self.tally[:, 0].sum())

    def state(self) -> State:
        return State({"tally": self.tally.copy()})

    def load(self, state: State) -> None:
        self.tally[:] = state.arrays.get("tally", [])


@impl
def register_engines() -> list[EngineSpec]:
    spec = ("first-agent", Verb.ACT, "1.0", "Written against the first contract.")
    return [EngineSpec(*spec, factory="first_agent:FirstAgent")]  # no api_version: that is the first
