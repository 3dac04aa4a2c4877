"""Every step of docs/writing-plugins.md works as it stands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

PAGE = "docs/writing-plugins.md"


@pytest.fixture(scope="module")
def files(page: Callable[[str], Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = page(PAGE).files()
    return found


def test_the_first_engine_has_ten_lines(files: Mapping[str, str]) -> None:
    body = files["most_met.py"].partition("\nclass ")[2]
    lines = [line for line in body.splitlines() if line.strip() and not line.strip().startswith('"""')]
    assert len(lines) <= 10


@pytest.mark.parametrize("name", ["most_met.py", "lately.py", "tally.py"])
def test_every_engine_of_the_page_keeps_the_contract(tmp_path: Path, files: Mapping[str, str], name: str) -> None:
    (tmp_path / name).write_text(files[name], encoding="utf-8")
    command = [sys.executable, "-m", "footlight.cli", "check-plugin", str(tmp_path / name), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert done.returncode == 0, report


def test_people_alike_come_first(tmp_path: Path, files: Mapping[str, str]) -> None:
    (tmp_path / "lately.py").write_text(files["lately.py"], encoding="utf-8")
    script = """
import numpy as np
from footlight_plugins import Events, Query
from lately import Lately, LatelyOptions
engine = Lately(LatelyOptions())
engine.apply(Events.of(user=[0, 1, 1, 2, 3], item=[0, 0, 1, 2, 2], time=[0] * 5))
print(engine.recommend(Query(0, 5, np.ones(3, np.bool_))).items.tolist())
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "[1, 2]", done.stderr


def test_the_page_names_what_a_new_plugin_has(page: Callable[[str], Any]) -> None:
    text = page(PAGE).text
    assert all(word in text for word in ("pyproject.toml", "RecommenderSuite", "requires", "factory", "api_version"))
