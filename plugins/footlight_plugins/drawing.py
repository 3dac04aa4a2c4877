"""A generator of arrays in a few lines: say how to begin, what a step teaches and how to draw; all else is done for you."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from footlight_plugins.contract import Call, CallEnded, Options, TrainingRun
from footlight_plugins.data import Content, Corpus, State
from footlight_plugins.roles import Generator

_CHECKPOINT, _STEP = "checkpoint.npz", "step"


class DrawingOptions(Options):
    """What every `DrawingGenerator` has; derive yours from it."""

    steps: int = Field(200, ge=1, le=1_000_000, description="How long to train.")


class DrawingGenerator(Generator):
    """A start for generators that learn from .npy files of one shape and make more of them, step by step.

    It reads the corpus and names the file that is wrong, tells how far it is, stops when it is told to and goes on from
    there, draws each seed by itself, and stores itself.

    Example
    -------
    ::

        class Blurred(DrawingGenerator):
            keeps = ("mean",)

            def start(self, samples: NDArray[np.float64], rng: np.random.Generator) -> Mapping[str, NDArray[Any]]:
                return {"mean": rng.normal(size=samples.shape[1:])}

            def step(self, samples: NDArray[np.float64], rng: np.random.Generator) -> Mapping[str, float]:
                away = rng.choice(samples) - self.learned["mean"]
                self.learned["mean"] = self.learned["mean"] + 0.1 * away
                return {"away": float(np.abs(away).mean())}

            def draw(self, rng: np.random.Generator) -> NDArray[Any]:
                return self.learned["mean"] + rng.normal(size=self.learned["mean"].shape)
    """

    options_type = DrawingOptions
    keeps: tuple[str, ...] = ()
    """The names of what it learns."""
    learned: dict[str, NDArray[Any]]
    """What it has learned, by these names: what `start` gave, as `step` has changed it. It is the whole state."""

    def __init__(self, options: Options) -> None:
        self.options, self.learned = options, {}

    @abstractmethod
    def start(self, samples: NDArray[np.float64], rng: np.random.Generator) -> Mapping[str, NDArray[Any]]:
        """What it knows before the first step: an array for each name of `keeps`. ``samples`` has shape (n, ...)."""

    @abstractmethod
    def step(self, samples: NDArray[np.float64], rng: np.random.Generator) -> Mapping[str, float]:
        """Take one step of the training: change `learned`. Returns figures that whoever watches is told."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> NDArray[Any]:
        """Make one array; ``rng`` comes from the seed that was asked for, and nothing else may decide."""

    def train(self, corpus: Corpus, run: TrainingRun) -> Mapping[str, float]:
        samples, steps = arrays_of(corpus), int(getattr(self.options, "steps", DrawingOptions().steps))
        figures: Mapping[str, float] = {}
        for step in range(self._begin(samples, run), steps):
            if run.stopping():
                kept: dict[str, Any] = {**self.learned, _STEP: step}
                np.savez(run.directory / _CHECKPOINT, **kept)
                raise CallEnded("the training was stopped")
            figures = self.step(samples, np.random.default_rng([run.seed, step + 1]))
            run.report((step + 1) / steps, step + 1, figures)
        return figures

    def _begin(self, samples: NDArray[np.float64], run: TrainingRun) -> int:
        """Start, or go on where an earlier try of the same job was stopped."""
        self.learned = dict(self.start(samples, np.random.default_rng([run.seed, 0])))
        found = run.directory / _CHECKPOINT
        if not found.exists():
            return 0
        with np.load(found, allow_pickle=False) as kept:
            self.learned = {name: kept[name] for name in self.learned}
            return int(kept[_STEP])

    def generate(self, seeds: NDArray[np.int64], call: Call) -> list[Content]:
        made = []
        for seed in seeds.tolist():
            call.check()  # stop as soon as nobody waits
            made.append(Content("application/x-npy", _as_bytes(self.draw(np.random.default_rng(seed)))))
        return made

    def state(self) -> State:
        return State({name: array.copy() for name, array in self.learned.items()})

    def load(self, state: State) -> None:
        if set(state.arrays) != set(self.keeps):
            raise ValueError(f"the state must hold the arrays {', '.join(self.keeps)}")
        self.learned = {name: np.array(array) for name, array in state.arrays.items()}


def arrays_of(corpus: Corpus) -> NDArray[np.float64]:
    """The arrays of a corpus of .npy files of one shape, shape (n, ...).

    Raises
    ------
    ValueError
        When there is none, or a file cannot be used: the message names it.
    """
    arrays: list[NDArray[np.float64]] = []
    for file in corpus:
        try:
            arrays.append(np.load(io.BytesIO(file.read()), allow_pickle=False).astype(np.float64))
        except (ValueError, EOFError, TypeError, AttributeError) as fault:
            raise ValueError(f"{file.path}: expected a .npy file of numbers") from fault
        if arrays[-1].shape != arrays[0].shape or not np.isfinite(arrays[-1]).all():
            raise ValueError(f"{file.path}: expected finite numbers of shape {arrays[0].shape}, as in the first file")
    if not arrays:
        raise ValueError("the corpus is empty: expected .npy files of one shape")
    return np.stack(arrays)


def _as_bytes(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, np.float32), allow_pickle=False)
    return buffer.getvalue()
