"""What is asked of every engine, whatever its verb."""

from __future__ import annotations

import json
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from footlight_plugins import EngineSpec, State, TrainingRun
from footlight_plugins.testing.offer import OfferSuite


class EngineSuite(OfferSuite):
    """The part that the suites of engines share; inherit one of the others."""

    spec: ClassVar[EngineSpec]
    """The engine under test."""

    def engine_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        return self.named_class()

    def offered_class(self) -> type[Any]:
        """The engine's class."""
        return self.engine_class()

    def maker(self, folder: Path) -> Callable[[], Any]:
        """Makes engines that have learned the same."""
        state = stored(self.prepared(folder))
        return lambda: self.loaded(state)

    @abstractmethod
    def prepared(self, folder: Path) -> State:
        """The state of an engine that has learned something; the folder is for whatever that takes."""

    @abstractmethod
    def loaded(self, state: State) -> Any:
        """A new engine with a state."""


class CancelledAfter:
    """Says the given time and from then on that the call is cancelled; ``count`` is how often it was asked."""

    def __init__(self, times: int) -> None:
        """The first time is 1."""
        self.times, self.count = times, 0

    def __call__(self) -> bool:
        """Whether the call is cancelled."""
        self.count += 1
        return self.count >= self.times


@contextmanager
def training_run(seed: int = 0) -> Iterator[TrainingRun]:
    """A training with a folder of its own that nobody watches and nobody stops."""
    with tempfile.TemporaryDirectory() as folder:
        yield TrainingRun(seed=seed, directory=Path(folder), report=lambda fraction, step, metrics: None)


def stored(state: State) -> State:
    """The state as it comes back from the host's store: plain numeric arrays and what JSON can hold, nothing else."""
    for name, array in state.arrays.items():
        assert isinstance(name, str), f"the array name {name!r} must be a string"
        assert isinstance(array, np.ndarray) and array.dtype.kind in "biuf", f"array {name!r} must be plain numbers"
    arrays = {name: np.array(array, order="C") for name, array in state.arrays.items()}
    return State(arrays, json.loads(json.dumps(dict(state.meta), allow_nan=False)))


def same_state(first: State, second: State) -> bool:
    """Whether two states hold the same bits under the same names."""
    first, second = stored(first), stored(second)
    if first.meta != second.meta or set(first.arrays) != set(second.arrays):
        return False
    return all(_same_bits(array, second.arrays[name]) for name, array in first.arrays.items())


def _same_bits(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> bool:
    return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
