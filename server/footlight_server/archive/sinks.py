"""Files that exported rows go into: JSON lines, or Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from footlight_server.errors import FailedPrecondition

Row = Mapping[str, Any]
Schema = Mapping[str, str]
"""The columns and their kinds: text, texts, json, number, whole, flag, time."""


class Sink(Protocol):
    """A file that rows are written into, in batches."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Write whatever is left."""


def open_sink(folder: Path, name: str, form: str, schema: Schema) -> Sink:
    """A new file in a folder. Forms are ``jsonl`` and ``parquet``.

    Raises
    ------
    FailedPrecondition
        For Parquet where pyarrow is not installed.
    """
    path = folder / f"{name}.{form}"
    return JsonLines(path) if form == "jsonl" else Parquet(path, schema)


class JsonLines:
    """One JSON object a line; times are ISO 8601."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", encoding="utf-8")
        self._encode = json.JSONEncoder(ensure_ascii=False, default=_iso).encode

    def write(self, rows: Sequence[Row]) -> None:
        self._file.write("".join(f"{self._encode(row)}\n" for row in rows))

    def close(self) -> None:
        self._file.close()


class Parquet:
    """Columns, compressed with Zstandard; a batch is a row group. JSON objects are columns of text."""

    def __init__(self, path: Path, schema: Schema) -> None:
        check_parquet()
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {
            "text": pa.string(),
            "texts": pa.list_(pa.string()),
            "json": pa.string(),
            "number": pa.float64(),
            "whole": pa.int64(),
            "flag": pa.bool_(),
            "time": pa.timestamp("us", "UTC"),
        }
        self._json = [name for name, kind in schema.items() if kind == "json"]
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in schema.items()])
        self._batch = pa.RecordBatch
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        if self._json:
            rows = [{**row, **{name: _encoded(row[name]) for name in self._json}} for row in rows]
        self._writer.write_batch(self._batch.from_pylist(rows, self._schema))

    def close(self) -> None:
        self._writer.close()


def check_parquet() -> None:
    """Raise FailedPrecondition where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as missing:
        raise FailedPrecondition(
            "Parquet needs pyarrow: pip install 'footlight[parquet]', or choose --format jsonl"
        ) from missing


def _encoded(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
