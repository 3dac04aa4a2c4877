"""``footlight export``."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from footlight_server.commands.offline import DatabaseUrl, DataDir, Json, bars, reporting, show


class Form(StrEnum):
    """What the files are."""

    PARQUET = "parquet"
    JSONL = "jsonl"


def export(
    out: Annotated[Path, typer.Argument(help="The folder to make; it must be empty.", show_default=False)],
    form: Annotated[Form, typer.Option("--format", help="Parquet needs pyarrow, JSON lines need nothing.")],
    tenant: Annotated[str, typer.Option(help="Whose data.")] = "default",
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    as_json: Json = False,
) -> None:
    """Write everything but models as files that other programs read, under your own names for it.

    The server may run and write meanwhile; the export is of one moment. `footlight import FOLDER` brings items, events and
    corpora into an empty server or into one that has some of them. To move a server as it is there is `footlight backup`.
    """
    with reporting(as_json):
        from footlight_server.archive.export import export as run

        with bars(as_json) as progress:
            made = run(data_dir, out, form.value, tenant, database, progress)
        counts = ", ".join(f"{count:,} {name}" for name, count in made.rows.items())
        show(as_json, asdict(made), lambda: f"{out}: {counts}, up to position {made.log_position:,} of the log")
