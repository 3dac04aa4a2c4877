"""What is asked of every engine, whatever its verb."""

from __future__ import annotations

import importlib
import json
import locale
import os
import random
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from footlight_plugins import EngineSpec, Options, State, TrainingRun
from footlight_plugins.options import OptionError, options_of, options_schema

HEAVY = ("torch", "numba", "tensorflow", "jax", "onnxruntime", "vowpalwabbit", "sklearn", "pandas")
"""Import names that cost a good part of a second: none may be needed to learn what a plug-in offers."""

_LEAK = 500_000
"""So many bytes more after many calls are a leak; the engines of this project stay under a tenth of it."""


class EngineSuite(ABC):
    """The part that all suites share; inherit one of the others."""

    spec: ClassVar[EngineSpec]
    """The engine under test."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Options to test it with, where they differ from the defaults."""
    plugin_module: ClassVar[str] = ""
    """The module with the hook; empty: the package that holds the factory's module."""

    def engine_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        module, _, name = self.spec.factory.partition(":")
        found: type[Any] = getattr(importlib.import_module(module), name)
        return found

    def chosen_options(self) -> Options:
        """The options under test, checked by the engine's own schema."""
        chosen: Options = self.engine_class().options_type(**self.options)
        return chosen

    @abstractmethod
    def prepared(self, folder: Path) -> State:
        """The state of an engine that has learned something; the folder is for whatever that takes."""

    @abstractmethod
    def loaded(self, state: State) -> Any:
        """A new engine with a state."""

    @abstractmethod
    def asked(self, engine: Any) -> Any:
        """What the engine answers to some questions, in a form that can be compared with ``==``."""

    def test_discovery_imports_nothing_heavy(self) -> None:
        module = self.plugin_module or self.spec.factory.partition(":")[0].rpartition(".")[0]
        script = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
        path = os.pathsep.join(entry for entry in sys.path if entry)
        found = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        assert found.returncode == 0, found.stderr
        assert found.stdout.strip() == "[]", f"importing {module} must not import {found.stdout.strip()}"

    def test_every_option_has_a_default_and_a_description(self) -> None:
        options_type: type[Options] = self.engine_class().options_type
        assert options_type()
        assert [name for name, field in options_type.model_fields.items() if not field.description] == []

    def test_an_unknown_option_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            self.engine_class().options_type(no_engine_has_this_option=1)

    def test_the_options_come_back_from_json_as_they_were(self) -> None:
        options_type: type[Options] = self.engine_class().options_type
        assert json.dumps(options_schema(options_type), allow_nan=False)
        assert options_of(options_type, options_type().model_dump(mode="json")) == options_type()

    def test_an_option_of_another_type_is_refused(self) -> None:
        options_type: type[Options] = self.engine_class().options_type
        for name, field in options_type.model_fields.items():
            if "dict" not in str(field.annotation).lower() and "Any" not in str(field.annotation):
                with pytest.raises(OptionError, match=name):
                    options_of(options_type, {name: {"no option": "is a map"}})

    def test_several_instances_work_at_the_same_time(self, tmp_path: Path) -> None:
        state = stored(self.prepared(tmp_path))
        alone = self.asked(self.loaded(state))
        with ThreadPoolExecutor(3) as threads:
            together = list(threads.map(lambda _: self.asked(self.loaded(state)), range(3)))
        assert all(answers == alone for answers in together), "instances share something that they write to"

    def test_an_instance_may_be_called_from_one_thread_after_another(self, tmp_path: Path) -> None:
        state = stored(self.prepared(tmp_path))
        with ThreadPoolExecutor(1) as here, ThreadPoolExecutor(1) as there:
            engine = here.submit(self.loaded, state).result()
            assert there.submit(self.asked, engine).result() == self.asked(self.loaded(state))

    def test_it_leaves_the_process_as_it_found_it(self, tmp_path: Path) -> None:
        before = _surroundings()
        self.asked(self.loaded(stored(self.prepared(tmp_path))))
        changed = [name for name, value in _surroundings().items() if value != before[name]]
        assert changed == [], "other engines live in the same process"

    def test_it_prints_nothing(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        capfd.readouterr()
        self.asked(self.loaded(stored(self.prepared(tmp_path))))
        assert capfd.readouterr().out == "", "use the module logging: stdout is not the engine's"

    def test_it_keeps_no_more_memory_the_longer_it_is_asked(self, tmp_path: Path) -> None:
        engine = self.loaded(stored(self.prepared(tmp_path)))
        tracemalloc.start()
        try:
            for _ in range(2):  # caches may fill
                self.asked(engine)
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(4):
                self.asked(engine)
            kept = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert kept < _LEAK, f"{kept:,} bytes more after the same questions were asked four times"


class CancelledAfter:
    """Says the given time and from then on that the call is cancelled; ``count`` is how often it was asked."""

    def __init__(self, times: int) -> None:
        """The first time is 1."""
        self.times, self.count = times, 0

    def __call__(self) -> bool:
        """Whether the call is cancelled."""
        self.count += 1
        return self.count >= self.times


def _surroundings() -> dict[str, Any]:
    """What belongs to the whole process, and so to nobody's engine."""
    return {
        "numpy's handling of errors (use `with np.errstate(...)`)": np.geterr(),
        "numpy's global random numbers (use `np.random.default_rng(seed)`)": str(np.random.get_state(legacy=False)),  # noqa: NPY002
        "Python's global random numbers (use `random.Random(seed)`)": random.getstate(),
        "the working directory": os.getcwd(),
        "the environment": dict(os.environ),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the handling of signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "standard output": sys.stdout,
    }


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
