"""Every method of an agent made of `WeighingAgent`, each doing a little more than it does anyway: it tries what it
has tried least for some time, and counts what it won."""

import numpy as np

from footlight_plugins import State, WeighingAgent


class Curious(WeighingAgent):
    def __init__(self, options, spaces):
        self.wins = 0  # how many rewards were above 0
        super().__init__(options, spaces)

    def start(self, observations, actions):
        return {"taken": np.zeros((observations, actions)), "earned": np.zeros((observations, actions))}

    def weights(self, observation, mask, exploit):
        taken, earned = self.kept["taken"][observation], self.kept["earned"][observation]
        if not exploit:
            return 1.0 / (1.0 + taken)
        mean = earned / np.maximum(taken, 1)
        return (mean == mean[mask].max()).astype(float)

    def update(self, steps):
        at = steps.observation, steps.action
        np.add.at(self.kept["taken"], at, 1.0)
        np.add.at(self.kept["earned"], at, steps.reward)

    def act(self, observation, mask, seed, exploit):
        return super().act(observation, mask, seed, exploit or self.learned_steps > 1_000)  # curious no longer

    def learn(self, steps):
        super().learn(steps)
        self.wins += int(np.count_nonzero(steps.reward > 0))

    @property
    def learned_steps(self):
        return int(self.kept["taken"].sum())

    def state(self):
        state = super().state()
        return State(state.arrays, {**state.meta, "wins": self.wins})

    def load(self, state):
        super().load(state)
        if type(state.meta.get("wins")) is not int:
            raise ValueError("the state must hold a number 'wins'")
        self.wins = state.meta["wins"]
