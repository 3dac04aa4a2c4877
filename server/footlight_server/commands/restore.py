"""``footlight restore``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from footlight_server.commands.offline import DatabaseUrl, Json, bars, reporting, show, time_of

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_server.archive.restore import Restored

_WHY = (
    "say where the newest erasures are, or that there are none. The backup still has everybody who was erased after it "
    "was made; they must be forgotten again. Give --erasures with the data directory that was in use last (a damaged "
    "database in it does no harm), a copy of its erasures.jsonl, or the URL of its database. Where nobody was erased "
    "since, say --no-later-erasures"
)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `footlight backup` made.", show_default=False)],
    data_dir: Annotated[Path, typer.Option(help="The data directory to make; it must be empty.", show_default=False)],
    erasures: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE", help="A data directory, an erasures.jsonl, or a database URL; may be given several times."
        ),
    ] = None,
    no_later_erasures: Annotated[
        bool, typer.Option("--no-later-erasures", help="Nobody was erased after the backup was made.")
    ] = False,
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Make a new data directory from a backup, and forget again who was erased after it was made.

    The backup may be of SQLite and go into PostgreSQL, or the other way round. The database must be empty, like the
    data directory. Everything is checked; where anything is damaged, nothing is restored.
    """
    with reporting(as_json):
        from footlight_server.archive.erasures import newest_marks
        from footlight_server.archive.restore import restore as run

        if bool(erasures) == no_later_erasures:
            raise ValueError(_WHY if not erasures else "--erasures and --no-later-erasures contradict each other")
        marks = sorted({mark for where in erasures for mark in newest_marks(where)}) if erasures else None
        with bars(as_json) as progress:
            made = run(file, data_dir, marks, database, progress)
        show(as_json, asdict(made) | {"data_dir": str(data_dir)}, lambda: _lines(made, data_dir, database))


def _lines(made: Restored, data_dir: Path, database: str) -> str:
    start = f"footlight serve --data-dir {data_dir}" + (f" --database '{database}'" if database else "")
    return (
        f"Restored {made.rows:,} rows and {made.files:,} files as of {time_of(made.create_time)}.\n"
        f"{made.erasures:,} erasures were newer: {made.people_erased:,} people were erased again.\n"
        f"Start it with: {start}"
    )
