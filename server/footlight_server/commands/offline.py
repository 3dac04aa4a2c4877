"""What the commands share that work on files and databases, not through a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_server.archive.layout import Progress

WRONG, INTERRUPTED = 2, 130

DataDir = Annotated[Path, typer.Option("--data-dir", help="The server's data directory.")]
DatabaseUrl = Annotated[
    str, typer.Option("--database", help="SQLAlchemy URL; empty means SQLite in the data directory.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


@contextmanager
def reporting(as_json: bool) -> Iterator[None]:
    """Turn what goes wrong inside the block into one message on stderr and an exit code."""
    from sqlalchemy.exc import SQLAlchemyError

    from footlight_plugins import EmbedderFailed
    from footlight_plugins.factories import EngineUnavailable
    from footlight_server.errors import FootlightError

    try:
        yield
    except (FootlightError, EngineUnavailable, EmbedderFailed, SQLAlchemyError, OSError, ValueError) as error:
        fail(as_json, str(getattr(error, "orig", None) or error).strip(), getattr(error, "reason", ""), WRONG)
    except KeyboardInterrupt:
        fail(as_json, "interrupted: nothing was left behind", "", INTERRUPTED)


@contextmanager
def bars(as_json: bool) -> Iterator[Progress]:
    """A function that draws a bar for each thing that it is told about; draws nothing where JSON is wanted."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), disable=as_json)
    tasks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        progress.start()  # only now: an error before should stand alone
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done, total=max(done, total))

    try:
        yield tell
    finally:
        if tasks:
            progress.stop()


def show(as_json: bool, facts: dict[str, Any], view: Callable[[], str]) -> None:
    """Print a result: JSON for machines, a few lines for people."""
    sys.stdout.write((json.dumps(facts, ensure_ascii=False, default=str) if as_json else view()) + "\n")


def time_of(microseconds: int) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def size_of(count: int) -> str:
    """A number of bytes as people read it."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


def fail(as_json: bool, message: str, reason: str, code: int) -> None:
    """Say what went wrong, on stderr, and end with an exit code."""
    facts = {"message": message} | ({"reason": reason} if reason else {})
    sys.stderr.write((json.dumps({"error": facts}, ensure_ascii=False) if as_json else f"Error: {message}") + "\n")
    raise typer.Exit(code)
