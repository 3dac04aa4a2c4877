"""The rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from footlight_plugins import Judgement, Rules
from footlight_plugins.rules import Grid

WALL, FLOOR, START, STAIRS, KEY, DOOR, TRAP = "#.@>kD^"
MOST_STATES = 200_000
"""So many places with what has been taken and opened are looked at; what is undecided then counts as not playable."""

Cell: TypeAlias = tuple[int, int]
State: TypeAlias = tuple[Cell, frozenset[Cell]]
"""Where one stands, and which keys were taken and doors opened. How many keys are left follows from it."""


class Dungeon(Rules):
    """``#`` wall, ``.`` floor, ``@`` start, ``>`` stairs, ``k`` key, ``D`` locked door, ``^`` trap."""

    colours: Mapping[str, tuple[int, int, int]] = {  # nobody changes it
        WALL: (60, 56, 72),
        FLOOR: (222, 214, 196),
        START: (38, 139, 210),
        STAIRS: (133, 153, 0),
        KEY: (220, 176, 32),
        DOOR: (150, 90, 40),
        TRAP: (200, 60, 50),
    }

    turns = True

    def fits(self, symbols: frozenset[str]) -> bool:
        """When there are a start and stairs, and nothing that is unknown here."""
        return {START, STAIRS} <= symbols <= set(self.colours)

    def judge(self, level: Grid) -> Judgement:
        """Find the fewest steps to the stairs."""
        tiles = {(y, x): tile for y, row in enumerate(level) for x, tile in enumerate(row)}
        starts = [cell for cell, tile in tiles.items() if tile == START]
        if len(starts) != 1:
            return Judgement(False, f"{len(starts)} places to begin, expected one")
        if STAIRS not in tiles.values():
            return Judgement(False, "there are no stairs")
        return _solved(tiles, starts[0])


def _solved(tiles: Mapping[Cell, str], start: Cell) -> Judgement:
    """Breadth first over places and what has been taken and opened."""
    first: State = (start, frozenset())
    steps, queue = {first: 0}, deque([first])
    while queue and len(steps) < MOST_STATES:
        state = queue.popleft()
        if tiles[state[0]] == STAIRS:
            opened = sum(tiles[cell] == DOOR for cell in state[1])
            return Judgement(True, facts={"steps": steps[state], "doors_opened": opened})
        for following in _moves(tiles, state):
            if following not in steps:
                steps[following] = steps[state] + 1
                queue.append(following)
    return Judgement(False, "the stairs cannot be reached" if not queue else f"undecided after {len(steps):,} states")


def _moves(tiles: Mapping[Cell, str], state: State) -> Iterator[State]:
    (y, x), done = state
    for cell in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
        tile = tiles.get(cell, WALL)
        if tile in (WALL, TRAP) or (tile == DOOR and cell not in done and _keys(tiles, done) < 1):
            continue
        yield cell, (done | {cell} if tile in (KEY, DOOR) else done)


def _keys(tiles: Mapping[Cell, str], done: frozenset[Cell]) -> int:
    """How many keys are left: those that were taken without those that doors have used up."""
    return sum(1 if tiles[cell] == KEY else -1 for cell in done)
