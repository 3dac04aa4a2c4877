"""Every method of a generator made of `DrawingGenerator`, each doing a little more than it does anyway: it counts its steps,
and never goes beyond what it has seen."""

import numpy as np

from footlight_plugins import DrawingGenerator


class Within(DrawingGenerator):
    keeps = ("mean", "low", "high", "steps")

    def __init__(self, options):
        super().__init__(options)
        self.drawn = 0

    def start(self, samples, rng):
        mean = rng.normal(size=samples.shape[1:])
        return {"mean": mean, "low": samples.min(0), "high": samples.max(0), "steps": np.zeros(1)}

    def step(self, samples, rng):
        away = rng.choice(samples) - self.learned["mean"]
        self.learned |= {"mean": self.learned["mean"] + 0.1 * away, "steps": self.learned["steps"] + 1}
        return {"away": float(np.abs(away).mean())}

    def draw(self, rng):
        low, high = self.learned["low"], self.learned["high"]
        return np.clip(self.learned["mean"] + rng.normal(size=low.shape) * (high - low) / 4, low, high)

    def train(self, corpus, run):
        figures = super().train(corpus, run)
        return {**figures, "widest": float((self.learned["high"] - self.learned["low"]).max())}

    def generate(self, seeds, call):
        made = super().generate(seeds, call)
        self.drawn += len(made)
        return made

    def state(self):
        return super().state()

    def load(self, state):
        super().load(state)
        if (self.learned["low"] > self.learned["high"]).any():
            raise ValueError("the state's lowest numbers are above its highest")
