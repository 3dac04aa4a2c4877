"""Reads the folders that `footlight export` makes, a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from footlight.cli.session import UsageFault
from footlight.types import Event, EventKind, Item, Rights

MANIFEST = "export.json"
FORMAT = 1
T = TypeVar("T")

_BATCH = 5_000
_NEEDED = ("items", "events")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportedItem:
    """An item, and whether it had been deleted when the export was made."""

    item: Item
    deleted: bool


@dataclass(frozen=True, slots=True)
class ExportedCorpus:
    """A corpus: its name, the folder of its files, and what was declared about them."""

    name: str
    folder: Path
    rights: Rights


@dataclass(frozen=True, slots=True)
class Export:
    """A folder of an export that is complete."""

    folder: Path
    form: str
    rows: Mapping[str, int]
    """How many rows each file has, by its name without the ending."""

    @staticmethod
    def of(folder: Path) -> Export:
        """Raises UsageFault for a folder that is no complete export, or is of a newer format."""
        try:
            facts = json.loads((folder / MANIFEST).read_bytes())
            export = Export(folder, facts["form"], facts["rows"])
            newer = facts["format"] > FORMAT
        except FileNotFoundError:
            raise UsageFault(f"{folder} is no complete export: it has no {MANIFEST}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UsageFault(f"{folder / MANIFEST}: expected the manifest of an export") from error
        if newer:
            raise UsageFault(f"{folder} is of a newer Footlight: its format is {facts['format']}, not {FORMAT}")
        if export.form not in ("jsonl", "parquet") or not all(isinstance(export.rows.get(n), int) for n in _NEEDED):
            raise UsageFault(f"{folder / MANIFEST}: expected the form and the rows of items and events")
        return export

    def items(self) -> Iterator[ExportedItem]:
        """Every item, in the order in which they were first put. Raises UsageFault for a row that is none."""
        return self._read("items", _item)

    def events(self) -> Iterator[Event]:
        """Every event, in the order of the log. Raises UsageFault for a row that is none."""
        return self._read("events", _event)

    def corpora(self) -> Iterator[ExportedCorpus]:
        """Every corpus; an export of an earlier version has none. Raises UsageFault for a row that is none."""
        return self._read("corpora", self._corpus) if "corpora" in self.rows else iter(())

    def _corpus(self, row: Row) -> ExportedCorpus:
        rights = json.loads(row["rights"]) if isinstance(row["rights"], str) else row["rights"]
        known = {name: str(rights[name]) for name in ("holder", "licence", "statement") if name in rights}
        return ExportedCorpus(row["name"], self.folder / "corpora" / row["corpus_id"], Rights(**known))

    def _read(self, name: str, convert: Callable[[Row], T]) -> Iterator[T]:
        path = self.folder / f"{name}.{self.form}"
        count = 0
        for row in _parquet(path) if self.form == "parquet" else _json_lines(path):
            count += 1
            try:
                yield convert(row)
            except (ValueError, KeyError, TypeError) as error:
                raise UsageFault(f"{path}, row {count:,}: expected {name} as exported: {error!r}") from error
        if count != self.rows[name]:
            raise UsageFault(f"{path}: expected {self.rows[name]:,} rows, found {count:,}")


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageFault(f"{path}, line {number:,}: expected JSON: {error}") from None
            yield row


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise UsageFault("Parquet needs pyarrow: pip install 'footlight[parquet]'") from missing
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise UsageFault(f"{path}: expected a file in Parquet: {error}") from error


def _item(row: Row) -> ExportedItem:
    attributes = row["attributes"]
    item = Item(
        item_id=row["item_id"],
        title=row["title"],
        kind=row["kind"],
        tags=tuple(row["tags"]),
        attributes=json.loads(attributes) if isinstance(attributes, str) else attributes,
        available_from=_time(row["available_from"]) if row.get("available_from") else None,
        available_until=_time(row["available_until"]) if row.get("available_until") else None,
    )
    return ExportedItem(item, bool(row["deleted"]))


def _event(row: Row) -> Event:
    kind, time = EventKind(row["kind"]), _time(row["time"])
    return Event(row["user_id"], row["item_id"], kind, row["value"], time, row["event_id"], row["decision_id"])


def _time(value: object) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return time if time.tzinfo else time.replace(tzinfo=UTC)
