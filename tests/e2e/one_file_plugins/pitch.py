"""A generator that asks another plug-in's rules about a level: the deed that its seed stands for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Call,
    Content,
    Corpus,
    EngineSpec,
    Generator,
    NotMade,
    Options,
    State,
    TrainingRun,
    Verb,
    find_rules,
    impl,
)

DEEDS = ("well", "raise", "exit", "text", "die")
RAIN = len(DEEDS)
"""The seed of which nothing comes."""


class PitchOptions(Options):
    """What it has the rules do while it is trained."""

    trained: str = "well"


class Pitch(Generator):
    """Makes the deeds that went well."""

    options_type = PitchOptions

    def __init__(self, options: Options) -> None:
        assert isinstance(options, PitchOptions)
        self._trained = options.trained

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        find_rules("umpire").judge([self._trained])
        return {}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        if RAIN in seeds:
            raise NotMade("it rains; come back tomorrow")
        rules = find_rules("umpire")
        levels = [DEEDS[seed] for seed in seeds.tolist()]
        return [Content("text/plain", str(rules.judge([level]).playable).encode()) for level in levels]

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        pass


@impl
def register_engines() -> list[EngineSpec]:
    return [EngineSpec("pitch", Verb.GENERATE, "1.0", "Asks rules.", "pitch:Pitch", rank=-99)]
