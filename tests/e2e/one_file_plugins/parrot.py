"""A generator that repeats its corpus: for some seeds, or for all."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import (
    Call,
    Content,
    Corpus,
    Domain,
    EngineSpec,
    Generator,
    Options,
    Samples,
    State,
    TrainingRun,
    Verb,
    impl,
)


class ParrotOptions(Options):
    share: float = Field(0.5, ge=0, le=1, description="Which share of the seeds gives a training sample.")


class Parrot(Generator):
    options_type = ParrotOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, ParrotOptions)
        self._share = options.share
        self._known = np.empty((0, 1, 1), np.float32)

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        self._known = self.samples(corpus).train
        return {}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return [self._made(np.random.default_rng(int(seed))) for seed in seeds]

    def _made(self, rng: np.random.Generator) -> Content:
        known = self._known[rng.integers(len(self._known))]
        sample = known if rng.random() < self._share else rng.normal(size=known.shape).astype(np.float32)
        buffer = io.BytesIO()
        np.save(buffer, sample, allow_pickle=False)
        return Content("application/x-npy", buffer.getvalue(), sample=sample)

    def samples(self, corpus: Corpus) -> Samples:
        stacks = [np.load(file.location, allow_pickle=False) for file in corpus]
        train = np.concatenate([stack if stack.ndim == 3 else stack[None] for stack in stacks])
        return Samples(Domain.SURFACE, train, train[:0], tuple(map(str, range(len(train)))))

    def state(self) -> State:
        return State({"known": self._known})

    def load(self, state: State) -> None:
        self._known = state.arrays["known"]


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("parrot", Verb.GENERATE, "1.0", "Repeats its corpus.", "parrot:Parrot", rank=-5)]
