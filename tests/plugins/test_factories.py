"""From a descriptor to the class, and what is said when that fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from footlight_plugins import EngineSpec, Verb
from footlight_plugins.loader import EngineUnavailable, load_plugins, missing_requirements, resolve_factory

SPEC = EngineSpec("some-engine", Verb.RECOMMEND, "1", "A summary.", "some_module:Engine")

MODULE = """
from footlight_plugins import Agent, Recommender

class Engine(Recommender):
    def __init__(self, options): ...
    def fit(self, events, run): return {}
    def apply(self, events): return 0
    def knows(self, user): return False
    def recommend(self, query): ...
    def state(self): ...
    def load(self, state): ...

class Unfinished(Recommender):
    def fit(self, events, run): return {}

class Oddly(Engine):
    options_type = dict

class AnAgent(Agent): ...

not_a_class = 5
"""


@pytest.fixture(autouse=True)
def some_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "some_module.py").write_text(MODULE)
    (tmp_path / "exiting_module.py").write_text("raise SystemExit('bye')")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("some_module", None)


def test_a_factory_is_imported_when_asked_for() -> None:
    assert "some_module" not in sys.modules
    assert resolve_factory(SPEC).__name__ == "Engine"


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("no_such_module:Engine", "could not be imported from 'no_such_module:Engine': ModuleNotFoundError"),
        ("some_module:Missing", "could not be imported from 'some_module:Missing': AttributeError"),
        ("exiting_module:Engine", "SystemExit: bye"),
        ("some_module:AnAgent", "must be a subclass of footlight_plugins.Recommender"),
        ("some_module:not_a_class", "must be a subclass of footlight_plugins.Recommender"),
        ("some_module:Unfinished", "lacks the methods __init__, apply, knows, load, recommend, state"),
        ("some_module:Oddly", "must be a subclass of footlight_plugins.Options"),
    ],
)
def test_a_wrong_factory_makes_the_engine_unavailable(factory: str, message: str) -> None:
    with pytest.raises(EngineUnavailable, match=r"'some-engine'") as raised:
        resolve_factory(replace(SPEC, factory=factory))
    assert message in str(raised.value)


def test_a_built_in_that_lacks_a_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    spec = replace(SPEC, factory="footlight_engines.some:Engine", requires=("torch",))
    with pytest.raises(EngineUnavailable) as raised:
        resolve_factory(spec)
    assert str(raised.value) == "engine 'some-engine' needs torch: pip install 'footlight[torch]'"


def test_a_foreign_engine_that_lacks_a_library_names_it() -> None:
    spec = replace(SPEC, requires=("no_such_library", "json", "nor_this"))
    with pytest.raises(EngineUnavailable, match="needs no_such_library and nor_this: install"):
        resolve_factory(spec)


def test_looking_for_requirements_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "explosive.py").write_text("raise RuntimeError")
    spec = replace(SPEC, requires=("explosive", "explosive.inner", "absent.inner"))
    assert missing_requirements(spec) == ("absent.inner",)


def test_a_module_without_a_spec_counts_as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    assert missing_requirements(replace(SPEC, requires=("made_by_hand",))) == ()


@pytest.mark.parametrize("engine", sorted(load_plugins().engines))
def test_every_installed_engine_can_be_resolved(engine: str) -> None:
    spec = load_plugins().engines[engine]
    assert resolve_factory(spec).__name__ == spec.factory.partition(":")[2]
