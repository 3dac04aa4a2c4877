"""Which plug-in is meant, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeAlias

from footlight_plugins.contract import EngineSpec
from footlight_plugins.embedding import EmbedderSpec
from footlight_plugins.loader import LoaderConfig, Plugins, PluginStatus, installed_plugins, load_plugins
from footlight_plugins.parts import PartSpec
from footlight_plugins.spec import ENTRY_POINT_GROUP
from footlight_plugins.stages import StageSpec

Offer: TypeAlias = EngineSpec | PartSpec | EmbedderSpec | StageSpec


class NotFound(ValueError):
    """There is no such plug-in."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plug-in to be checked."""

    status: PluginStatus
    engines: tuple[EngineSpec, ...]
    """The engines it offers; none where it could not be loaded."""
    module: str
    """The module with its hooks."""
    folder: Path | None = None
    """The folder of one-file plug-ins that it lies in."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Everything it offers that there is a suite for."""
        return (*self.engines, *self.status.parts, *self.status.embedders, *self.status.stages)


def find_plugin(target: str) -> tuple[Candidate, ...]:
    """The plug-ins that a distribution, a plug-in's own name or a file stands for, loaded as the server loads them.

    Raises
    ------
    NotFound
        When nothing is installed under the name, and no file is there.
    """
    path = Path(target)
    if path.suffix == ".py":
        return (_of_file(path),)
    plugins = load_plugins()
    found = tuple(
        Candidate(status, _specs(plugins, status), _module(status))
        for status in plugins.statuses
        if _same(target, (status.name, status.distribution))
    )
    if not found:
        names = sorted({status.distribution or status.name for status in plugins.statuses})
        raise NotFound(
            f"no plug-in {target!r} is installed here: install it (pip install -e .), or name its file. "
            f"Installed are {', '.join(names)}"
        )
    return found


def _of_file(path: Path) -> Candidate:
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    if path.name.startswith("_"):
        raise NotFound(f"{path.name} is no plug-in: a server passes over files whose names begin with an underscore")
    folder = path.resolve().parent
    built_in = [source for source in installed_plugins() if source.distribution == "footlight"]
    only = frozenset({path.stem})  # what lies beside it is neither imported nor in its way
    plugins = load_plugins(LoaderConfig(plugins_dir=folder, allowed=only, discover=lambda: built_in))
    (status,) = (one for one in plugins.statuses if not one.distribution and one.name == path.stem)
    return Candidate(status, _specs(plugins, status), path.stem, folder)


def _specs(plugins: Plugins, status: PluginStatus) -> tuple[EngineSpec, ...]:
    return tuple(plugins.engines[name] for name in status.engines)


def _module(status: PluginStatus) -> str:
    (point,) = (
        point
        for point in entry_points(group=ENTRY_POINT_GROUP)
        if point.name == status.name and (point.dist is None or point.dist.name == status.distribution)
    )
    return point.module


def _same(target: str, names: Iterable[str]) -> bool:
    return target.lower().replace("_", "-") in {name.lower().replace("_", "-") for name in names if name}
