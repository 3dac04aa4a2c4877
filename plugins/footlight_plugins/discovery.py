"""Where plug-ins can be had from: installed distributions, and files in a folder."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from footlight_plugins.spec import ENTRY_POINT_GROUP


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where a plug-in can be had from."""

    name: str
    load: Callable[[], object]
    """Imports and returns the plug-in: a module, or an object with hooks."""
    distribution: str = ""
    version: str = ""


def installed_plugins() -> Iterable[PluginSource]:
    """What the installed distributions name in the entry-point group ``footlight``."""
    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        if entry.dist is None:
            yield PluginSource(entry.name, entry.load)
        else:
            yield PluginSource(entry.name, entry.load, *_name_and_version(entry.dist))


def _name_and_version(found: importlib.metadata.Distribution) -> tuple[str, str]:
    """From the first lines of its metadata: to parse all of it, as the library does, takes a millisecond for each."""
    head = (found.read_text("METADATA") or "").partition("\n\n")[0].splitlines()
    facts = dict(line.split(": ", 1) for line in head if line.startswith(("Name: ", "Version: ")))
    if len(facts) < 2:
        return found.name, found.version
    return facts["Name"].strip(), facts["Version"].strip()


def files_in(folder: Path) -> list[PluginSource]:
    """The one-file plug-ins of a folder.

    The folder goes to the end of the import path: a factory is imported later, perhaps in another process, by name.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"the folder of one-file plug-ins, {folder}, does not exist")
    folder = folder.resolve()
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [PluginSource(path.stem, _importer(path)) for path in paths]


def _importer(path: Path) -> Callable[[], object]:
    def load() -> object:
        if not path.stem.isidentifier():
            raise ImportError(f"{path.name} must be named like a Python module: letters, digits and underscores")
        found = find_spec(path.stem)
        if found is None or found.origin is None or Path(found.origin) != path:
            raise ImportError(f"there is another module named {path.stem!r}; rename {path.name}")
        return import_module(path.stem)

    return load


def names_of(source: PluginSource) -> set[str]:
    """What a plug-in may be called: its own name, and its distribution's."""
    return {normal(name) for name in (source.name, source.distribution) if name}


def normal(name: str) -> str:
    """A distribution's name as the package registry compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
