"""A generator that was written against the first version of the contract. It is never changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Call,
    CallEnded,
    Content,
    Corpus,
    EngineSpec,
    Generator,
    Options,
    State,
    TrainingRun,
    Verb,
    impl,
)


class FirstGenerator(Generator):
    """Draws bytes from those of its corpus."""

    options_type = Options

    def __init__(self, options: Options) -> None:
        self.letters = np.zeros(0, np.uint8)

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        if run.stopping():
            raise CallEnded("stopped")
        self.letters = np.frombuffer(b"".join(file.read() for file in corpus), np.uint8).copy()
        if not len(self.letters):
            raise ValueError("the corpus is empty")
        run.report(1.0, 1, {"letters": float(len(self.letters))})
        return {"letters": float(len(self.letters))}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        made = []
        for seed in seeds.tolist():
            call.check()
            drawn = np.random.default_rng(seed).choice(self.letters, 16)
            made.append(Content("text/plain", drawn.tobytes(), {"letters": 16}))
        return made

    def state(self) -> State:
        return State({"letters": self.letters}, {"version": 1})

    def load(self, state: State) -> None:
        if "letters" not in state.arrays:
            raise ValueError("the state must hold an array 'letters'")
        self.letters = np.array(state.arrays["letters"], np.uint8)


@impl
def register_engines() -> list[EngineSpec]:
    spec = ("first-generator", Verb.GENERATE, "1.0", "Written against the first contract.")
    return [EngineSpec(*spec, factory="first_generator:FirstGenerator", api_version=1)]
