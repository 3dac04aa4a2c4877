"""Sokoban: the fewest pushes that solve a level, or the proof that none do.

A* over pushes. A state is the set of boxes and the smallest cell that the player can walk to, packed into 64 bits: seven
boxes at most, cells numbered below 255. Pruning is safe (cells from which no goal can be reached, frozen squares of
2 x 2), so an exhausted search is a proof.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

SOLVED, UNSOLVABLE, UNDECIDED = 1, 0, -1
MOST_BOXES = 7
MOST_CELLS = 255
_FAR = 1 << 20
_LONGEST = 1_024
"""Estimates of the whole solution above this many pushes are treated as equal."""


@part()
def push_distances(walls: NDArray[np.bool_], width: int, goals: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many pushes a box alone on the board needs to a goal: (goals, cells), far where it cannot be brought there.

    Parameters
    ----------
    walls
        Shape (cells,), row by row; the border is of walls.
    width
        Cells in a row.
    goals
        Shape (g,), the cells of the goals.
    """
    cells = walls.shape[0]
    steps = np.array([-width, width, -1, 1])
    distance = np.full((goals.shape[0], cells), _FAR, np.int64)
    queue = np.empty(cells, np.int64)
    for g in range(goals.shape[0]):
        distance[g, goals[g]] = 0
        queue[0] = goals[g]
        head, tail = 0, 1
        while head < tail:
            cell = queue[head]
            head += 1
            for step in steps:  # the box came from `source`, pushed from the cell behind that
                source, player = cell - step, cell - 2 * step
                if player < 0 or player >= cells or walls[source] or walls[player]:
                    continue
                if distance[g, source] == _FAR:
                    distance[g, source] = distance[g, cell] + 1
                    queue[tail] = source
                    tail += 1
    return distance


@part()
def _estimate(boxes: NDArray[np.int64], distance: NDArray[np.int64], table: NDArray[np.int64]) -> int:
    """The cheapest assignment of the boxes to goals, each goal at most once, by dynamic programming over sets of goals."""
    count, goals = boxes.shape[0], distance.shape[0]
    table[:] = _FAR
    table[0] = 0
    for chosen in range(1 << goals):
        if table[chosen] >= _FAR:
            continue
        box = 0
        for g in range(goals):
            box += (chosen >> g) & 1
        if box >= count:
            continue
        for g in range(goals):
            if not (chosen >> g) & 1:
                cost = table[chosen] + distance[g, boxes[box]]
                if cost < table[chosen | 1 << g]:
                    table[chosen | 1 << g] = cost
    best = _FAR
    for chosen in range(1 << goals):
        size = 0
        for g in range(goals):
            size += (chosen >> g) & 1
        if size == count and table[chosen] < best:
            best = table[chosen]
    return best


@part()
def _flood(
    start: int,
    walls: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    width: int,
    reached: NDArray[np.bool_],
    queue: NDArray[np.int64],
) -> int:
    """Mark the cells that the player can walk to; answers the smallest."""
    reached[:] = False
    reached[start] = True
    queue[0] = start
    head, tail, smallest = 0, 1, start
    while head < tail:
        cell = queue[head]
        head += 1
        smallest = min(smallest, cell)
        for step in (-width, width, -1, 1):
            other = cell + step
            if not (walls[other] or taken[other] or reached[other]):
                reached[other] = True
                queue[tail] = other
                tail += 1
    return smallest


@part()
def _frozen(cell: int, walls: NDArray[np.bool_], taken: NDArray[np.bool_], goal: NDArray[np.bool_], width: int) -> bool:
    """Whether the box at a cell lies in a square of 2 x 2 walls and boxes with a box that is on no goal."""
    for dy in (-width, width):
        for dx in (-1, 1):
            stuck, off = True, False
            for other in (cell, cell + dy, cell + dx, cell + dy + dx):
                stuck = stuck and (walls[other] or taken[other])
                off = off or (taken[other] and not goal[other])
            if stuck and off:
                return True
    return False


