"""``footlight backup``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from footlight_server.commands.offline import DatabaseUrl, DataDir, Json, bars, reporting, show, size_of

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_server.archive.backup import BackedUp

_SHOWN = 10  # missing files


def backup(
    file: Annotated[Path, typer.Argument(help="The file to make.", show_default=False)],
    data_dir: DataDir = Path("footlight-data"),
    database: DatabaseUrl = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="With the keys of watermarks and signatures, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up everything into one file: database, models, corpora, assets; the server's own keys with --with-keys.

    The server may run and write meanwhile; the backup is of one moment. Keep the file as safe as the server: it knows
    what every person did. `footlight restore` reads it.
    """
    with reporting(as_json):
        from footlight_server.archive.backup import back_up

        with bars(as_json) as progress:
            made = back_up(data_dir, file, database, force, progress, with_keys)
        show(as_json, asdict(made), lambda: _lines(made))


def _lines(made: BackedUp) -> str:
    lines = [
        f"{made.file}: {size_of(made.size_bytes)}, {made.rows:,} rows, {made.models:,} model versions, "
        f"{made.blobs:,} files of corpora and assets"
    ]
    if made.keys:
        lines.append(f"{made.keys} files of keys are in it: whoever reads it can sign as this server does.")
    elif made.keys_left_out:
        lines.append(
            "The keys are not in it. A server that is restored without them cannot tell its own signatures and "
            "watermarks: say --with-keys, or save the folder keys in the data directory yourself."
        )
    if made.missing:
        lines += [f"The data directory lacks {len(made.missing):,} files that the database names:"]
        lines += [f"  {name}" for name in made.missing[:_SHOWN]]
    return "\n".join(lines)
