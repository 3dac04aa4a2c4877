"""What the pages say about commands, files, fields and numbers is so."""

from __future__ import annotations

import itertools
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from footlight.cli.app import build
from footlight_plugins import EngineSpec, UpdateClass, roles
from footlight_plugins.loader import PluginState
from footlight_plugins.spec import register_engines

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(path.relative_to(ROOT).as_posix() for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern))
SERVER_SIDE = ("server/", "clients/", "engines/", "plugins/", "protos/", "tests/", "docs/", "benchmarks/")

OpenPage = Callable[[str], Any]


def spoken(text: str) -> Iterator[str]:
    """What stands between single backticks."""
    return (match[1] for match in re.finditer(r"(?<!`)`([^`\n]+)`(?!`)", text))


def commands(page: Any) -> list[str]:
    """Every line that begins with ``footlight``, in blocks of the shell and between backticks."""
    lines = [line for block in page.blocks("sh") for line in block.text.splitlines()]
    lines = [line.removeprefix(".venv/bin/") for line in lines] + list(spoken(page.prose))
    return [line for line in lines if line.startswith("footlight ")]


@cache
def command_line() -> Any:
    """All commands together, which takes a while to build."""
    return typer.main.get_command(build())


def check_command(line: str) -> None:
    """Follow a line through the groups to a command, and look up its options there."""
    command = command_line()
    words = shlex.split(line)[1:]
    while words and hasattr(command, "commands"):
        if words[0].startswith("-"):
            break
        assert words[0] in command.commands, f"there is no command {line!r}"
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word for word in words if word.startswith("--")} - {"--help"}
    assert given <= known, f"{line!r} has an option that is not there"


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_exist(page: OpenPage, name: str) -> None:
    for line in commands(page(name)):
        check_command(line)


def test_a_command_that_does_not_exist_is_noticed() -> None:
    for wrong in ("footlight sing", "footlight serve --loudly", "footlight agent forgive x"):
        with pytest.raises(AssertionError):
            check_command(wrong)


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_shows_the_daily_commands(page: OpenPage, readme: str) -> None:
    shown = {line.split()[1] for line in commands(page(readme))}
    assert shown >= {"serve", "import", "train", "recommend", "generate", "act", "engines", "plugins", "models", "demo"}


@pytest.mark.parametrize("name", PAGES)
def test_the_targets_of_make_exist(page: OpenPage, name: str) -> None:
    text = page(name).text
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [line for block in page(name).blocks("sh") for line in block.text.splitlines()] + list(spoken(text))
    assert {line.split()[1] for line in lines if line.startswith("make ")} <= targets


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files(page: OpenPage, name: str) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page(name).prose)
    here = [target.partition("#")[0] for target in targets if not re.match(r"https?:|#", target)]
    assert [target for target in here if not (ROOT / name).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_paths_in_the_text_exist(page: OpenPage, name: str) -> None:
    paths = [word for word in spoken(page(name).prose) if word.startswith(SERVER_SIDE) and " " not in word]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["docs/architecture.md", *(p for p in PAGES if p.startswith("docs/adr/"))])
def test_modules_of_the_server_are_named_rightly(page: OpenPage, name: str) -> None:
    """Inside these pages ``log/events.py`` stands for the file in the server's package."""
    text = page(name).text
    parts = "access|agents|convert|corpora|dispatch|jobs|log|models|parts|services|tenancy"
    named = set(re.findall(rf"(?<![\w/])(?:{parts})/\w+\.py", text))
    assert [path for path in sorted(named) if not (ROOT / "server/footlight_server" / path).is_file()] == []


def test_both_readmes_have_the_same_blocks(page: OpenPage) -> None:
    english, chinese = (page(readme) for readme in READMES)
    assert english.blocks() == chinese.blocks()


def test_both_readmes_name_the_same_things(page: OpenPage) -> None:
    english, chinese = (sorted(spoken(page(readme).prose)) for readme in READMES)
    assert english == chinese


def test_both_readmes_have_the_same_sections_and_links(page: OpenPage) -> None:
    outline = [
        ([len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)], sorted(re.findall(r"\]\(([^)]+)\)", text)))
        for text in (page(readme).prose.replace("README.zh-CN.md", "README.md") for readme in READMES)
    ]
    assert outline[0] == outline[1]


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_has_a_place_for_what_the_demo_prints(page: OpenPage, readme: str) -> None:
    text = page(readme).text
    assert text.count("<!-- demo:begin -->") == text.count("<!-- demo:end -->") == 1
    assert text.index("<!-- demo:begin -->") < text.index("<!-- demo:end -->")


@pytest.mark.parametrize("name", PAGES)
def test_the_extras_of_a_page_exist(page: OpenPage, name: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"(?:footlight|\.)\[([\w,]+)\]", page(name).text)
    assert {extra for names in named for extra in names.split(",")} <= extras.keys()


def test_torch_is_the_one_that_is_pinned(page: OpenPage) -> None:
    pinned = re.findall(r"^torch==.*$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert set(re.findall(r"torch==[\d.]+", page("README.md").text)) == set(pinned)


def test_the_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda path: path.name[:4])
def test_a_decision_has_its_four_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]}: \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]


def test_the_architecture_fits_in_200_lines(page: OpenPage) -> None:
    assert len(page("docs/architecture.md").text.splitlines()) < 200


def test_the_guide_has_the_hook_with_its_signature(page: OpenPage) -> None:
    assert register_engines.__annotations__ == {"return": "Iterable[EngineSpec]"}
    assert "`register_engines() -> Iterable[EngineSpec]`" in page("docs/plugins.md").text


def test_the_guide_names_every_field_state_class_and_role(page: OpenPage) -> None:
    named = set(spoken(page("docs/plugins.md").prose))
    terms = itertools.chain((field.name for field in fields(EngineSpec)), PluginState, UpdateClass)
    roles_of_the_contract = ("Recommender", "Generator", "Agent")
    assert [term for term in (*terms, *roles_of_the_contract) if str(term) not in named] == []
    assert all(hasattr(roles, role) for role in roles_of_the_contract)


def test_the_changelog_begins_with_the_version_that_is_built(page: OpenPage) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## \[(.+?)\]", page("CHANGELOG.md").text, re.MULTILINE)[0] in (version, "Unreleased")
