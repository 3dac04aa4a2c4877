"""`footlight version`."""

from __future__ import annotations

import json
import platform
import sys
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("version", epilog="Example: footlight version --json")(show)


def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False) -> None:
    """The version of this client, of Python and of gRPC."""
    import grpc

    import footlight

    found = {"footlight": footlight.__version__, "python": platform.python_version(), "grpc": grpc.__version__}
    line = json.dumps(found) if as_json else ", ".join(f"{name} {version}" for name, version in found.items())
    sys.stdout.write(line + "\n")


def print_version() -> None:
    """What `--version` prints."""
    import footlight

    sys.stdout.write(f"footlight {footlight.__version__}\n")
