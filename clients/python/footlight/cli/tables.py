"""What people see: tables, numbers, times."""

from __future__ import annotations

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
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    return grid


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
