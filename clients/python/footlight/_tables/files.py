"""Lines of CSV and TSV files, with their numbers."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from footlight._tables.errors import BadCell

_MAX_CELL = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class Facts:
    """What a JSON object says that is no text of a field: its labels, where they are a list, and further keys."""

    tags: list[Any] | None = None
    tags_name: str = "tags"
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the number of the line it begins on, its cells, or why it cannot be read."""

    number: int
    cells: list[str] = field(default_factory=list)
    fault: BadCell | None = None
    facts: Facts | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """The rows of a file; empty lines are passed over.

    Bytes that are no text come as lone surrogates, so that the row that holds them can be named.
    """
    with path.open(encoding=encoding_of(path), errors="surrogateescape", newline="") as file:
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(file, strict=True, **_dialect(file))
        while True:
            first = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(first, fault=BadCell("line", f"expected cells that can be told apart: {error}"))
                continue
            if cells:
                yield Line(first, cells)


def encoding_of(path: Path) -> str:
    """UTF-8, with a byte order mark or without; UTF-16 where the mark says so, as spreadsheets write it."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _dialect(file: TextIO) -> dict[str, Any]:
    """Tabs where the header has one, else commas, else semicolons. Atomic files (typed headers) do not quote."""
    header = file.readline()
    file.seek(0)
    delimiter = next((mark for mark in "\t,;" if mark in header), ",")
    quoting = csv.QUOTE_NONE if is_typed(header.split(delimiter)[0]) else csv.QUOTE_MINIMAL
    return {"delimiter": delimiter, "quoting": quoting}


def is_typed(name: str) -> bool:
    """Whether a column's name says its type, as those of atomic files do: `user_id:token`."""
    return name.strip().rpartition(":")[2] in ("token", "token_seq", "float", "float_seq")
