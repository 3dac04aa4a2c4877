"""A generator that works in steps of five milliseconds, looks for the end of the call between them, and keeps a diary."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins import Call, Content, Corpus, EngineSpec, Generator, Options, State, TrainingRun, Verb, impl

STEP_SECONDS = 0.005


class WatchfulOptions(Options):
    """How long it takes, and where it writes."""

    steps: int = Field(20, ge=1, description="Steps that an asset takes.")
    diary: str = Field("", description="A file; each step appends the time since the machine's start.")


class Watchful(Generator):
    """Makes the seed, slowly."""

    options_type = WatchfulOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, WatchfulOptions)
        self._options = options

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        return [self._made(int(seed), call) for seed in seeds]

    def _made(self, seed: int, call: Call) -> Content:
        for _ in range(self._options.steps):
            call.check()
            if self._options.diary:
                with open(self._options.diary, "a") as diary:
                    diary.write(f"{seed} {time.monotonic()}\n")
            time.sleep(STEP_SECONDS)
        return Content("text/plain", str(seed).encode())

    def state(self) -> State:
        return State({"nothing": np.zeros(1, np.uint8)})

    def load(self, state: State) -> None:
        """There is nothing to take over."""


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("watchful", Verb.GENERATE, "1.0", "Works in steps.", "watchful:Watchful")]
