"""A bandit in one file: an action's chance is the softmax of what the action has earned on average."""

import numpy as np

from footlight_plugins import Agent, Choice, EngineSpec, State, Verb, impl


class Bandit(Agent):
    learned_steps = property(lambda self: int(self.tally[:, 0].sum()))

    def __init__(self, options, spaces):
        self.tally = np.zeros((spaces.action.n, 2))  # of each action: how often it was taken, what it earned in all

    def act(self, observation, mask, seed, exploit):
        mean = np.where(mask, self.tally[:, 1] / np.maximum(self.tally[:, 0], 1), -np.inf)
        weights = mean == mean.max() if exploit else np.exp(mean - mean.max())
        chances = weights / weights.sum()
        return Choice(int(np.random.default_rng(seed).choice(len(mean), p=chances)), chances)

    def learn(self, steps):
        np.add.at(self.tally, steps.action, np.stack([np.ones(len(steps)), steps.reward], axis=1))

    def state(self):
        return State({"tally": self.tally.copy()})

    def load(self, state):
        self.tally[:] = state.arrays.get("tally", [])  # numpy raises ValueError for another shape


@impl
def register_engines():
    return [EngineSpec("bandit", Verb.ACT, "1.0", "Softmax over mean rewards.", "engine_example:Bandit")]
