"""Dungeons are judged by solving them, and the generator of levels finds the rules."""

from __future__ import annotations

import pytest
from footlight_dungeon import register_parts
from footlight_dungeon.rules import Dungeon

from footlight_plugins import PartRole, find_part
from footlight_plugins.testing import RulesSuite
from footlight_plugins.testing.fixtures import PluginRegistry


@pytest.fixture
def loaded() -> None:
    registry = PluginRegistry()
    registry.add("footlight_dungeon", name="dungeon")
    assert [part.name for part in registry.load(strict=True).parts] == ["dungeon"]


@pytest.mark.parametrize(
    ("level", "steps", "doors"),
    [
        (["@.>"], 2, 0),
        (["@#>", "..."], 4, 0),
        (["k@D>"], 4, 1),
        (["kk@DD>"], 7, 2),
        (["@k.>", "##D#"], 3, 0),
    ],
)
def test_the_fewest_steps_are_found(level: list[str], steps: int, doors: int) -> None:
    judgement = Dungeon().judge(level)
    assert judgement.playable and judgement.facts == {"steps": steps, "doors_opened": doors}


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        (["..>"], "0 places to begin"),
        (["@@>"], "2 places to begin"),
        (["@.."], "no stairs"),
        (["@#>"], "cannot be reached"),
        (["@^>"], "cannot be reached"),
        (["@D>"], "cannot be reached"),
        (["k@DD>"], "cannot be reached"),
        (["@Dk>"], "cannot be reached"),
    ],
)
def test_what_cannot_be_played_says_why(level: list[str], reason: str) -> None:
    judgement = Dungeon().judge(level)
    assert not judgement.playable and reason in judgement.reason


def test_a_key_must_not_be_wasted_on_the_wrong_door() -> None:
    level = ["#####", "k@D.#", "#D###", "#>###"]  # the key opens one door, and only the lower one leads on
    assert Dungeon().judge(level).facts == {"steps": 4, "doors_opened": 1}


def test_the_rules_are_found_by_their_role_and_name(loaded: None) -> None:
    level = ["#####", "#@k>#", "#####"]
    assert find_part(PartRole.LEVEL_RULES, "dungeon").judge(level) == Dungeon().judge(level)


def test_the_generator_of_levels_takes_them(loaded: None) -> None:
    levels = pytest.importorskip("footlight_engines.generate.levels")
    level = ["k@D>"]
    assert levels.rules_of("dungeon", frozenset())[1].judge(level) == Dungeon().judge(level)
    assert levels.rules_of("auto", frozenset("#.@>kD"))[0] == "dungeon"
    assert levels.rules_of("auto", frozenset("#@$. "))[0] == "sokoban"


class TestDungeon(RulesSuite):
    spec = register_parts()[0]
    playable = ("#####", "#@kD#", "###>#", "#####")
