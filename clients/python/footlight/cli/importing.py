"""`footlight import`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.folders import import_folder
from footlight.cli.session import Session, UsageFault
from footlight.tables import MAX_REPORTED, CleaningReport, Problem, TableError, check_events, iter_events, read_items
from footlight.types import Item, PutItems, RecordedEvents


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "import", "footlight import --items movies.csv --events ratings.csv")(import_tables)


@dataclass(frozen=True)
class Imported:
    """What one file brought."""

    written: PutItems | RecordedEvents
    report: CleaningReport


def import_tables(
    session: Session,
    folder: Annotated[
        Path | None,
        typer.Argument(exists=True, file_okay=False, help="A folder that `footlight export` made.", show_default=False),
    ] = None,
    items: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A CSV or TSV file of items, or JSON lines.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A CSV or TSV file of events, or JSON lines.")
    ] = None,
    skip_bad_lines: Annotated[
        bool,
        typer.Option(
            "--skip-bad-lines", help="Leave out lines that are wrong, repeated or of unknown items, and say which."
        ),
    ] = False,
) -> None:
    """Imports items and events from CSV or TSV files or JSON lines, or from a folder of `footlight export`.

    Headers of MovieLens (movieId,title,genres / userId,movieId,rating,timestamp), of RecBole's atomic files
    (user_id:token ...) and plain ones (item_id,title,kind,tags / user_id,item_id,value,kind,time) are understood; tags
    are separated by "|", times are ISO 8601 or seconds since 1970 (or milliseconds or microseconds, by their size).
    Further columns of items become attributes: 1995 and 7.5 numbers, true and false what they say, the rest text.
    In JSON lines the keys are the columns, and "tags" may be a list.

    Both files are checked to the end before anything is written. Importing the same rows again records nothing twice.
    """
    if folder is not None:
        if items or events or skip_bad_lines:
            raise UsageFault("a folder is imported as it is: leave --items, --events and --skip-bad-lines out")
        import_folder(session, folder)
        return
    if items is None and events is None:
        raise UsageFault("expected a folder of `footlight export`, --items FILE, --events FILE or both")
    catalogue, items_report = _read(items, skip_bad_lines) if items else ([], None)
    checked = _check(session, events, catalogue, skip_bad_lines) if events else None
    results: dict[str, Imported] = {}
    if items_report is not None:
        results["items"] = Imported(_put(session, catalogue), items_report)
    if checked is not None:
        results["events"] = Imported(_record(session, checked), checked.report)
    session.show(results, lambda: "\n".join(line for what, one in results.items() for line in _lines(what, one)))


def _read(path: Path, skip_bad_lines: bool) -> tuple[list[Item], CleaningReport]:
    with _all_told(lambda: read_items(path, skip_bad_lines=True)[1]):
        return read_items(path, skip_bad_lines=skip_bad_lines)


@contextmanager
def _all_told(check: Callable[[], CleaningReport]) -> Iterator[None]:
    """An error of a line tells of the other lines that are wrong as well, so that a file is mended in one go."""
    try:
        yield
    except TableError as wrong:
        report = check()
        wrong.problems = sorted([*report.bad, *report.duplicates, *report.unknown_items], key=attrgetter("line"))
        for note in _all_problems(report) if report.rows - report.kept > 1 else ():
            wrong.add_note(note)
        wrong.add_note("Nothing was written. Mend the file, or leave such lines out with --skip-bad-lines.")
        raise


@dataclass(frozen=True)
class CheckedEvents:
    """A file of events that was read to the end."""

    path: Path
    known_items: frozenset[str]
    skip_bad_lines: bool
    report: CleaningReport


def _check(session: Session, path: Path, catalogue: Sequence[Item], skip_bad_lines: bool) -> CheckedEvents:
    """Events may be of items that the server has and of those that come with them."""
    known = frozenset(item.item_id for item in (*catalogue, *session.client.items()))
    with session.progress() as progress:
        progress.add_task(f"Checking {path.name}", total=None)
        with _all_told(lambda: check_events(path, known_items=known, skip_bad_lines=True)):
            report = check_events(path, known_items=known, skip_bad_lines=skip_bad_lines)
    return CheckedEvents(path, known, skip_bad_lines, report)


def _put(session: Session, catalogue: Sequence[Item]) -> PutItems:
    with session.progress() as progress:
        return session.client.put_items(progress.track(catalogue, description="Writing items"))


def _record(session: Session, checked: CheckedEvents) -> RecordedEvents:
    events = iter_events(checked.path, known_items=checked.known_items, skip_bad_lines=checked.skip_bad_lines)
    with session.progress() as progress:
        tracked = progress.track(events, total=checked.report.kept, description="Writing events")
        return session.client.record_events(tracked)


def _lines(what: str, imported: Imported) -> Iterator[str]:
    report, written = imported.report, imported.written
    if isinstance(written, PutItems):
        yield f"{what}: {written.created:,} new, {written.updated:,} replaced"
    else:
        yield f"{what}: {written.recorded:,} recorded, {written.duplicates:,} recorded before"
    left_out = report.rows - report.kept
    yield f"  {report.path}: {report.rows:,} {'row' if report.rows == 1 else 'rows'}, {left_out:,} left out"
    if report.ignored_columns:
        yield f"  columns not used: {', '.join(report.ignored_columns)}"
    yield from _all_problems(report)


def _all_problems(report: CleaningReport) -> Iterator[str]:
    yield from _problems("wrong", report.bad_count, report.bad)
    yield from _problems("repeated", report.duplicate_count, report.duplicates)
    yield from _problems("of unknown items", report.unknown_item_count, report.unknown_items)


def _problems(what: str, count: int, problems: Sequence[Problem]) -> Iterator[str]:
    if not count:
        return
    yield f"  {count:,} {what}:"
    yield from (f"    line {problem.line}, {problem.field}: {problem.expected}" for problem in problems)
    if count > MAX_REPORTED:
        yield f"    and {count - MAX_REPORTED:,} more"
