"""Every method of an agent, the least that each can be: the action with the best mean reward, and chance."""

import numpy as np

from footlight_plugins import Agent, Choice, Choices, State
from footlight_plugins.checks import check_situation, check_steps


class BestMean(Agent):
    looks_ahead = False

    def __init__(self, options, spaces):
        self.spaces = spaces
        self.sums, self.counts = np.zeros((2, spaces.observation.n, spaces.action.n))
        self.explores = np.array([0.1])

    def act(self, observation, mask, seed, exploit):
        means = np.where(mask, self.sums[observation] / np.maximum(self.counts[observation], 1.0), -np.inf)
        best = means == means.max()
        share = 0.0 if exploit else float(self.explores[0])
        distribution = share * mask / mask.sum() + (1.0 - share) * best / best.sum()
        action = int(np.random.default_rng(seed).choice(len(mask), p=distribution))
        return Choice(action, distribution, np.where(mask, means, 0.0))

    def decide(self, situation, seed, exploit):
        check_situation(self.spaces, situation)
        return self.act(situation.observation, situation.mask, seed, exploit)

    def decide_batch(self, situations, seeds, exploit):
        rows = range(len(situations))
        made = [self.decide(situations.one(i), int(seeds[i]), bool(exploit[i])) for i in rows]
        return Choices.of(made, situations.mask.shape[1])

    def learn(self, steps):
        check_steps(self.spaces, steps)
        for seen, action, reward in zip(steps.observation, steps.action, steps.reward, strict=True):
            self.sums[seen, action] += reward
            self.counts[seen, action] += 1.0

    def learn_one(self, step):
        self.learn(step.columns())

    def drifted(self):
        self.explores[0] = min(0.5, 2.0 * self.explores[0])

    @property
    def learned_steps(self):
        return int(self.counts.sum())

    def state(self):
        return State({"sums": self.sums.copy(), "counts": self.counts.copy(), "explores": self.explores.copy()})

    def load(self, state):
        if set(state.arrays) != {"sums", "counts", "explores"} or state.arrays["sums"].shape != self.sums.shape:
            raise ValueError("the state is of another agent")
        self.sums, self.counts, self.explores = (state.arrays[name].copy() for name in ("sums", "counts", "explores"))
