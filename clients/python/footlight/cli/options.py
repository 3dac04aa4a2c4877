"""Engine options on the command line: `--option k=30`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from footlight.cli.session import UsageFault

Options = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the engine; may be given several times."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Where all draws come from. The server draws one where none is given.")
]


def parsed(options: Sequence[str] | None, flag: str = "--option") -> dict[str, Any]:
    """The options by name, given by a flag. A value is read as JSON where it is JSON (30, 0.5, true), else as text."""
    found: dict[str, Any] = {}
    for option in options or ():
        name, equals, value = option.partition("=")
        if not (name and equals):
            raise UsageFault(f"{flag}: expected NAME=VALUE, such as k=30, got {option!r}")
        if name in found:
            raise UsageFault(f"{flag}: expected each name once, {name} comes twice")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
