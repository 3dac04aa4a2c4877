"""Pieces of ground that are connected by steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel


@kernel()
def largest_connected(cells: NDArray[np.bool_], down: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece, by flooding each from its first cell; of equal ones that which begins first, row by row.

    Parameters
    ----------
    cells
        Shape (R, C): which belong to any piece.
    down, right
        Shapes (R - 1, C) and (R, C - 1): whether a cell is connected with the one below it, and with the one to the right.
        Both cells of a connection must belong to a piece.

    Returns
    -------
    Shape (R, C): which belong to the largest.
    """
    rows, columns = cells.shape
    piece = np.full((rows, columns), -1, np.int64)
    waiting = np.empty(rows * columns, np.int64)  # each cell waits once at most
    pieces, largest, most = 0, -1, 0
    for start in range(rows * columns):
        if not cells[start // columns, start % columns] or piece[start // columns, start % columns] >= 0:
            continue
        waiting[0], piece[start // columns, start % columns] = start, pieces
        done, size = 0, 1  # of those that waited: looked at, and all
        while done < size:
            r, c = waiting[done] // columns, waiting[done] % columns
            done += 1
            for way in range(4):
                if way == 0:
                    open_, y, x = r + 1 < rows and down[r, c], r + 1, c
                elif way == 1:
                    open_, y, x = r > 0 and down[r - 1, c], r - 1, c
                elif way == 2:
                    open_, y, x = c + 1 < columns and right[r, c], r, c + 1
                else:
                    open_, y, x = c > 0 and right[r, c - 1], r, c - 1
                if open_ and piece[y, x] < 0:
                    piece[y, x] = pieces
                    waiting[size] = y * columns + x
                    size += 1
        if size > most:
            largest, most = pieces, size
        pieces += 1
    found: NDArray[np.bool_] = (piece == largest) & cells
    return found
