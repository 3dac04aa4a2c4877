"""The commands that the server adds to the command line."""

from __future__ import annotations

import typer

from footlight_server.commands.demo import demo
from footlight_server.commands.serve import serve


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("demo")(demo)
