"""Items and events from CSV and TSV files and from JSON lines, checked line by line.

A file is a table with a header line, or has one JSON object on each line. Three sorts of header are understood:

    MovieLens   movieId,title,genres            userId,movieId,rating,timestamp
    RecBole     item_id:token movie_title:...   user_id:token item_id:token rating:float timestamp:float
    plain       item_id,title,kind,tags         user_id,item_id,value,kind,time
                and available_from,available_until

Only the ids are required. `kind` is "rating" where there is a value and "play" where there is none. Times are ISO 8601 (UTC
where they name no zone) or seconds since 1970; a number from 1e11 on counts milliseconds, one from 1e14 on microseconds.
Further columns of items become attributes: numbers (1995, 7.5), truths (true, false), else text, which may have several
lines; those of events are left out, and the report names them. An event's id is derived from its row, so that the same row
is the same event however often it is imported. Columns are separated by tabs, commas or semicolons, as in the header; text
is UTF-8, or UTF-16 with a byte order mark.

In JSON lines the keys are the columns; `tags` may be a list, further keys keep their values as JSON has them, and those of
an object `attributes` count as further keys.

Reading is strict: the first line that is wrong raises a TableError. With `skip_bad_lines` such lines are left out and
counted in the CleaningReport.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Generic, TypeVar

from footlight._tables.columns import Columns, event_columns, item_columns
from footlight._tables.files import Line, read_lines
from footlight._tables.objects import holds_objects, read_objects, with_facts
from footlight._tables.rows import BadCell, event_from_row, item_from_row
from footlight.types import Event, Item

__all__ = ["CleaningReport", "Problem", "TableError", "check_events", "iter_events", "read_events", "read_items"]

T = TypeVar("T", bound=Item | Event)

MAX_REPORTED = 20


class TableError(ValueError):
    """A line of a file is wrong. `field` is the column, `expected` what should stand there.

    `problems` are the first that are wrong in the file, where `footlight import` has looked for them.
    """

    def __init__(self, path: Path, line: int, field: str, expected: str) -> None:
        super().__init__(f"{path}, line {line}, {field}: {expected}")
        self.path = path
        self.line = line
        self.field = field
        self.expected = expected
        self.problems: list[Problem] = []

    def __reduce__(self) -> tuple[type[TableError], tuple[Path, int, str, str]]:
        return type(self), (self.path, self.line, self.field, self.expected)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that was left out, and why."""

    line: int
    field: str
    expected: str


