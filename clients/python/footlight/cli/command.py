"""Turns a function of a session into a command with the options that all commands have."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from footlight.cli.session import Session

F = TypeVar("F", bound=Callable[..., None])

_PANEL = "Server and output"
_DEFAULT_ADDRESS = "localhost:7007"

Address = Annotated[
    str,
    typer.Option(
        "--address",
        envvar="FOOTLIGHT_ADDRESS",
        metavar="HOST:PORT",
        help="Where the server is.",
        rich_help_panel=_PANEL,
    ),
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", help="How long an answer may take.", rich_help_panel=_PANEL),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.", rich_help_panel=_PANEL)]

TokenFile = Annotated[
    str,
    typer.Option(
        "--token-file",
        envvar="FOOTLIGHT_TOKEN_FILE",
        metavar="FILE",
        help="Where the token is that the server asks for; else it is taken from $FOOTLIGHT_TOKEN.",
        rich_help_panel=_PANEL,
    ),
]


def _pem(name: str, variable: str, help_text: str) -> Any:
    option = typer.Option(
        f"--tls-{name}", envvar=f"FOOTLIGHT_{variable}", metavar="FILE", help=help_text, rich_help_panel=_PANEL
    )
    return Annotated[str, option]


_SHARED = {
    "address": (Address, _DEFAULT_ADDRESS),
    "timeout": (Timeout, 30.0),
    "json": (Json, False),
    "token_file": (TokenFile, ""),
    "tls_ca": (_pem("ca", "TLS_CA", "Speak TLS, and trust this authority."), ""),
    "tls_cert": (_pem("cert", "CLIENT_CERT", "Our certificate, where the server asks for one."), ""),
    "tls_key": (_pem("key", "CLIENT_KEY", "Its key."), ""),
}


def command(app: typer.Typer, name: str, example: str) -> Callable[[F], F]:
    """Registers a function `(session, ...)` under a name. Its docstring is the help, `example` a line that works."""

    def register(function: F) -> F:
        app.command(name, epilog=f"Example: {example}")(_with_session(function))
        return function

    return register


def _with_session(function: Callable[..., None]) -> Callable[..., None]:
    def run(**arguments: Any) -> None:
        session = Session(*(arguments.pop(shared) for shared in _SHARED))
        with session.reporting():
            function(session, **arguments)

    parameters = _own_parameters(function) + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _SHARED.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = function.__name__, paragraphs(function.__doc__ or "")
    return run


def paragraphs(text: str) -> str:
    """The text with each paragraph on one line: the help wraps it to the terminal."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


def _own_parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    """Those after the session, with their annotations resolved."""
    hints = get_type_hints(function, include_extras=True)
    _, *own = inspect.signature(function).parameters.values()
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name]) for parameter in own
    ]
