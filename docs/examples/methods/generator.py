"""Every method of a generator, the least that each can be: texts of letters as often as the corpus has them."""

import numpy as np

from footlight_plugins import CallEnded, Content, Generator, State, WishRefused


class Letters(Generator):
    def __init__(self, options):
        self.counts = np.zeros(256, np.int64)

    def train(self, corpus, run):
        if not corpus.files:
            raise ValueError("the corpus is empty: expected texts")
        kept, begun = run.directory / "counts.npy", 0
        if kept.exists():  # an earlier try of the same job was stopped
            begun, *counts = np.load(kept).tolist()
            self.counts[:] = counts
        for done, file in enumerate(corpus.files[begun:], begun + 1):
            if run.stopping():
                raise CallEnded("the training was stopped")
            if not (text := file.read()).isascii():
                raise ValueError(f"{file.path}: expected ASCII text")
            often = np.random.default_rng([run.seed, done]).integers(1, 10)  # all chance comes from the seed
            self.counts += often * np.bincount(np.frombuffer(text, np.uint8), minlength=256)
            np.save(kept, np.append(done, self.counts))
            run.report(done / len(corpus.files), done, {"letters": float(self.counts.sum())})
        return {"letters": float(self.counts.sum())}

    def generate(self, seeds, call):
        made = []
        for seed in seeds:
            call.check()  # whoever asked may have left
            made.append(self._written(np.random.default_rng(int(seed)).random(20)))
        return made

    def generate_as(self, seeds, wish, call):
        if wish.class_name or wish.truncation != 1.0:
            raise WishRefused("class_name" if wish.class_name else "truncation", "must be left out: there is one sort")
        return self.generate(seeds, call)

    def interpolate(self, first, last, shares, wish, animate, call):
        if animate:
            raise WishRefused("animate", "must be false: texts do not move")
        one, other = (np.random.default_rng(int(seed)).random(20) for seed in (first, last))
        return [self._written((1.0 - share) * one + share * other) for share in shares]

    def samples(self, corpus):
        return None  # nothing is checked for originality

    def state(self):
        return State({"counts": self.counts.copy()})

    def load(self, state):
        if "counts" not in state.arrays or state.arrays["counts"].shape != (256,):
            raise ValueError("the state has no array 'counts' of shape (256,)")
        self.counts = state.arrays["counts"].copy()

    def _written(self, where):
        total = np.cumsum(self.counts) / self.counts.sum()
        return Content("text/plain", bytes(np.searchsorted(total, where, side="right").astype(np.uint8)))
