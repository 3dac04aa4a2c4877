"""Engines that raise, hang, grow, answer nonsense or end their process, in a method of choice, while a file is there."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import (
    Agent,
    Call,
    Choice,
    Content,
    Corpus,
    EngineSpec,
    Events,
    Generator,
    Options,
    Query,
    Ranking,
    Recommender,
    Spaces,
    State,
    TrainingRun,
    Transitions,
    Verb,
    impl,
)

Method = Literal[
    "none",
    "init",
    "fit",
    "apply",
    "forget",
    "knows",
    "recommend",
    "similar",
    "warm_up",
    "load",
    "generate",
    "act",
    "learn",
]
Deed = Literal[
    "raise",
    "exit",
    "sleep",
    "count",
    "grow",
    "quit",
    "kill",
    "segfault",
    "nonsense",
    "deadlock",
    "nap",
    "print",
    "set-numpy",
    "divide",
]

PUZZLING = 1
"""The ordinal of the person at whom alone an engine fails that is told to fail at one."""


class RecklessOptions(Options):
    """What it does wrong, where, and until when."""

    at: Method = "none"
    does: Deed = "raise"
    flag: str = ""
    """While this file is there; always, where it is empty."""
    one: bool = False
    """Only at one person."""


class Reckless:
    """Does it."""

    def __init__(self, options: Options) -> None:
        assert isinstance(options, RecklessOptions)
        self._options = options
        self._do("init")

    def _do(self, method: str, call: Call | None = None) -> bool:
        """Whether the answer is to be nonsense; whatever else was asked for happens here."""
        options = self._options
        if method != options.at or not self._on():
            return False
        match options.does:
            case "raise":
                raise RuntimeError(f"secret of {method}")
            case "exit":
                sys.exit(3)
            case "sleep":
                time.sleep(3600)
            case "count":
                self._count(call or Call())
            case "grow":
                self._grow()
            case "quit":
                os._exit(7)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                ctypes.string_at(0)
            case "nap":
                time.sleep(0.3)
            case "deadlock":
                self._lock_twice()
            case "print":
                sys.stdout.write("{}\n" * 2_000)
            case "set-numpy":
                np.seterr(all="raise")
            case "divide":
                _ = np.ones(1) / np.zeros(1)
        return options.does == "nonsense"

    def _on(self) -> bool:
        return not self._options.flag or Path(self._options.flag).exists()

    def _lock_twice(self) -> None:
        """Wait in native code for what never comes; no signal interrupts that."""
        library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
        for _ in range(2):
            library.pthread_mutex_lock(mutex)

    def _count(self, call: Call) -> None:
        for _ in range(2_000):
            call.check()
            time.sleep(0.005)

    def _grow(self) -> None:
        kept = []
        while True:
            kept.append(np.ones(4_000_000))  # 32 MB

    def warm_up(self) -> None:
        self._do("warm_up")

    def load(self, state: State) -> None:
        self._do("load")

    def state(self) -> State:
        return State({"ones": np.ones(10_000)}, {"n": 1})


class RecklessRecommender(Reckless, Recommender):
    """Answers the newest items, otherwise."""

    options_type = RecklessOptions

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self._do("fit")
        return {}

    def apply(self, events: Events) -> int:
        sys.stdout.write("a line that is no message\n")
        sys.stdout.flush()
        self._do("apply")
        return 0

    def forget(self, user: int) -> int:
        self._do("forget")
        return 0

    def knows(self, user: int) -> bool:
        self._do("knows")
        return False

    def recommend(self, query: Query) -> Ranking:
        if self._options.at == "knows" and self._on():
            return Ranking.empty()
        wrong = (not self._options.one or query.user == PUZZLING) and self._do("recommend")
        return self._newest(query, wrong)

    def similar(self, item: int, query: Query) -> Ranking:
        return self._newest(query, self._do("similar"))

    def _newest(self, query: Query, wrong: bool) -> Ranking:
        items = np.flatnonzero(query.servable)[::-1][: query.count].astype(np.int32)
        return Ranking(items, np.full(len(items), np.nan) if wrong else items.astype(np.float64))


class RecklessGenerator(Reckless, Generator):
    """Makes the seed's digits, otherwise."""

    options_type = RecklessOptions

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        wrong: Any = self._do("generate", call)
        made = [Content("text/plain", str(seed).encode()) for seed in seeds]
        return made[1:] if wrong else made


class RecklessAgent(Reckless, Agent):
    """Takes the first action that is allowed, otherwise."""

    options_type = RecklessOptions

    def __init__(self, options: Options, spaces: Spaces) -> None:
        super().__init__(options)
        self._learned_steps = 0

    def act(self, observation: int, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        wrong = self._do("act")
        distribution = np.zeros(len(mask))
        distribution[np.argmax(mask)] = 0.5 if wrong else 1.0
        return Choice(int(np.argmax(mask)), distribution)

    def learn(self, steps: Transitions) -> None:
        self._do("learn")
        self._learned_steps += len(steps)

    @property
    def learned_steps(self) -> int:
        return self._learned_steps

    def load(self, state: State) -> None:
        super().load(state)
        self._learned_steps = int(state.meta["n"])

    def state(self) -> State:
        return State({"ones": np.ones(10)}, {"n": self._learned_steps})


@impl
def register_engines() -> list[EngineSpec]:
    ranks, makes = "reckless:RecklessRecommender", "reckless:RecklessGenerator"
    acts = "reckless:RecklessAgent"
    return [
        EngineSpec("reckless", Verb.RECOMMEND, "1.0", "Fails.", ranks, can_forget=True, needs_training=False, rank=-2),
        EngineSpec("hasty", Verb.RECOMMEND, "1.0", "Fails inline.", ranks, needs_training=False, inline=True, rank=-2),
        EngineSpec("smith", Verb.GENERATE, "1.0", "Fails at making.", makes, rank=-2),
        EngineSpec("moody", Verb.ACT, "1.0", "Fails at deciding.", acts, rank=-2),
        EngineSpec("jumpy", Verb.ACT, "1.0", "Fails at deciding, inline.", acts, inline=True, rank=-2),
    ]
