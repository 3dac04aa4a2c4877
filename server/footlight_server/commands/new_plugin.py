"""``footlight new-plugin``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from footlight_server.commands.offline import Json, reporting, show


class VerbName(StrEnum):
    """What the engine is to be for."""

    RECOMMEND = "recommend"
    GENERATE = "generate"
    ACT = "act"


Name = Annotated[
    str, typer.Argument(help="What the distribution is called, such as footlight-mood.", show_default=False)
]


def new_plugin(
    name: Name,
    verb: Annotated[VerbName, typer.Option("--verb", help="What its engine is for.")] = VerbName.RECOMMEND,
    parent: Annotated[Path, typer.Option("--in", help="The folder that gets the new one.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write a plug-in that works: one engine, its tests, and what packaging needs. Needs no network.

    Its tests pass at once: `pip install -e . && pytest` in the new folder. docs/writing-plugins.md goes on from there.
    """
    with reporting(as_json):
        from footlight_plugins.contract import Verb
        from footlight_plugins.loader import load_plugins
        from footlight_plugins.scaffolding import Names, write_plugin

        files = write_plugin(name, Verb(verb.value), parent, load_plugins().engines)
        folder, engine = parent / name, Names(name, Verb(verb.value)).engine
        facts = {"folder": folder, "engine": engine, "files": [path.relative_to(folder) for path in files]}
        show(as_json, facts, lambda: _view(folder, engine, files))


def _view(folder: Path, engine: str, files: tuple[Path, ...]) -> str:
    written = "\n".join(f"  {path}" for path in sorted(files))
    return (
        f"{written}\n\nNow:\n  cd {folder}\n  pip install -e '.[dev]'\n  pytest\n  footlight check-plugin {folder.name}\n\n"
        f"The engine {engine!r} is there after a restart of the server: footlight plugins"
    )
