"""`footlight verify`, `provenance` and `publish`: where files come from, and where assets go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.session import Session
from footlight.types import TracedContent, VerifiedAsset

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "verify", "footlight verify picture.png --json")(verify)
    command(app, "provenance", "footlight provenance picture.png")(provenance)
    command(app, "publish", "footlight publish ASSET_ID --title 'The hill' --tag terrain")(publish)


def verify(
    session: Session,
    file: File,
    sidecar: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The signature beside it; FILE.c2pa if that is there."),
    ] = None,
) -> None:
    """Tells who made a file, and which of label, watermark, metadata and signature survived in it."""
    beside = sidecar or file.with_name(file.name + ".c2pa")
    signature = beside.read_bytes() if beside.is_file() else b""
    found = session.client.verify_asset(file.read_bytes(), sidecar=signature)
    session.show(found, lambda: "\n".join(_verified(found)))


def provenance(
    session: Session,
    file: File,
    count: Annotated[int, typer.Option(min=1, max=100, help="At most how many near assets.")] = 10,
) -> None:
    """Tells a holder of rights: was this file in a corpus, and which samples and which assets are near it."""
    found = session.client.trace_content(file.read_bytes(), file_name=file.name, count=count)
    session.show(found, lambda: "\n".join(_traced(found)))


def publish(
    session: Session,
    asset: Annotated[str, typer.Argument(help="The asset's id.", show_default=False)],
    item: Annotated[str, typer.Option(help="The id of the item; the asset's own where none is given.")] = "",
    title: Annotated[str, typer.Option(help="The item's title.")] = "",
    kind: Annotated[str, typer.Option(help="The item's kind; 'asset' where none is given.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
) -> None:
    """Puts an asset into the catalogue, where Recommend finds it."""
    made = session.client.publish_asset(asset, item_id=item, title=title, kind=kind, tags=tag or ())
    session.show(made, lambda: f"{'Created' if made.created else 'Replaced'} item {made.item_id}.")


def _verified(found: VerifiedAsset) -> Iterator[str]:
    if found.asset is None:
        yield "No asset of this server was found in it."
    else:
        asset = found.asset
        whole = "unchanged to the last byte" if found.unchanged else "changed since it was made"
        yield f"Asset {asset.asset_id}, made by {asset.deployment} version {asset.model_version}: {whole}."
        yield f"  found by: {', '.join(found.found_by)}; decision {asset.decision_id}, seed {asset.content_seed}"
    signer = f" by {found.signer}" if found.signer else ""
    problems = f" ({', '.join(found.problems)})" if found.problems else ""
    yield f"  signature: {found.signature}{signer}{problems}"
    yield f"  watermark: {found.watermark}" + (f", {found.wrong_bits} bits wrong" if found.wrong_bits else "")
    yield f"  metadata: {'labelled as generated' if found.labelled else 'nothing left'}"
    if found.originality is not None:
        near = found.originality
        yield f"  nearest in the corpus: {near.nearest_path}, {near.distance:.4g} away ({near.limit:.4g} counts as a copy)"


def _traced(found: TracedContent) -> Iterator[str]:
    for corpus_id, path in found.exact:
        yield f"In corpus {corpus_id}, as {path}: the same bytes."
    if not found.exact:
        yield "No corpus holds these bytes."
    for near in found.near:
        how = f" {near.nearest.transform}" if near.nearest.transform else ""
        same = (
            "the same as" if near.same else f"{near.nearest.distance:.4g} (a copy up to {near.nearest.limit:.4g}) from"
        )
        yield f"For {near.deployment} it is {same} {near.nearest.nearest_path}{how} of corpus {near.corpus_id}."
    for asset_id, distance in found.assets:
        yield f"Asset {asset_id} is {distance:.3g} of 255 away."
