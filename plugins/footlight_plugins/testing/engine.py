"""What is asked of every engine, whatever its verb."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from footlight_plugins import EngineSpec, Options, State, TrainingRun

HEAVY = ("torch", "numba", "tensorflow", "jax")
"""Import names that cost seconds: none may be needed to learn what a plug-in offers."""


class EngineSuite:
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
