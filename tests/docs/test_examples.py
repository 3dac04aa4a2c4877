"""The code in the documentation is that of the example files, and it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import footlight
from footlight_plugins.loader import LoaderConfig, load_plugins

READMES = ("README.md", "README.zh-CN.md")


def run(arguments: list[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a Python process prints; it must end well."""
    whole_env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    found = subprocess.run([sys.executable, *arguments], cwd=cwd, env=whole_env, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def lines_of_class(text: str) -> int:
    """How many lines that are not blank the one class of a module has."""
    body = text.partition("\nclass ")[2].partition("\n\n\n")[0]
    return len([line for line in body.splitlines() if line.strip()])


@pytest.mark.parametrize("example", ["client_example.py", "engine_example.py"])
@pytest.mark.parametrize("readme", READMES)
def test_a_readme_holds_the_example_as_it_is(root: Path, page: Callable[[str], Any], readme: str, example: str) -> None:
    text = (root / "docs/examples" / example).read_text(encoding="utf-8")
    assert text in [block.text for block in page(readme).blocks("python")]


def test_the_examples_are_as_short_as_they_say(root: Path) -> None:
    examples = root / "docs/examples"
    assert len((examples / "client_example.py").read_text().splitlines()) == 20
    assert lines_of_class((examples / "engine_example.py").read_text()) == 15


def test_the_client_example_gets_real_answers(root: Path, address: str) -> None:
    printed = run([str(root / "docs/examples/client_example.py")], env={"FOOTLIGHT_ADDRESS": address})
    assert printed.splitlines() == [
        "Nosferatu: liked by 2 people like Ada",
        "The General: liked by 1 people like Ada",
        "after she played the first: ['m3']",
        "forgotten: True",
    ]


def test_the_example_engine_is_served(address: str) -> None:
    with footlight.Client(address) as client:
        assert {plugin.name: plugin.state for plugin in client.plugins()}["engine_example"] == "loaded"
        assert "bandit" in {engine.name for engine in client.engines()}


def test_the_example_engine_learns_what_pays(address: str) -> None:
    with footlight.Client(address) as client:
        client.create_agent("gambler", 1, 2, deployment="bandit", seed=3)
        move = client.act("gambler", "s", 0)
        for _ in range(60):
            move = client.act("gambler", "s", 0, reward=5.0 * move.action)
        best = client.act("gambler", "s", 0, reward=5.0 * move.action, exploit=True)
    assert best.action == 1 and best.propensity == 1.0 and best.learned_steps == 61


def test_the_state_of_the_example_engine_survives_storing(root: Path) -> None:
    script = """
import numpy as np
from engine_example import Bandit
from footlight_plugins import Discrete, Options, Spaces, State, Transitions
spaces, row = Spaces(Discrete(1), Discrete(2)), np.zeros(1, np.int64)
first, second = Bandit(Options(), spaces), Bandit(Options(), spaces)
first.learn(Transitions(row, row + 1, row + 2.5, row, row > 0, np.ones((1, 2), bool)))
second.load(first.state())
assert second.learned_steps == 1 and second.act(0, np.ones(2, bool), 0, True).action == 1
try:
    second.load(State({"foreign": np.zeros(3)}))
except ValueError:
    print("refused")
"""
    assert run(["-c", script], cwd=root / "docs/examples").strip() == "refused"


def test_the_example_engine_keeps_the_contract(root: Path) -> None:
    run(["-m", "footlight.cli", "check-plugin", str(root / "docs/examples/engine_example.py"), "--json"])


@pytest.fixture(scope="module")
def plugin(page: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of docs/plugins.md, written to where they say."""
    folder = tmp_path_factory.mktemp("plugin")
    files: Mapping[str, str] = page("docs/plugins.md").files()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_plugin_of_the_guide_passes_its_own_tests(plugin: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function"]
    printed = run(["-m", "pytest", *options, "tests"], cwd=plugin, env={"PYTHONPATH": str(plugin)})
    assert " passed" in printed and "failed" not in printed


def test_the_plugin_of_the_guide_is_typed_and_tidy(root: Path, plugin: Path) -> None:
    config = ["--config", str(root / "pyproject.toml"), "--no-cache"]
    run(["-m", "ruff", "check", *config, str(plugin / "footlight_playing_now"), str(plugin / "tests")])
    run(["-m", "ruff", "format", "--check", *config, str(plugin / "footlight_playing_now"), str(plugin / "tests")])


def test_the_plugin_of_the_guide_names_its_module(plugin: Path) -> None:
    project = tomllib.loads((plugin / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["footlight"] == {"playing-now": "footlight_playing_now"}


def test_the_guide_shows_the_example_engine_as_it_is(root: Path, plugin: Path) -> None:
    assert (plugin / "engine_example.py").read_text() == (root / "docs/examples/engine_example.py").read_text()


def test_a_file_dropped_into_a_folder_is_a_plugin(plugin: Path) -> None:
    script = "import sys; from pathlib import Path; from footlight_plugins.loader import LoaderConfig, load_plugins; "
    script += "print('bandit' in load_plugins(LoaderConfig(plugins_dir=Path(sys.argv[1]), strict=True)).engines)"
    assert run(["-c", script, str(plugin)], cwd=plugin.parent).strip() == "True"


PARTS = ("tail_first.py", "last_call.py", "warmer.py", "tally_file.py", "mean_colour.py")


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_the_guide_keeps_the_contract(plugin: Path, name: str) -> None:
    run(["-m", "footlight.cli", "check-plugin", str(plugin / name), "--json"])


def test_the_readme_names_every_built_in_engine(page: Callable[[str], Any]) -> None:
    engines = {n for s in load_plugins(LoaderConfig()).statuses if s.distribution == "footlight" for n in s.engines}
    for readme in READMES:
        assert {name for name in engines if f"`{name}`" not in page(readme).prose} == set()
