"""``footlight top``."""

from __future__ import annotations

import math
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight_server.commands.offline import Json, fail, show

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from rich.console import Group

    from footlight_server.commands.scrape import Picture

NO_SERVER = 3


def top(
    metrics: Annotated[
        str, typer.Option("--metrics", help="host:port that the server was given with --metrics-listen.")
    ] = "127.0.0.1:9107",
    seconds: Annotated[float, typer.Option(min=0.2, help="Between two looks.")] = 2.0,
    as_json: Json = False,
    once: Annotated[bool, typer.Option("--once", help="Print the tables once, and end.")] = False,
) -> None:
    """Watch a running server: calls, engines, memory. Ctrl-C ends it.

    With --once or --json it looks twice, and prints what happened in between.
    """
    from footlight_server.commands.scrape import between

    looks = _looks(metrics)
    try:
        before = next(looks)
        time.sleep(seconds)
        if as_json:
            return show(True, between(before, next(looks)).json(), str)
        if once:
            return _print(between(before, next(looks)))
        _watch(before, looks, seconds)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "reason", fault)
        fail(as_json, f"no metrics at {metrics} ({reason}): start the server with --metrics-listen", "", NO_SERVER)
    except KeyboardInterrupt:
        return


def _print(picture: Picture) -> None:
    from rich.console import Console

    Console().print(_view(picture))


def _looks(metrics: str) -> Iterator[Any]:
    """What the server says, again and again."""
    from footlight_server.commands.scrape import look

    while True:
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as answer:
            yield look(answer.read().decode(), time.monotonic())


def _watch(before: Any, looks: Iterator[Any], seconds: float) -> None:
    from rich.console import Console
    from rich.live import Live

    from footlight_server.commands.scrape import between

    with Live(console=Console(), screen=True, auto_refresh=False) as live:
        while True:
            after = next(looks)
            live.update(_view(between(before, after)), refresh=True)
            before = after
            time.sleep(seconds)


def _view(picture: Picture) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    ready = Text("ready", "bold green") if picture.ready else Text("NOT READY", "bold red")
    head = Text.assemble(
        "Footlight ",
        ready,
        f"   {picture.calls_per_second:,.0f} calls/s   {picture.in_flight:,.0f} in flight   "
        f"{picture.memory_bytes / 2**20:,.0f} MiB   {picture.processor:.0%} CPU   {picture.open_files:,.0f} files   "
        f"log at {picture.log_position:,.0f}",
    )
    calls = Table(title="Calls", title_justify="left", expand=True)
    for name in ("method", "calls/s", "refused/s", "median ms", "p99 ms"):
        calls.add_column(name, justify="left" if name == "method" else "right")
    for one in picture.methods:
        figures = (f"{one.per_second:,.1f}", f"{one.refused_per_second:,.1f}", _ms(one.median), _ms(one.p99))
        calls.add_row(one.name, *figures)
    engines = Table(title="Engines", title_justify="left", expand=True)
    for name in ("deployment", "ready", "pending", "queue p99 ms", "work p99 ms", "busy", "refused/s", "behind"):
        engines.add_column(name, justify="left" if name == "deployment" else "right")
    for engine in picture.engines:
        state = ("yes" if engine.ready else "no", f"{engine.pending:,.0f}", _ms(engine.queue_p99))
        work = (_ms(engine.execute_p99), f"{engine.busy:.0%}", f"{engine.rejected_per_second:,.1f}")
        engines.add_row(engine.name, *state, *work, f"{engine.lag:,.0f}")
    return Group(head, calls, engines)


def _ms(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds * 1e3:,.2f}"
