"""What docs/evaluation.md says about protocols and figures is so, and its code runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from footlight_plugins.evaluation import PROTOCOLS
from footlight_plugins.evaluation.accuracy import NAMES

OpenPage = Callable[[str], Any]
PAGE = "docs/evaluation.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ratings file."""
    found = tmp_path_factory.mktemp("ratings")
    rng = np.random.default_rng(1)
    rows = [f"{user},{item},4" for user in range(30) for item in rng.choice(40, 10, replace=False)]
    (found / "ratings.csv").write_text("user_id,item_id,rating\n" + "\n".join(rows) + "\n")
    return found


def test_the_code_runs(page: OpenPage, folder: Path) -> None:
    code = "\n".join(block.text for block in page(PAGE).blocks("python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("k = 5: ") and "k = 50: " in done.stdout


def test_every_protocol_stands_there_with_what_it_is_about(page: OpenPage) -> None:
    lines = [line for line in page(PAGE).text.splitlines() if line.startswith("| `")]
    for name, protocol in PROTOCOLS.items():
        assert any(line.startswith(f"| `{name}` ") and line.endswith(f"| `{protocol.metric}` |") for line in lines), (
            name
        )


def test_every_figure_is_defined(page: OpenPage) -> None:
    text = page(PAGE).text
    assert [
        name for name in (*NAMES, "coverage", "novelty", "diversity", "popularity_lift") if f"`{name}@k`" not in text
    ] == []
