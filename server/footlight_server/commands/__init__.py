"""The commands that the server adds to the command line."""

from __future__ import annotations

from collections.abc import Callable

import typer

from footlight.cli.command import paragraphs
from footlight_server.commands.audit import audit
from footlight_server.commands.backup import backup
from footlight_server.commands.certs import certs
from footlight_server.commands.check_plugin import check_plugin
from footlight_server.commands.demo import demo
from footlight_server.commands.evaluate import evaluate
from footlight_server.commands.evaluate_generator import evaluate_generator
from footlight_server.commands.export import export
from footlight_server.commands.new_plugin import new_plugin
from footlight_server.commands.restore import restore
from footlight_server.commands.serve import serve
from footlight_server.commands.settings import CONTEXT, showing
from footlight_server.commands.tokens import tokens
from footlight_server.commands.top import top
from footlight_server.commands.tune import tune


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve", context_settings=CONTEXT)(serve)
    config = showing(serve)
    example = "footlight config --config /etc/footlight/footlight.toml"
    text = paragraphs(config.__doc__ or "")
    app.command("config", context_settings=CONTEXT, help=text, epilog=f"Example: {example}")(config)
    app.command("demo")(demo)
    app.add_typer(audit)
    _add(app, top, "footlight top --metrics 127.0.0.1:9107")
    app.add_typer(tokens)
    _add(app, certs, "footlight certs ./certs --host footlight.example.com --client shop")
    _add(app, backup, "footlight backup backups/monday.tar --data-dir ./data")
    _add(app, restore, "footlight restore backups/monday.tar --data-dir ./new --erasures ./data")
    _add(app, export, "footlight export ./everything --format parquet --data-dir ./data")
    _add(app, evaluate, "footlight evaluate --protocol leave-last --data ratings.csv --engine NAME --option k=100")
    _add(app, new_plugin, "footlight new-plugin footlight-mood --verb recommend")
    _add(app, check_plugin, "footlight check-plugin footlight-mood")
    _add(app, tune, "footlight tune --protocol leave-last --data ratings.csv --engine NAME --budget 300")

    _add(
        app, evaluate_generator, "footlight evaluate-generator --engine NAME --corpus ./tiles --option max_seconds=300"
    )


def _add(app: typer.Typer, function: Callable[..., None], example: str) -> None:
    text = paragraphs(function.__doc__ or "")
    app.command(function.__name__.replace("_", "-"), help=text, epilog=f"Example: {example}")(function)
