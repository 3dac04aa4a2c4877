"""The curve of a training, short enough to keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LossHistory:
    """Means of the losses over equal stretches of steps: at most ``limit`` points, however long the training.

    >>> history = LossHistory(["loss"], limit=2)
    >>> for loss in (4.0, 2.0, 1.0, 1.0):
    ...     history.add([loss])
    >>> history.as_json()
    {'steps_per_point': 2, 'loss': [3.0, 1.0]}
    """

    def __init__(self, names: list[str], limit: int = 2000) -> None:
        """An empty history of the named losses; ``limit`` is even."""
        self._names = names
        self._limit = limit
        self._stride = 1
        self._points: list[list[float]] = []
        self._open: list[list[float]] = []

    def add(self, losses: list[float]) -> None:
        """Take in the losses of one step, in the order of the names."""
        if len(self._points) == self._limit:  # halve the resolution: each two neighbours become their mean
            self._points = [_mean(self._points[i : i + 2]) for i in range(0, self._limit, 2)]
            self._stride *= 2
        self._open.append(losses)
        if len(self._open) == self._stride:
            self._points.append(_mean(self._open))
            self._open = []

    def as_json(self) -> dict[str, Any]:
        """``steps_per_point`` and a list of means for each loss; steps after the last full stretch are left out."""
        columns = {name: [point[i] for point in self._points] for i, name in enumerate(self._names)}
        return {"steps_per_point": self._stride, **columns}

    def state(self) -> dict[str, Any]:
        """Everything, as JSON can hold it exactly."""
        return {"stride": self._stride, "points": self._points, "open": self._open}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._stride, self._points, self._open = state["stride"], list(state["points"]), list(state["open"])


def _mean(rows: list[list[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]
