"""Levels, their rules, and the solver."""

from __future__ import annotations

import lzma
import os
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footlight_engines.generate.level_files import read_levels
from footlight_engines.generate.level_gan import _counted, _fixed_counts
from footlight_engines.generate.levels import Anything, Sokoban, rules_of

EASY = ["#####", "#@$.#", "#####"]


def replayed(level: list[str], solution: str) -> bool:
    """Whether the moves bring every box to a goal."""
    cells = {(y, x): c for y, row in enumerate(level) for x, c in enumerate(row)}
    boxes, goals = ({place for place, c in cells.items() if c in kinds} for kinds in ("$*", ".*+"))
    y, x = next(place for place, c in cells.items() if c in "@+")
    for letter in solution:
        dy, dx = {"u": (-1, 0), "d": (1, 0), "l": (0, -1), "r": (0, 1)}[letter.lower()]
        y, x = y + dy, x + dx
        assert cells[y, x] != "#"
        if (y, x) in boxes:
            assert cells[y + dy, x + dx] != "#" and (y + dy, x + dx) not in boxes
            boxes = boxes - {(y, x)} | {(y + dy, x + dx)}
    return boxes == goals


def fewest_pushes(level: list[str]) -> int | None:
    """By looking at every state, push by push: slow and obvious."""
    cells = {(y, x): c for y, row in enumerate(level) for x, c in enumerate(row)}
    boxes, goals = (frozenset(place for place, c in cells.items() if c in kinds) for kinds in ("$*", ".*+"))
    player = next(place for place, c in cells.items() if c in "@+")
    seen, queue = {(player, boxes)}, deque([(player, boxes, 0)])
    while queue:
        (y, x), boxes, pushes = queue.popleft()
        if boxes == goals:
            return pushes
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            to, beyond = (y + dy, x + dx), (y + 2 * dy, x + 2 * dx)
            if cells[to] == "#" or (to in boxes and (cells[beyond] == "#" or beyond in boxes)):
                continue
            state = (to, boxes - {to} | {beyond}) if to in boxes else (to, boxes)
            if state not in seen:
                seen.add(state)
                step = (*state, pushes + (to in boxes))
                queue.append(step) if to in boxes else queue.appendleft(step)
    return None


def test_a_level_is_solved_with_the_moves_that_do_it() -> None:
    assert Sokoban().judge(EASY).facts == {"pushes": 1, "moves": 1, "solution": "R"}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_the_solver_finds_the_fewest_pushes_or_that_there_are_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner = rng.choice(list("  #"), (4, 5))
    for symbol, place in zip("@$$..", rng.permutation(20)[:5], strict=True):
        inner.flat[place] = symbol
    level = ["#" * 7, *("#" + "".join(row) + "#" for row in inner), "#" * 7]
    found, fewest = Sokoban().judge(level), fewest_pushes(level)
    assert found.playable == (fewest is not None)
    if found.playable:
        assert found.facts["pushes"] == fewest and replayed(level, found.facts["solution"])


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        (["#####", "# $.#", "#####"], "0 players"),
        (["#####", "#@$ #", "#####"], "1 boxes and 0 goals"),
        (["#####", "@ $.#", "#####"], "border"),
        (["######", "#@ * #", "######"], "solved already"),
        (["#####", "#$@.#", "#####"], "no solution"),
    ],
)
def test_what_cannot_be_played_says_why(level: list[str], reason: str) -> None:
    found = Sokoban().judge(level)
    assert not found.playable and reason in found.reason


def test_a_search_that_is_given_up_proves_nothing() -> None:
    rules = Sokoban()
    rules.limit = 1
    assert "undecided" in rules.judge(["########", "#@ $  .#", "#      #", "########"]).reason


def test_levels_are_set_apart_by_empty_lines_and_comments() -> None:
    assert read_levels("; 1\n##\n#\n\n\n; 2\n@.\n") == [["##", "# "], ["@."]]


def test_rules_are_found_by_the_symbols() -> None:
    assert isinstance(rules_of("auto", frozenset("#@$. "))[1], Sokoban)
    assert isinstance(rules_of("auto", frozenset("~^"))[1], Anything)
    with pytest.raises(ValueError, match="sokoban, none"):
        rules_of("chess", frozenset())


def test_what_every_level_has_the_same_number_of_is_kept() -> None:
    grids = np.zeros((3, 6, 6), np.uint8)
    grids[:, 0, 0], grids[0, 1, 1], grids[1:, 2, 2] = 1, 2, 3
    assert _fixed_counts(grids, 4) == {"1": 1}
    likely = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (6, 6)).transpose(2, 0, 1)).astype(np.float32)
    assert (_counted(likely, {1: 1, 3: 2}) == 3).sum() == 2 and (_counted(likely, {1: 1, 3: 2}) == 1).sum() == 1


DATA = os.environ.get("FOOTLIGHT_DATA", "")


@pytest.mark.skipif(not DATA, reason="needs $FOOTLIGHT_DATA")
def test_real_levels_are_solved() -> None:
    with lzma.open(Path(DATA) / "boxoban" / "medium-valid-1k.txt.xz", "rt") as file:
        levels = read_levels(file.read())[:60]
    judged = [Sokoban().judge(level) for level in levels]
    assert all(
        one.playable and replayed(level, one.facts["solution"]) for one, level in zip(judged, levels, strict=True)
    )