@kernel()
def solve(
    walls: NDArray[np.bool_], width: int, goals: NDArray[np.int64], start: NDArray[np.int64], player: int, limit: int
) -> tuple[int, NDArray[np.int64], int]:
    """The fewest pushes that bring every box to a goal.

    Parameters
    ----------
    walls
        Shape (cells,), row by row; the border is of walls, at most 255 cells.
    width
        Cells in a row.
    goals
        Shape (g,), g at most 7.
    start
        Shape (n,), the cells of the boxes, n at most g.
    player
        The player's cell.
    limit
        At most so many states are looked at.

    Returns
    -------
    ``SOLVED``, ``UNSOLVABLE`` or ``UNDECIDED`` (the limit was reached); the pushes, shape (p, 2): the cell of the box and
    the step of the push; how many states were looked at.
    """
    cells, count = walls.shape[0], start.shape[0]
    steps = np.array([-width, width, -1, 1])
    distance = push_distances(walls, width, goals)
    alive = np.zeros(cells, np.bool_)
    goal = np.zeros(cells, np.bool_)
    for g in range(goals.shape[0]):
        goal[goals[g]] = True
        for cell in range(cells):
            alive[cell] = alive[cell] or distance[g, cell] < _FAR

    room = limit + 1  # nodes, and a hash table at most half full
    size = 4
    while size < 2 * room:
        size *= 2
    slots = np.full(size, -1, np.int64)
    keys, depth, parent = np.empty(room, np.uint64), np.empty(room, np.int64), np.empty(room, np.int64)
    pushed, closed = np.empty((room, 2), np.int64), np.zeros(room, np.bool_)
    nodes = 0
    entries = 4 * room  # a node is queued again when a shorter way to it is found
    queued, following = np.empty(entries, np.int64), np.empty(entries, np.int64)
    heads = np.full(_LONGEST + 1, -1, np.int64)
    used = 0

    taken, reached = np.zeros(cells, np.bool_), np.zeros(cells, np.bool_)
    queue, table = np.empty(cells, np.int64), np.empty(1 << goals.shape[0], np.int64)
    boxes, moved = np.sort(start), np.empty(count, np.int64)
    nothing = np.empty((0, 2), np.int64)
    for box in boxes:
        taken[box] = True
        if not alive[box]:
            return UNSOLVABLE, nothing, 0
    first = _estimate(boxes, distance, table)
    if first >= _FAR:
        return UNSOLVABLE, nothing, 0
    key = np.uint64(_flood(player, walls, taken, width, reached, queue))
    for box in boxes:
        key = (key << np.uint64(8)) | np.uint64(box)
    keys[0], depth[0], parent[0], nodes = key, 0, -1, 1
    slots[np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) % size] = 0
    queued[0], following[0], used = 0, -1, 1
    lowest = min(first, _LONGEST)
    heads[lowest] = 0
    looked = 0

    while lowest <= _LONGEST:
        entry = heads[lowest]
        if entry < 0:
            lowest += 1
            continue
        heads[lowest] = following[entry]  # the newest of the best estimate first
        node = queued[entry]
        if closed[node]:
            continue
        closed[node] = True
        looked += 1
        key = keys[node]
        taken[:] = False
        for b in range(count - 1, -1, -1):
            boxes[b] = np.int64(key & np.uint64(255))
            taken[boxes[b]] = True
            key >>= np.uint64(8)
        done = True
        for box in boxes:
            done = done and goal[box]
        if done:
            way = np.empty((depth[node], 2), np.int64)
            at = node
            while parent[at] >= 0:
                way[depth[at] - 1, 0], way[depth[at] - 1, 1] = pushed[at, 0], pushed[at, 1]
                at = parent[at]
            return SOLVED, way, looked
        _flood(int(key), walls, taken, width, reached, queue)
        here = reached.copy()
        for b in range(count):
            box = boxes[b]
            for step in steps:
                target = box + step
                if not here[box - step] or walls[target] or taken[target] or not alive[target]:
                    continue
                taken[box], taken[target] = False, True
                if not _frozen(target, walls, taken, goal, width):
                    moved[:] = boxes
                    moved[b] = target
                    moved.sort()
                    left = _estimate(moved, distance, table)
                    if left < _FAR:
                        key = np.uint64(_flood(box, walls, taken, width, reached, queue))
                        for other in moved:
                            key = (key << np.uint64(8)) | np.uint64(other)
                        slot = np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) % size
                        while slots[slot] >= 0 and keys[slots[slot]] != key:
                            slot = (slot + 1) % size
                        found, deep = slots[slot], depth[node] + 1
                        if found < 0 or (deep < depth[found] and not closed[found]):
                            if found < 0:
                                if nodes >= room or used >= entries:
                                    return UNDECIDED, nothing, looked
                                found = nodes
                                slots[slot] = found
                                keys[found] = key
                                nodes += 1
                            if used >= entries:
                                return UNDECIDED, nothing, looked
                            depth[found], parent[found] = deep, node
                            pushed[found, 0], pushed[found, 1] = box, step
                            total = min(deep + left, _LONGEST)
                            queued[used], following[used] = found, heads[total]
                            heads[total] = used
                            used += 1
                            lowest = min(lowest, total)
                taken[box], taken[target] = True, False
    return UNSOLVABLE, nothing, looked
