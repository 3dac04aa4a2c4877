"""Terrain that can be walked on: smoothed, scaled, with a navigation mask and a place to begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from footlight_engines.kernels.ground_pieces import largest_connected


@dataclass(frozen=True, slots=True)
class Ground:
    """What somebody can walk on."""

    heights: NDArray[np.float64]
    """(R, C), in metres."""
    walkable: NDArray[np.bool_]
    """(R, C): the largest piece that is connected by steps."""
    relief: float
    """From the lowest to the highest point, in metres."""
    spawn: tuple[int, int]
    """The row and column of the walkable cell that is nearest to the middle of the walkable ground."""

    @property
    def share(self) -> float:
        """How much of the ground can be walked on."""
        return float(self.walkable.mean())


@dataclass(frozen=True, slots=True)
class Walk:
    """What somebody can do."""

    cell: float
    """Metres."""
    step: float
    """Metres."""
    slope: float
    """Degrees."""


def smoothed(heights: NDArray[np.floating]) -> NDArray[np.float64]:
    """The median of 3 x 3: single cells that stick out are gone, edges stay."""
    padded = np.pad(heights.astype(np.float64), 1, mode="edge")
    return np.median(sliding_window_view(padded, (3, 3)), axis=(2, 3))


def ground_of(heights: NDArray[np.floating], walk: Walk, relief: float, wanted: float) -> Ground:
    """The ground at the largest relief, at most the one given, at which the wanted share is walkable in one piece."""
    shape = smoothed(heights)
    shape = (shape - shape.min()) / max(np.ptp(shape), 1e-9)
    high = _walked(shape * relief, walk, relief)
    if high.share >= wanted:
        return high
    low, best = 0.0, _walked(shape * relief * 1e-3, walk, relief * 1e-3)
    for _ in range(12):  # the share falls as the relief grows
        middle = (low + relief) / 2
        found = _walked(shape * middle, walk, middle)
        if found.share >= wanted:
            low, best = middle, found
        else:
            relief = middle
    return best


def _walked(heights: NDArray[np.float64], walk: Walk, relief: float) -> Ground:
    dy, dx = np.gradient(heights, walk.cell)
    gentle = np.hypot(dy, dx) <= np.tan(np.radians(walk.slope))
    walkable = largest_piece(heights, gentle, walk.step)
    return Ground(heights, walkable, relief, _middle(walkable))


def largest_piece(heights: NDArray[np.float64], gentle: NDArray[np.bool_], step: float) -> NDArray[np.bool_]:
    """The largest set of gentle cells that are connected by steps of at most ``step`` to a neighbour: (R, C)."""
    down = gentle[:-1] & gentle[1:] & (np.abs(np.diff(heights, axis=0)) <= step)
    right = gentle[:, :-1] & gentle[:, 1:] & (np.abs(np.diff(heights, axis=1)) <= step)
    return largest_connected(gentle, down, right)


def _middle(walkable: NDArray[np.bool_]) -> tuple[int, int]:
    places = np.argwhere(walkable)
    if not len(places):
        return walkable.shape[0] // 2, walkable.shape[1] // 2
    nearest = ((places - places.mean(0)) ** 2).sum(1).argmin()
    return int(places[nearest, 0]), int(places[nearest, 1])
