"""What is wrong with how a command was called, as JSON where JSON is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from footlight.cli.session import USAGE

_UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or that of typer, which has a click of its own
_ABORTED = 1


class JsonGroup(TyperGroup):
    """Commands whose errors are one line of JSON on stderr where `--json` is among the words, whatever is wrong."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        as_json = standalone_mode and "--json" in words
        rest = (prog_name, complete_var, standalone_mode and not as_json, windows_expand_args)
        if not as_json:
            return super().main(args, *rest, **extra)
        try:
            code = super().main(words, *rest, **extra)
        except _UsageError as error:
            _fail({"message": error.format_message(), **_field_of(error)}, USAGE)
        except typer.Abort:
            _fail({"message": "interrupted"}, _ABORTED)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(facts: dict[str, str], code: int) -> None:
    sys.stderr.write(json.dumps({"error": facts}, ensure_ascii=False) + "\n")
    sys.exit(code)


def _field_of(error: Any) -> dict[str, str]:
    """The option or argument that is wrong, where the error knows it."""
    parameter = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or (max(parameter.opts, key=len) if parameter is not None else None)
    return {"field": name} if name else {}
