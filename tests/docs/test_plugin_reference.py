"""The reference of the contract is complete, as the docstrings say, and its examples run."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import footlight_plugins
from footlight_plugins import (
    Corpus,
    EngineSpec,
    UpdateClass,
    Verb,
    checks,
    contract,
    decisions,
    part,
    scaffolding,
    stages,
)
from footlight_plugins.loader import PluginState
from footlight_plugins.parts import PART_ROLES
from footlight_plugins.testing import AgentSuite, GeneratorSuite, RecommenderSuite
from footlight_plugins.testing.fixtures import PluginRegistry
from footlight_plugins.testing.generator import write_corpus

ROOT = Path(__file__).parents[2]
PAGE = "docs/plugin-reference.md"
OpenPage = Callable[[str], Any]


def _reference() -> Any:
    found = importlib.util.spec_from_file_location("plugin_reference", ROOT / "docs/reference.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


reference = _reference()
PART_CLASSES = [role for role in PART_ROLES.values() if issubclass(role, part.Part)]
METHODS = [(role, name) for role in reference.ROLES for name in reference._methods(role)]
OWN_METHODS = [getattr(getattr(role, name), "fget", getattr(role, name)) for role, name in METHODS]
EXAMPLES = {
    getattr(thing, "__qualname__", str(thing)): match[1]
    for thing in (*reference.HOOKS, *reference.ROLES, *OWN_METHODS, *reference.SUITES, PluginRegistry)
    if (match := re.search(r"Example\n-------\n::\n\n((?:    .*\n|\n)+)", (inspect.getdoc(thing) or "") + "\n"))
}


def test_the_page_is_what_the_docstrings_say(page: OpenPage) -> None:
    assert page(PAGE).text == reference.page(), "run: make reference"


@pytest.mark.parametrize("hook", reference.HOOKS, ids=lambda hook: hook.__name__)
def test_every_hook_has_its_page_with_an_example(page: OpenPage, hook: Any) -> None:
    assert f"### `{hook.__name__}{reference._signature(hook)}`" in page(PAGE).text
    assert hook.__name__ in EXAMPLES


@pytest.mark.parametrize(("role", "name"), METHODS, ids=[f"{role.__name__}.{name}" for role, name in METHODS])
def test_every_method_of_a_role_is_described(role: type, name: str) -> None:
    assert len((inspect.getdoc(getattr(role, name)) or "").split()) > 3


@pytest.mark.parametrize("record", [*reference.SPECS, *reference.RECORDS], ids=lambda record: record.__name__)
def test_every_field_is_described(record: type) -> None:
    notes = reference.field_notes(record)
    assert [field.name for field in fields(record) if not notes.get(field.name)] == []


@pytest.mark.parametrize("words", reference.ENUMS, ids=lambda words: words.__name__)
def test_every_word_is_described(words: Any) -> None:
    notes = reference.field_notes(words)
    assert [word.name for word in words if not notes.get(word.name)] == []


def test_everything_that_the_contract_exports_has_its_place(page: OpenPage) -> None:
    text = page(PAGE).text + "\n".join(page(name).text for name in ("docs/plugins.md", "docs/writing-plugins.md"))
    assert [name for name in footlight_plugins.__all__ if name not in text] == []


def test_every_state_of_a_plugin_has_its_place(page: OpenPage) -> None:
    assert all(f"`{state}`" in page(PAGE).text for state in PluginState)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    package = ModuleType("my_package")
    package.register_engines = lambda: [EngineSpec("mine", Verb.RECOMMEND, "1", "Mine.", "my_package:Mine")]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_package", package)
    known: dict[str, Any] = {"np": np}
    modules = ("footlight_plugins", "footlight_plugins.stages", "footlight_plugins.testing")
    exec("\n".join(["from __future__ import annotations", *(f"from {name} import *" for name in modules)]), known)
    exec(textwrap.dedent(EXAMPLES[name]), known)
    made = [value for value in known.values() if getattr(value, "__module__", "") in ("builtins", None)]
    assert made is not None and len(known) > 2


@pytest.mark.parametrize("module", [contract, checks, decisions, scaffolding, footlight_plugins.data])
def test_what_is_typed_into_a_shell_gives_what_stands_there(module: ModuleType) -> None:
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_every_base_class_of_the_contract_stands_among_the_roles() -> None:
    exported = (getattr(footlight_plugins, name) for name in footlight_plugins.__all__)
    bases = {one for one in exported if inspect.isclass(one) and inspect.isabstract(one)}
    assert {*bases, *stages.STAGE_ROLES.values(), *PART_CLASSES} - set(reference.ROLES) == set()


@pytest.mark.parametrize("role", reference.ROLES, ids=lambda role: role.__name__)
def test_every_method_of_a_role_has_an_example(role: type) -> None:
    shown = [name for name in reference._methods(role) if role in reference.EXAMPLES and reference._example(role, name)]
    told = [name for name in reference._methods(role) if "Example" in (inspect.getdoc(getattr(role, name)) or "")]
    assert {*shown, *told} == set(reference._methods(role))


def _shown(file: str, name: str) -> Any:
    known: dict[str, Any] = {"__name__": "shown"}
    exec((ROOT / "docs/examples/methods" / file).read_text(encoding="utf-8"), known)
    return known[name]


class TestTheRecommenderThatShowsEveryMethod(RecommenderSuite):
    spec = EngineSpec(
        "most-met",
        Verb.RECOMMEND,
        "1.0",
        "Most met.",
        "shown:MostMet",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        reads_catalogue=True,
        can_predict=True,
        fallback=True,
    )
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _shown("recommender.py", "MostMet")
        return found


class TestTheAgentThatShowsEveryMethod(AgentSuite):
    spec = EngineSpec("best-mean", Verb.ACT, "1.0", "Best mean.", "shown:BestMean")
    plugin_module = "footlight_plugins"

    def engine_class(self) -> type[Any]:
        found: type[Any] = _shown("agent.py", "BestMean")
        return found


class TestTheGeneratorThatShowsEveryMethod(GeneratorSuite):
    spec = EngineSpec("letters", Verb.GENERATE, "1.0", "Letters.", "shown:Letters")
    plugin_module = "footlight_plugins"
    broken_file = ("train/broken.txt", b"\xff")

    def corpus(self, folder: Path) -> Corpus:
        return write_corpus(folder, {f"train/{i}.txt": b"so many letters" * (i + 1) for i in range(24)})

    def engine_class(self) -> type[Any]:
        found: type[Any] = _shown("generator.py", "Letters")
        return found
