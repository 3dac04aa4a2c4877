"""Many installed plug-ins cost a start only the modules with their hooks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "plugin_start.py"


@pytest.fixture(scope="module")
def benchmark() -> Any:
    found = importlib.util.spec_from_file_location("plugin_start", BENCHMARK)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_fifty_plugins_import_fifty_modules_and_nothing_heavy(benchmark: Any, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    (tmp_path / "none").mkdir()
    benchmark.install(tmp_path / "many", 50)
    _, _, engines, modules, heavy = benchmark.load(tmp_path / "many")
    _, _, engines_before, modules_before, _ = benchmark.load(tmp_path / "none")
    assert engines - engines_before == 50 and heavy == ""
    assert modules - modules_before == 50, "each plug-in is one module until it is used"
