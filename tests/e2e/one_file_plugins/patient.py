"""A generator that counts slowly: what a training job looks like from outside does not need a real network."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

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


class PatientOptions(Options):
    """How long it takes."""

    steps: int = Field(10, ge=1, description="How far it counts, a hundred steps a second.")


class Patient(Generator):
    """Makes the corpus's first bytes followed by the seed."""

    options_type = PatientOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, PatientOptions)
        self._options = options
        self._words = np.zeros(4, np.uint8)

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        checkpoint = run.directory / "step"
        start = int(checkpoint.read_text()) if checkpoint.exists() else 0
        for step in range(start, self._options.steps):
            if run.stopping():
                raise CallEnded("asked to stop")
            checkpoint.write_text(str(step))
            run.report(step / self._options.steps, step, {"half": step / 2})
            time.sleep(0.01)
        self._words = np.frombuffer(corpus.files[0].read()[:4], np.uint8)
        return {"steps": float(self._options.steps)}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return [Content("text/plain", bytes(self._words) + str(seed).encode()) for seed in seeds]

    def state(self) -> State:
        return State({"words": self._words})

    def load(self, state: State) -> None:
        self._words = state.arrays["words"]


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("patient", Verb.GENERATE, "1.0", "Counts slowly.", "patient:Patient")]
