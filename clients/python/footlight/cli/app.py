"""All commands together: our own, and those of other distributions."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import typer

from footlight.cli import (
    act_log,
    acting,
    chatting,
    corpora,
    deciding,
    engines,
    generating,
    gym,
    importing,
    items,
    people,
    protos,
    provenance,
    recommending,
    training,
    version,
)
from footlight.cli.command import paragraphs
from footlight.cli.usage import JsonGroup

GROUP = "footlight.commands"
_OWN = (
    importing,
    items,
    recommending,
    deciding,
    people,
    corpora,
    training,
    generating,
    provenance,
    acting,
    act_log,
    gym,
    chatting,
    engines,
    protos,
    version,
)

_HELP = """Generate, Recommend and Act: the commands of Footlight.

Most commands speak to a server, at --address or $FOOTLIGHT_ADDRESS. With --json the result is JSON on stdout and an
error is JSON on stderr.

Exit codes: 0 done, 1 the server answered an error, 2 the command or a file is wrong, 3 no server answers, 130 Ctrl-C.
"""


def build() -> typer.Typer:
    """The whole command line. A distribution joins it by an entry point in the group `footlight.commands`: a module
    with `register(app: typer.Typer) -> None`."""
    app = typer.Typer(
        name="footlight",
        cls=JsonGroup,
        help=paragraphs(_HELP),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_footlight)
    for family in _OWN:
        family.register(app)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        join(app, point)
    return app


def join(app: typer.Typer, point: EntryPoint) -> None:
    """Adds the commands of another distribution, or says in one line why they are left out."""
    try:
        point.load().register(app)
    except Exception as error:  # whatever a stranger's module does, the other commands work
        sys.stderr.write(f"footlight: the commands of {point.value} are left out: {_one_line(error)}\n")


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _show_version(wanted: bool) -> None:
    if wanted:
        version.print_version()
        raise typer.Exit


def _footlight(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The options before any command; the help is that of the app."""


_footlight.__doc__ = paragraphs(_HELP)
