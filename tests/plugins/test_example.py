"""The example of a drop-in plug-in works as its README says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "plugins" / "footlight-newest"


def run(*arguments: str, path: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, *arguments]
    found = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def test_its_own_tests_pass() -> None:
    assert " passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", path=EXAMPLE)


def test_it_is_found_once_it_is_installed(tmp_path: Path) -> None:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(tmp_path))
    run("-m", "pip", "install", *options, str(EXAMPLE), path=tmp_path)
    script = (
        "from footlight_plugins.loader import load_plugins; plugin = load_plugins().plugin_of('newest');"
        "print(plugin.state, plugin.distribution, plugin.version)"
    )
    assert run("-c", script, path=tmp_path).strip() == "loaded footlight-newest 1.0.0"
