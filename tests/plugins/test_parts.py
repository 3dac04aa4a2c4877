"""Parts: offered by plug-ins, found by role and name, and isolated like everything else."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from footlight_plugins import Judgement, PartRole, PartSpec, PartUnavailable, Rules, find_part, impl, parts, parts_of
from footlight_plugins.loader import PluginState
from footlight_plugins.testing.fixtures import PluginRegistry

RULES = PartRole.LEVEL_RULES


class Easy(Rules):
    """Every level will do."""

    def judge(self, level: object) -> Judgement:
        return Judgement(True)


class Unfinished(Rules):
    """Lacks its method."""


def part(name: str = "easy", factory: str = "parts_of_a_stranger:Easy", **changes: object) -> PartSpec:
    return PartSpec(name, RULES, "1.0", "Easy.", factory, **changes)  # type: ignore[arg-type]


def offering(*specs: object) -> object:
    class Plugin:
        @impl
        def register_parts(self) -> object:
            return specs

    return Plugin()


@pytest.fixture(autouse=True)
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with parts; what is offered here is forgotten afterwards."""
    module = ModuleType("parts_of_a_stranger")
    module.Easy, module.Unfinished = Easy, Unfinished  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(parts, "_offered", {})


def test_a_part_is_found_by_its_role_and_name(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(part()), name="stranger")
    loaded = plugin_registry.load(strict=True)
    assert [one.name for one in loaded.parts] == ["easy"] == [one.name for one in parts_of(RULES)]
    assert find_part(RULES, "easy").judge(["#"]) == Judgement(True)


def test_of_two_with_one_name_the_first_is_used(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(part()), name="a-first")
    plugin_registry.add(offering(part(factory="nowhere:Other")), name="b-second")
    plugin_registry.load(strict=True)
    assert find_part(RULES, "easy").judge(["#"]) == Judgement(True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"factory": "nowhere_at_all:Easy"}, "could not be imported"),
        ({"factory": "parts_of_a_stranger:Missing"}, "could not be imported"),
        ({"factory": "parts_of_a_stranger:Unfinished"}, "must be a whole Rules"),
        ({"factory": "json:JSONDecoder"}, "must be a whole Rules"),
        ({"requires": ("no_such_library",)}, "needs no_such_library"),
    ],
)
def test_a_part_that_cannot_be_used_says_why(
    plugin_registry: PluginRegistry, changes: dict[str, str], reason: str
) -> None:
    plugin_registry.add(offering(part(**changes)), name="stranger")
    plugin_registry.load(strict=True)
    with pytest.raises(PartUnavailable, match=reason):
        find_part(RULES, "easy")


def test_a_part_that_is_not_there_is_named_with_those_that_are(plugin_registry: PluginRegistry) -> None:
    plugin_registry.add(offering(part()), name="stranger")
    plugin_registry.load(strict=True)
    with pytest.raises(PartUnavailable, match="no plug-in offers level-rules 'hard'; there are: easy"):
        find_part(RULES, "hard")


@pytest.mark.parametrize("offered", ["easy", part(api_version=9)])
def test_what_is_no_part_of_this_contract_fails_alone(plugin_registry: PluginRegistry, offered: object) -> None:
    plugin_registry.add(offering(offered), name="a-broken-one")
    plugin_registry.add(offering(part()), name="good")
    states = [status.state for status in plugin_registry.load().statuses]
    assert states[0] is not PluginState.LOADED and states[1] is PluginState.LOADED


@pytest.mark.parametrize("wrong", [{"name": "A b"}, {"factory": "nothing"}, {"role": "chef"}])
def test_a_malformed_part_is_refused(wrong: dict[str, str]) -> None:
    facts: dict[str, Any] = {"name": "easy", "role": RULES, "version": "1", "summary": "", "factory": "a:B", **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PartSpec(**facts)
