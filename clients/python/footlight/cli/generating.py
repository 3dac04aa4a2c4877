"""`footlight generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from footlight.cli.command import command
from footlight.cli.options import Seed
from footlight.cli.session import Session
from footlight.cli.tables import size, table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "generate", "footlight generate --engine mlp-gan --count 16 --seed 7 --out assets")(generate)


def generate(
    session: Session,
    engine: Annotated[
        str, typer.Option("--engine", "--deployment", help="What makes them; else the best that can.")
    ] = "",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 1,
    seed: Seed = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder to save them in.")] = Path("."),
) -> None:
    """Makes new assets and saves them. Asset i comes from seed + i, so that each can be made again."""
    out.mkdir(parents=True, exist_ok=True)
    saved: list[dict[str, Any]] = []
    with session.progress() as progress:
        task = progress.add_task("Generating", total=count)
        for asset in session.client.generate(
            count,
            deployment=engine,
            seed=seed,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        ):
            path = asset.save(out)
            saved.append({"path": path, "asset": asset})
            progress.update(task, completed=len(saved))
    rows = [(one["path"], one["asset"].seed, one["asset"].media_type, size(len(one["asset"].data))) for one in saved]
    session.show(saved, lambda: table(("file", "#seed", "type", "#size"), rows))
