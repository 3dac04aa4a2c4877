"""Lines of CSV and TSV files, with their numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

_MAX_CELL = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the number of the line it ends on, its cells, or why it cannot be read."""

    number: int
    cells: list[str] = field(default_factory=list)
    fault: str = ""


def read_lines(path: Path) -> Iterator[Line]:
    """The rows of a file; empty lines are passed over.

    Bytes that are no UTF-8 come as lone surrogates, so that the row that holds them can be named.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(file, strict=True, **_dialect(file))
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(reader.line_num, fault=f"expected cells that can be told apart: {error}")
                continue
            if cells:
                yield Line(reader.line_num, cells)


def _dialect(file: TextIO) -> dict[str, Any]:
    """Tabs where the header has one, else commas. Atomic files (typed headers) do not quote."""
    header = file.readline()
    file.seek(0)
    delimiter = "\t" if "\t" in header else ","
    quoting = csv.QUOTE_NONE if is_typed(header.split(delimiter)[0]) else csv.QUOTE_MINIMAL
    return {"delimiter": delimiter, "quoting": quoting}


def is_typed(name: str) -> bool:
    """Whether a column's name says its type, as those of atomic files do: `user_id:token`."""
    return name.strip().rpartition(":")[2] in ("token", "token_seq", "float", "float_seq")