@dataclass(slots=True)
class CleaningReport:
    """What was read and what was left out. The lists hold the first 20 problems of each sort, the counts all."""

    path: str
    rows: int = 0
    kept: int = 0
    bad_count: int = 0
    duplicate_count: int = 0
    unknown_item_count: int = 0
    bad: list[Problem] = field(default_factory=list)
    duplicates: list[Problem] = field(default_factory=list)
    unknown_items: list[Problem] = field(default_factory=list)
    ignored_columns: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether every line was kept."""
        return self.kept == self.rows


def read_items(path: str | Path, *, skip_bad_lines: bool = False) -> tuple[list[Item], CleaningReport]:
    """The items of a file. Raises TableError, or OSError where it cannot be read."""
    table: _Table[Item] = _Table(Path(path), item_columns, _item, attrgetter("item_id"), skip_bad_lines)
    return list(table), table.report


def read_events(
    path: str | Path, *, known_items: Container[str] | None = None, skip_bad_lines: bool = False
) -> tuple[list[Event], CleaningReport]:
    """The events of a file, all in memory; `known_items` are the only items that may occur (None: any).

    Raises TableError, or OSError where the file cannot be read.
    """
    table = _event_table(path, known_items, skip_bad_lines)
    return list(table), table.report


def check_events(
    path: str | Path, *, known_items: Container[str] | None = None, skip_bad_lines: bool = False
) -> CleaningReport:
    """Reads the whole file and keeps nothing but the report. Raises TableError and OSError."""
    table = _event_table(path, known_items, skip_bad_lines)
    for _ in table:
        pass
    return table.report


def iter_events(
    path: str | Path, *, known_items: Container[str] | None = None, skip_bad_lines: bool = False
) -> Iterator[Event]:
    """The events of a file one after the other. Raises TableError and OSError on the way: use `check_events` first."""
    return iter(_event_table(path, known_items, skip_bad_lines))


class _Table(Generic[T]):
    """A file being read: iterating gives its good rows and fills the report."""

    def __init__(
        self,
        path: Path,
        columns: Callable[[list[str]], Columns],
        parse: Callable[[Columns, Line], T],
        key: Callable[[T], str],
        skip_bad_lines: bool,
        known_items: Container[str] | None = None,
    ) -> None:
        self.report = CleaningReport(str(path))
        self._path = path
        self._columns = columns
        self._parse = parse
        self._key = key
        self._skip = skip_bad_lines
        self._known_items = known_items

    def __iter__(self) -> Iterator[T]:
        seen: set[str] = set()
        ignored: dict[str, None] = {}
        for columns, line in self._lines():
            ignored.update(dict.fromkeys(columns.ignored))
            self.report.rows += 1
            row = self._row(columns, line, seen)
            if row is not None:
                self.report.kept += 1
                yield row
        self.report.ignored_columns = tuple(ignored)

    def _lines(self) -> Iterator[tuple[Columns, Line]]:
        """The lines after the header, each with the columns that it has."""
        if holds_objects(self._path):
            yield from read_objects(self._path, self._columns)
            return
        lines = read_lines(self._path)
        columns = self._header(lines)
        self.report.ignored_columns = columns.ignored
        yield from ((columns, line) for line in lines)

    def _header(self, lines: Iterator[Line]) -> Columns:
        """A header that is wrong is an error in any case."""
        first = next(lines, None)
        if first is None:
            raise TableError(
                self._path, 1, "header", "expected a line with the names of the columns, the file is empty"
            )
        try:
            return self._columns(first.cells)
        except BadCell as bad:
            raise TableError(self._path, first.number, bad.field, bad.expected) from None

    def _row(self, columns: Columns, line: Line, seen: set[str]) -> T | None:
        """The row of a line; None where it is left out."""
        try:
            if line.fault:
                raise line.fault
            row = self._parse(columns, line)
        except BadCell as bad:
            self.report.bad_count += 1
            self._leave_out(self.report.bad, Problem(line.number, bad.field, bad.expected))
            return None
        key = self._key(row)
        if self._known_items is not None and row.item_id not in self._known_items:
            self.report.unknown_item_count += 1
            expected = f"expected an item of the catalogue, there is no {row.item_id!r}"
            self._leave_out(self.report.unknown_items, Problem(line.number, columns.item_name, expected))
        elif key in seen:
            self.report.duplicate_count += 1
            self._leave_out(self.report.duplicates, Problem(line.number, columns.key_name, _repeated(row)))
        else:
            seen.add(key)
            return row
        return None

    def _leave_out(self, problems: list[Problem], problem: Problem) -> None:
        if not self._skip:
            raise TableError(self._path, problem.line, problem.field, problem.expected)
        if len(problems) < MAX_REPORTED:
            problems.append(problem)


def _event_table(path: str | Path, known_items: Container[str] | None, skip_bad_lines: bool) -> _Table[Event]:
    key = attrgetter("event_id")
    return _Table(Path(path), event_columns, _event, key, skip_bad_lines, known_items)


def _item(columns: Columns, line: Line) -> Item:
    if line.facts is None:
        return item_from_row(columns, line.cells)
    return with_facts(item_from_row(replace(columns, others=()), line.cells), line.facts)


def _event(columns: Columns, line: Line) -> Event:
    return event_from_row(columns, line.cells)


def _repeated(row: Item | Event) -> str:
    if isinstance(row, Item):
        return f"expected each item once, {row.item_id!r} came before"
    return f"expected each event once, the one of {row.user_id!r} and {row.item_id!r} came before"
