"""What all tests share: where the real data are, how hypothesis searches, and how the cores are shared."""

from __future__ import annotations

import gc
import os

# The tests start hundreds of processes, each of which would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Several workers share the cores: threads that wait for each other by spinning would take them from whoever computes.
# Set here, because the libraries look at it when they are imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings

from footlight_plugins.testing.fixtures import plugin_registry as plugin_registry

settings.register_profile("local", deadline=None)  # nothing is timed: the first call of a kernel compiles it
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the tests with servers wait for them much of their time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets; tests that need it are skipped without."""
    named = os.environ.get("FOOTLIGHT_DATA", "")
    if not named:
        pytest.skip("FOOTLIGHT_DATA names no folder of real data sets")
    return Path(named)
