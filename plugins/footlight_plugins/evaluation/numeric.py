"""Reads text whose used columns are all numbers, by numpy's reader, piece by piece."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.evaluation.columns import Layout
from footlight_plugins.evaluation.progress import Progress

_PIECE = 16 << 20
"""About how many bytes are read at once."""
_NOT_PLAIN = re.compile(rb"(?:^|[,;\t: ])(?:\+|0[0-9])", re.MULTILINE)
"""A number that is written in another way than Python would: as names, 07 and 7 are two."""


def read_numbers(content: bytes, layout: Layout, progress: Progress) -> dict[str, NDArray[Any]] | None:
    """The columns by name; None where a line is not plain numbers, and the file must be read line by line."""
    kind = np.dtype([(name, np.int64 if name in ("user", "item") else np.float64) for name in layout.places])
    tables, done = [], _after_header(content) if layout.header else 0
    for piece in _pieces(content, done):
        table = _table(piece, layout, kind)
        if table is None:
            return None
        tables.append(table)
        done += len(piece)
        progress("reading", done, len(content))
    return {name: np.concatenate([table[name] for table in tables]) for name in layout.places}


def _after_header(content: bytes) -> int:
    """Where the line after the first one that is not empty begins."""
    return content.find(b"\n", len(content) - len(content.lstrip())) + 1


def _pieces(content: bytes, start: int) -> Iterator[bytes]:
    """The content from there on, cut after ends of lines."""
    while start < len(content):
        end = content.find(b"\n", min(start + _PIECE, len(content) - 1)) + 1 or len(content)
        yield content[start:end]
        start = end


def _table(piece: bytes, layout: Layout, kind: np.dtype[Any]) -> NDArray[Any] | None:
    """The rows of a piece as records; None where they are not plain numbers."""
    if not piece.strip():
        return np.empty(0, kind)
    if _NOT_PLAIN.search(piece):
        return None
    piece = piece.replace(b"::", b"\t") if layout.delimiter == "::" else piece
    delimiter = "\t" if layout.delimiter == "::" else layout.delimiter or None
    text = io.TextIOWrapper(io.BytesIO(piece), encoding="utf-8-sig")
    columns = list(layout.places.values())
    try:
        table = np.loadtxt(text, kind, delimiter=delimiter, comments=None, usecols=columns, ndmin=1)
    except ValueError:
        return None
    cells = len(table) * (layout.count - 1)
    if delimiter and piece.count(delimiter.encode()) != cells:
        return None  # a line has too many cells, or one with a delimiter inside quotes
    finite = all(np.isfinite(table[name]).all() for name in layout.places)
    small = "value" not in layout.places or np.abs(table["value"]).max() <= 1_000
    return table if finite and small else None
