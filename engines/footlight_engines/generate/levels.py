"""Levels as text: one symbol a tile, one line a row; and the rules that say which of them can be played.

Rules are parts: a plug-in brings others by the hook `register_parts`, in the role ``level-rules``.
"""

from __future__ import annotations

import importlib.metadata
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Judgement, PartRole, Rules, find_rules, parts_of
from footlight_plugins.rules import Grid

__all__ = ["Grid", "Judgement", "Rules", "colour_of", "rules_of"]

GROUP = "footlight.rules"
"""An entry-point group that named rules before there were parts; what is found there is used as well."""


class Anything(Rules):
    """Every level will do."""

    def judge(self, level: Grid) -> Judgement:
        """Yes."""
        return Judgement(True)


class Sokoban(Rules):
    """# wall, @ player, $ box, . goal, * box on a goal, + player on a goal, space floor."""

    colours: Mapping[str, tuple[int, int, int]] = {  # nobody changes it
        "#": (84, 78, 104),
        " ": (238, 232, 213),
        "@": (38, 139, 210),
        "+": (38, 139, 210),
        "$": (181, 137, 0),
        ".": (220, 50, 47),
        "*": (133, 153, 0),
    }
    turns = True
    limit = 100_000
    """At most so many states are looked at; what is undecided then counts as not playable."""

    def fits(self, symbols: frozenset[str]) -> bool:
        """When there are walls, players, boxes and goals, and nothing else."""
        return {"#", "@", "$"} <= symbols <= set("#@$.*+ ")

    def repaired(self, level: Grid) -> Grid:
        """With walls along its border, where the corpus has nothing else either."""
        width = len(level[0])
        inner = ["#" + row[1:-1] + "#" for row in level[1:-1]]
        return ["#" * width, *inner, "#" * width]

    def judge(self, level: Grid) -> Judgement:
        """Solve it with the fewest pushes."""
        from footlight_engines.kernels.sokoban import MOST_BOXES, MOST_CELLS, SOLVED, solve

        cells = np.array([list(row) for row in level])
        players = np.flatnonzero(np.isin(cells, ["@", "+"]))
        boxes, goals = np.flatnonzero(np.isin(cells, ["$", "*"])), np.flatnonzero(np.isin(cells, [".", "*", "+"]))
        if len(players) != 1 or not len(boxes) or len(boxes) != len(goals):
            return Judgement(False, f"{len(players)} players, {len(boxes)} boxes and {len(goals)} goals")
        if len(boxes) > MOST_BOXES or cells.size > MOST_CELLS:
            return Judgement(False, f"more than {MOST_BOXES} boxes or {MOST_CELLS} cells cannot be solved here")
        walls = cells == "#"
        if not (walls[0].all() and walls[-1].all() and walls[:, 0].all() and walls[:, -1].all()):
            return Judgement(False, "its border is open")
        if len(boxes) == np.isin(cells, ["*"]).sum():
            return Judgement(False, "it is solved already")
        board = walls.ravel(), cells.shape[1], goals.astype(np.int64), boxes.astype(np.int64), int(players[0])
        outcome, pushes, looked = solve(*board, self.limit)
        if outcome != SOLVED:
            return Judgement(False, "no solution" if outcome == 0 else f"undecided after {looked:,} states")
        solution = moves(board[0], board[1], boxes, int(players[0]), pushes)
        return Judgement(True, facts={"pushes": len(pushes), "moves": len(solution), "solution": solution})


_LETTERS = "udlr"


def moves(
    walls: NDArray[np.bool_], width: int, boxes: NDArray[np.int64], player: int, pushes: NDArray[np.int64]
) -> str:
    """A solution as the player's moves: u, d, l, r, in capitals where a box is pushed."""
    steps = dict(zip((-width, width, -1, 1), _LETTERS, strict=True))
    taken, text = set(boxes.tolist()), ""
    for box, step in pushes.tolist():
        text += _walk(walls, taken, player, box - step, steps) + steps[step].upper()
        taken.remove(box)
        taken.add(box + step)
        player = box
    return text


def _walk(walls: NDArray[np.bool_], taken: set[int], start: int, end: int, steps: Mapping[int, str]) -> str:
    """A shortest walk around walls and boxes."""
    ways = {start: ""}
    queue = deque([start])
    while queue and end not in ways:
        cell = queue.popleft()
        for step, letter in steps.items():
            if cell + step not in ways and not walls[cell + step] and cell + step not in taken:
                ways[cell + step] = ways[cell] + letter
                queue.append(cell + step)
    return ways[end]


def rules_of(name: str, symbols: frozenset[str]) -> tuple[str, Rules]:
    """The rules of a name; ``auto`` finds those that fit the symbols.

    Raises
    ------
    ValueError
        When there are none of that name.
    """
    known: dict[str, type[Rules]] = {"sokoban": Sokoban, "none": Anything}
    offered = [spec.name for spec in parts_of(PartRole.LEVEL_RULES) if spec.name not in known]
    if name == "auto":
        return _fitting(known, offered, symbols)
    if name in known:
        return name, known[name]()
    if name in offered:
        return name, find_rules(name)
    return name, _of_entry_point(name, [*known, *offered])


def _fitting(known: Mapping[str, type[Rules]], offered: list[str], symbols: frozenset[str]) -> tuple[str, Rules]:
    """The first rules that say that they fit; those that fit everything where none do."""
    makers: dict[str, Callable[[], Rules]] = {
        **known,
        **{name: partial(find_rules, name) for name in offered},
    }
    for name, make in makers.items():
        if (rules := make()).fits(symbols):
            return name, rules
    return "none", Anything()


def _of_entry_point(name: str, others: list[str]) -> Rules:
    brought = {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
    if name not in brought:
        raise ValueError(f"rules must be auto, {', '.join([*others, *brought])}, not {name!r}")
    found = brought[name].load()
    if not (isinstance(found, type) and issubclass(found, Rules)):
        raise ValueError(f"the rules {name!r} of {brought[name].value} must be a subclass of Rules")
    return found()


def colour_of(symbol: str, rules: Rules) -> tuple[int, int, int]:
    """How a symbol is drawn."""
    if symbol in rules.colours:
        return rules.colours[symbol]
    shade = np.random.default_rng(ord(symbol)).integers(40, 230, 3)
    return int(shade[0]), int(shade[1]), int(shade[2])
