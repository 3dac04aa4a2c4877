"""The plug-ins in plugins/ keep what their READMEs say: their own tests pass, and they are found once they are installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
DROP_INS = sorted(path.parent.name for path in PLUGINS.glob("footlight-*/pyproject.toml"))


def project(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = tomllib.loads((PLUGINS / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return facts


def need(name: str) -> None:
    """Skip the test where something that the plug-in or its tests need is not installed."""
    facts = project(name)
    wanted = [
        re.split(r"[\[<>=~! ]", one)[0] for one in (*facts["dependencies"], *facts["optional-dependencies"]["dev"])
    ]
    missing = [one for one in wanted if not _installed(one)]
    if missing:
        pytest.skip(f"{name} needs {' and '.join(missing)}: pip install -c constraints.txt -e '.[dev]'")


def _installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def run(name: str, *arguments: str, path: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    found = subprocess.run(
        [sys.executable, *arguments], cwd=PLUGINS / name, env=environment, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.mark.parametrize("name", DROP_INS)
def test_its_own_tests_pass(name: str) -> None:
    need(name)
    options = ("-q", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
    assert " passed" in run(name, "-m", "pytest", *options, "tests", path=PLUGINS / name)


@pytest.mark.parametrize("name", DROP_INS)
def test_it_is_found_once_it_is_installed(tmp_path: Path, name: str) -> None:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(tmp_path))
    run(name, "-m", "pip", "install", *options, str(PLUGINS / name), path=tmp_path)
    script = (
        "import sys; from footlight_plugins.loader import load_plugins; found = load_plugins();"
        f"print([str(one.state) for one in found.statuses if one.distribution == {name!r}],"
        " 'torch' in sys.modules or 'onnxruntime' in sys.modules)"
    )
    assert run(name, "-c", script, path=tmp_path).strip() == "['loaded'] False"


@pytest.mark.parametrize("name", DROP_INS)
def test_it_stands_in_the_gallery_and_says_what_it_is(name: str) -> None:
    gallery = (PLUGINS.parent / "docs" / "plugin-gallery.md").read_text(encoding="utf-8")
    readme = (PLUGINS / name / "README.md").read_text(encoding="utf-8")
    assert f"(../plugins/{name}/README.md)" in gallery and readme.startswith(f"# {name}\n")
