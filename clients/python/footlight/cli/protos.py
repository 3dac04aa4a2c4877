"""`footlight protos`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("protos", epilog="Example: footlight protos wire")(write)


def write(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Where to write; made when it is not there.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Write the .proto files of the wire, a descriptor set and buf.gen.yaml: other languages generate clients from them."""
    from footlight.protos import DESCRIPTORS, TEMPLATE, buf_template, descriptor_set, proto_files

    written = {name: text.encode() for name, text in proto_files().items()}
    written |= {DESCRIPTORS: descriptor_set(), TEMPLATE: buf_template().encode()}
    for name, data in written.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    paths = [str(folder / name) for name in written]
    sys.stdout.write(json.dumps(paths) + "\n" if as_json else "".join(f"{path}\n" for path in paths))
