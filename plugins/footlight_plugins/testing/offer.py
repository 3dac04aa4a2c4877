"""What is asked of everything that a plug-in offers: that it is cheap to find, and keeps to itself."""

from __future__ import annotations

import importlib
import json
import locale
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from footlight_plugins import EmbedderSpec, EngineSpec, Options, PartSpec, StageSpec
from footlight_plugins.options import OptionError, options_of, options_schema

HEAVY = ("torch", "numba", "tensorflow", "jax", "onnxruntime", "vowpalwabbit", "sklearn", "pandas")
"""Import names that cost a good part of a second: none may be needed to learn what a plug-in offers."""

_LEAK = 500_000
"""So many bytes more after many calls are a leak; the engines of this project stay under a tenth of it."""


class OfferSuite(ABC):
    """The part that all suites share; inherit one of the others."""

    spec: ClassVar[EngineSpec | PartSpec | EmbedderSpec | StageSpec]
    """What is under test."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Options to test it with, where they differ from the defaults."""
    plugin_module: ClassVar[str] = ""
    """The module with the hook; empty: the package that holds the factory's module."""

    @abstractmethod
    def offered_class(self) -> type[Any]:
        """The class under test."""

    @abstractmethod
    def maker(self, folder: Path) -> Callable[[], Any]:
        """Makes instances that know the same; the folder is for whatever that takes."""

    def made_anew(self, folder: Path) -> Any:
        """An instance, and all that it takes to make one: a training, say."""
        return self.maker(folder)()

    @abstractmethod
    def asked(self, one: Any) -> Any:
        """What an instance answers to some questions, in a form that can be compared with ``==``."""

    def named_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        module, _, name = self.spec.factory.partition(":")
        found: type[Any] = getattr(importlib.import_module(module), name)
        return found

    def chosen_options(self) -> Options:
        """The options under test, checked by their own schema."""
        return self.options_type()(**self.options)

    def options_type(self) -> type[Options]:
        """The options that it takes; those of a class that takes none are empty."""
        found: type[Options] = getattr(self.offered_class(), "options_type", Options)
        return found

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
        options_type = self.options_type()
        assert options_type()
        assert [name for name, field in options_type.model_fields.items() if not field.description] == []

    def test_an_unknown_option_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            self.options_type()(**{"no_engine_has_this_option": 1})

    def test_the_options_come_back_from_json_as_they_were(self) -> None:
        options_type = self.options_type()
        assert json.dumps(options_schema(options_type), allow_nan=False)
        assert options_of(options_type, options_type().model_dump(mode="json")) == options_type()

    def test_an_option_of_another_type_is_refused(self) -> None:
        options_type = self.options_type()
        for name, field in options_type.model_fields.items():
            if "dict" not in str(field.annotation).lower() and "Any" not in str(field.annotation):
                with pytest.raises(OptionError, match=name):
                    options_of(options_type, {name: {"no option": "is a map"}})

    def test_several_instances_work_at_the_same_time(self, tmp_path: Path) -> None:
        make = self.maker(tmp_path)
        alone = self.asked(make())
        with ThreadPoolExecutor(3) as threads:
            together = list(threads.map(lambda _: self.asked(make()), range(3)))
        assert all(answers == alone for answers in together), "instances share something that they write to"

    def test_an_instance_may_be_called_from_one_thread_after_another(self, tmp_path: Path) -> None:
        make = self.maker(tmp_path)
        with ThreadPoolExecutor(1) as here, ThreadPoolExecutor(1) as there:
            engine = here.submit(make).result()
            assert there.submit(self.asked, engine).result() == self.asked(make())

    def test_it_leaves_the_process_as_it_found_it(self, tmp_path: Path) -> None:
        before = _surroundings()
        self.asked(self.made_anew(tmp_path))
        changed = [name for name, value in _surroundings().items() if value != before[name]]
        assert changed == [], "other engines live in the same process"

    def test_it_prints_nothing(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        capfd.readouterr()
        self.asked(self.made_anew(tmp_path))
        assert capfd.readouterr().out == "", "use the module logging: stdout is not the engine's"

    def test_it_keeps_no_more_memory_the_longer_it_is_asked(self, tmp_path: Path) -> None:
        engine = self.maker(tmp_path)()
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
