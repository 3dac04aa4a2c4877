"""A bandit in one file: an action's chance is the softmax of what the action has earned on average."""

import numpy as np

from footlight_plugins import EngineSpec, Verb, WeighingAgent, impl


class Bandit(WeighingAgent):
    """It keeps, for each pair of observation and action, how often it was taken and what it earned in all."""

    def start(self, observations, actions):
        pairs = (observations, actions)
        return {"taken": np.zeros(pairs), "earned": np.zeros(pairs)}

    def weights(self, observation, mask, exploit):
        taken, earned = self.kept["taken"][observation], self.kept["earned"][observation]
        mean = earned / np.maximum(taken, 1)
        best = mean[mask].max()
        behind = np.maximum(best - mean, 0)
        return behind == 0 if exploit else np.exp(-behind)

    def update(self, steps):
        where = (steps.observation, steps.action)
        np.add.at(self.kept["taken"], where, 1)
        np.add.at(self.kept["earned"], where, steps.reward)


@impl
def register_engines():
    return [EngineSpec("bandit", Verb.ACT, "1.0", "Softmax over mean rewards.", "engine_example:Bandit")]
