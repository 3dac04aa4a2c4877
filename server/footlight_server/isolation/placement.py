"""Which parts have a cell: those of isolated plug-ins that are asked by engines, and asset stages."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from footlight_plugins import PartRole, PartSpec
from footlight_plugins.loader import Plugins
from footlight_plugins.placing import place_with
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation.celled import celled
from footlight_server.isolation.cells import Cell, Offer


class Cells:
    """The cells of one process. Any thread may ask."""

    def __init__(self, plugins: Plugins, limits: Limits, seconds: Mapping[str, float] | None = None) -> None:
        """``limits`` say which plug-ins are isolated, by their own names or their distributions'."""
        self._plugins, self._limits, self._seconds = plugins, limits, seconds or {}
        self._isolated = {one.name for one in plugins.named(limits.isolated_plugins)}
        self._cells: dict[Offer, Cell] = {}
        self._lock = threading.Lock()

    def place(self, spec: Offer) -> Any | None:
        """A part that lives in a process; None where its plug-in is not isolated, or the part has a process by other means.

        Raises
        ------
        PartFailed
            When it could not be made.
        """
        plugin = self._plugins.plugin_of_part(spec)
        if plugin not in self._isolated or (isinstance(spec, PartSpec) and spec.role is not PartRole.LEVEL_RULES):
            return None
        with self._lock:
            if (cell := self._cells.get(spec)) is None:
                seconds = self._seconds.get(str(spec.role), 0.0)
                cell = self._cells[spec] = Cell(spec, plugin, self._limits, seconds)
        return celled(cell)

    @property
    def any(self) -> bool:
        """Whether any plug-in is isolated."""
        return bool(self._isolated)

    @property
    def at_work(self) -> list[Cell]:
        """Those that were asked for."""
        with self._lock:
            return list(self._cells.values())

    def of(self, spec: Offer) -> Cell | None:
        """The cell of a part; None where it has none."""
        return self._cells.get(spec)

    def close(self) -> None:
        """End all of them."""
        for cell in self.at_work:
            cell.close()


def keep_apart(plugins: Plugins, limits: Limits, nested: bool = False) -> Cells:
    """From now on whoever asks for a part in this process gets it in a cell, where its plug-in is isolated."""
    cells = Cells(plugins, replace(limits, nested=nested))
    place_with(cells.place if cells.any else None)
    return cells
