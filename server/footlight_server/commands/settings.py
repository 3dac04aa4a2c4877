"""Where the options of ``footlight serve`` come from, and ``footlight config``, which shows it.

The command line comes before the environment, that before the file, and the file before what is built in.
"""

from __future__ import annotations

import difflib
import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from footlight_server.commands.offline import Json, show

ENVIRONMENT = "FOOTLIGHT"
"""Each option has a variable: FOOTLIGHT_DATA_DIR for --data-dir. Several values are separated by spaces."""

CONTEXT: dict[str, Any] = {"auto_envvar_prefix": ENVIRONMENT}
"""For the commands that take the options of a server."""

SOURCES = {"COMMANDLINE": "command line", "ENVIRONMENT": "environment", "DEFAULT_MAP": "file", "DEFAULT": "built in"}


def read_file(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options of a file for defaults. Runs before the others are looked at."""
    if path is not None:
        context.default_map = {**(context.default_map or {}), **_options(context, path)}
    return path


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar=f"{ENVIRONMENT}_CONFIG",
        is_eager=True,
        callback=read_file,
        dir_okay=False,
        exists=True,
        help='A file of options in TOML: data-dir = "./data". The environment and the command line come before it.',
    ),
]


def _options(context: typer.Context, path: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise typer.BadParameter(f"{path} is not TOML: {fault}") from fault
    known = {_option_name(parameter): parameter for parameter in context.command.params}
    options: dict[str, Any] = {}
    for key, value in said.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            raise typer.BadParameter(
                f"{path}: there is no option {key!r}" + (f"; is it {close[0]!r}?" if close else "")
            )
        if misfit := _misfit(key, value, known[key]):
            raise typer.BadParameter(f"{path}: {misfit}")
        options[str(known[key].name)] = value
    return options


def _misfit(key: str, value: object, parameter: Any) -> str:
    """What is wrong with the kind of a value in a file; empty where nothing is. The option itself looks at the rest."""
    if isinstance(value, dict):
        return f"{key} must be a value, or a list of values, not a table"
    if getattr(parameter, "multiple", False) != isinstance(value, list):
        return (
            f"{key} must be one value, not a list" if isinstance(value, list) else f"{key} must be a list: [{value!r}]"
        )
    if isinstance(value, bool) and not getattr(parameter, "is_flag", False):
        return f"{key} must be a value, not {str(value).lower()}"
    return ""


def _option_name(parameter: Any) -> str:
    return str(parameter.opts[0]).removeprefix("--")


def showing(serve: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of ``serve`` that shows them and starts nothing."""

    def config(context: typer.Context, as_json: bool, **values: Any) -> None:
        rows = [
            (_option_name(parameter), _shown(values[name]), SOURCES[_source(context, name)])
            for parameter in context.command.params
            if (name := str(parameter.name)) in values
        ]
        facts = {name: {"value": value, "source": source} for name, value, source in rows}
        show(as_json, facts, lambda: _table(rows))

    signature = inspect.signature(serve, eval_str=True)
    own = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=Json, default=False),
    ]
    asked = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in signature.parameters.values()]
    config.__signature__ = signature.replace(parameters=[*own, *asked])  # type: ignore[attr-defined]
    config.__annotations__ = get_type_hints(serve) | {"context": typer.Context, "as_json": bool}
    config.__doc__ = _DOC
    return config


_DOC = """Show what a server would be started with, and where each value comes from.

Takes the options of `footlight serve`. The command line comes before the environment (FOOTLIGHT_DATA_DIR for --data-dir),
that before the file (--config), and the file before what is built in.
"""


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return "DEFAULT" if source is None else source.name


def _shown(value: Any) -> Any:
    """A value as it may be shown: a URL without its password."""
    if isinstance(value, str) and "://" in value and "@" in value:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return make_url(value).render_as_string(hide_password=True)
        except ArgumentError:
            return "***"
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _table(rows: list[tuple[str, Any, str]]) -> str:
    texts = [
        (name, " ".join(value) if isinstance(value, list) else "" if value is None else str(value), source)
        for name, value, source in rows
    ]
    widths = [max(len(row[column]) for row in texts) for column in (0, 1)]
    return "\n".join(f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source}" for name, value, source in texts)
