"""What people see: tables, numbers, times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

_WHOLE_COLUMNS = 2  # names and ids are there to be copied: they are not broken into lines


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    """A table; columns whose name starts with "#" hold numbers. Nothing in a cell is taken for markup."""
    grid = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        justify: Literal["left", "right"] = "right" if column.startswith("#") else "left"
        name = column.removeprefix("#")
        grid.add_column(name, justify=justify, overflow="fold", no_wrap=place < _WHOLE_COLUMNS)
    whole = [tuple(row) for row in rows]
    for cells in zip(*map(_column, zip(*whole, strict=True)), strict=True):
        grid.add_row(*map(Text, cells))
    return grid


def _column(values: Sequence[object]) -> list[str]:
    """The cells of one column: broken numbers have as many decimals as leave the largest of them four digits."""
    places = _decimals([abs(value) for value in values if isinstance(value, float)])
    return [
        f"{value:,.{places}f}" if places is not None and isinstance(value, float) else cell(value) for value in values
    ]


def _decimals(sizes: Sequence[float]) -> int | None:
    """None where each number is better off by itself: whole ones, and those of too different sizes."""
    sizes = [size for size in sizes if size]
    if all(size.is_integer() for size in sizes) or not all(map(math.isfinite, sizes)):
        return None
    places = max(0, 3 - math.floor(math.log10(max(sizes))))
    return places if min(sizes) * 10**places >= 1 else None


def cell(value: object) -> str:
    """A value as a table shows it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:.4g}"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Mapping):
        return settings(value)
    return str(value)


def settings(values: Mapping[str, Any]) -> str:
    """Names and values in one line."""
    return ", ".join(f"{name}={cell(value)}" for name, value in values.items()) or "-"


def size(count: int) -> str:
    """A number of bytes."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
