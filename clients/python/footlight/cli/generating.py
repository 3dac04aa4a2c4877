"""`footlight generate`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight.cli.command import command
from footlight.cli.options import Seed
from footlight.cli.session import Session
from footlight.cli.tables import size, table
from footlight.types import Asset

if TYPE_CHECKING:
    from rich.console import RenderableType


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
    class_name: Annotated[
        str, typer.Option("--class", help="What to make, where it learned classes: a folder of its corpus.")
    ] = "",
    truncation: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Smaller is more typical and less varied.")
    ] = 1.0,
    toward: Annotated[int | None, typer.Option(min=0, help="Lead from the seed to this seed, in COUNT steps.")] = None,
    animate: Annotated[bool, typer.Option(help="Make one animation of these steps.")] = False,
    label: Annotated[bool, typer.Option("--label", help="Draw 'AI generated' on them as well.")] = False,
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
            draw_label=label,
            class_name=class_name,
            truncation=truncation,
            toward=toward,
            animate=animate,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        ):
            path = asset.save(out)
            saved.append({"path": path, "asset": asset})
            progress.update(task, completed=len(saved))
    session.show(saved, lambda: _view([(one["path"], one["asset"]) for one in saved]))


def _view(saved: list[tuple[Path, Asset]]) -> RenderableType:
    """The id is what publishes an asset; a file's name ends in the seed that makes it again."""
    from rich.console import Group

    files = table(("asset", "file", "#size"), [(one.asset_id, path, size(len(one.data))) for path, one in saved])
    redrawn = sum(one.redraw_count for _, one in saved)
    counts = Counter(_marks(asset) for _, asset in saved)
    marked = (f"{count:,} marked by: {marks}" for marks, count in counts.items())
    return Group(files, *marked, *([f"drawn again, being too near to the corpus: {redrawn:,}"] if redrawn else []))


def _marks(asset: Asset) -> str:
    facts = asset.provenance
    marks = [
        *(["label"] if facts.label_drawn else []),
        *(["watermark"] if facts.watermarked else []),
        *(["metadata"] if facts.metadata_written else []),
        *([f"signature {facts.signature}"] if facts.signature in ("embedded", "sidecar") else []),
    ]
    return ", ".join(marks) or "nothing"
