"""``footlight serve``."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Annotated

import typer

CANNOT_START = 3


def serve(
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept; made when it is not there.")] = Path(
        "footlight-data"
    ),
    listen: Annotated[str, typer.Option(help="host:port to answer on; port 0 picks a free one.")] = "127.0.0.1:7007",
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the address into this file once the server answers.")
    ] = None,
    database: Annotated[str, typer.Option(help="SQLAlchemy URL; empty means SQLite in the data directory.")] = "",
    durability: Annotated[str, typer.Option(help="'normal' survives a crash of this process, 'full' a power cut too.")] = "normal",
    plugins_dir: Annotated[Path | None, typer.Option(help="A folder of one-file plug-ins.")] = None,
    disable: Annotated[list[str] | None, typer.Option(help="A plug-in to leave out; may be repeated.")] = None,
    strict_plugins: Annotated[bool, typer.Option(help="Refuse to start when a plug-in fails.")] = False,
    verbose: Annotated[bool, typer.Option(help="Log more.")] = False,
) -> None:
    """Run the server.

    Example: footlight serve --data-dir ./data --listen 127.0.0.1:7007
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("numba", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Imported here, so that the other commands do not pay for the server.
    from sqlalchemy.exc import SQLAlchemyError

    from footlight_plugins.loader import LoaderConfig, PluginsFailed
    from footlight_server.app import App, CannotStart
    from footlight_server.app import serve as run
    from footlight_server.config import ServerConfig
    from footlight_server.errors import FootlightError

    plugins = LoaderConfig(disabled=frozenset(disable or ()), plugins_dir=plugins_dir, strict=strict_plugins)
    config = ServerConfig(data_dir.resolve(), listen, database, durability, plugins)

    def ready(app: App) -> None:
        if ready_file is not None:
            _write_whole(ready_file, app.address + "\n")
        typer.echo(f"Footlight answers on {app.address}, data in {config.data_dir}. Ctrl-C stops it.")

    try:
        if ready_file is not None and not ready_file.parent.is_dir():
            raise CannotStart(f"there is no folder {ready_file.parent} for the ready file")
        asyncio.run(run(config, ready))
    except (CannotStart, PluginsFailed, FootlightError, SQLAlchemyError, OSError, ValueError) as fault:
        typer.echo(f"footlight serve: {fault}", err=True)
        raise typer.Exit(CANNOT_START) from fault


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)
