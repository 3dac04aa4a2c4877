"""Writes a plug-in that works, to go on from: `footlight new-plugin`."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from string import Template

from footlight_plugins.contract import Verb

TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".template"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 63
_PREFIX = "footlight-"


@dataclass(frozen=True, slots=True)
class Names:
    """What everything in a new plug-in is called.

    >>> Names.of("footlight-mood", Verb.RECOMMEND).engine
    'mood'
    """

    distribution: str
    verb: Verb

    @staticmethod
    def of(name: str, verb: Verb) -> Names:
        """The names that follow from that of the distribution.

        Raises
        ------
        ValueError
            When it is no name, or one that Python or another module has already.
        """
        if not _NAME.fullmatch(name) or len(name) > _LONGEST or name == _PREFIX.rstrip("-"):
            raise ValueError(
                f"the name {name!r} must be lower-case letters, digits and hyphens, a letter first, at most {_LONGEST},"
                " such as footlight-mood"
            )
        names = Names(name, verb)
        if not names.engine[0].isalpha():
            raise ValueError(f"the name {name!r} must go on with a letter after {_PREFIX!r}")
        if keyword.iskeyword(names.package) or names.package in sys.stdlib_module_names or find_spec(names.package):
            raise ValueError(
                f"there is a module {names.package!r} already; choose another name, such as {_PREFIX}{name}"
            )
        return names

    @property
    def package(self) -> str:
        """The module to import."""
        return self.distribution.replace("-", "_")

    @property
    def engine(self) -> str:
        """The engine, and its plug-in."""
        return self.distribution.removeprefix(_PREFIX)

    @property
    def class_name(self) -> str:
        """The stem of the names of classes."""
        return "".join(part.capitalize() for part in self.engine.split("-"))

    def fill(self, text: str) -> str:
        """A template with the names in it."""
        return Template(text).substitute(
            distribution=self.distribution,
            package=self.package,
            engine=self.engine,
            Class=self.class_name,
            verb=self.verb.value,
        )


def write_plugin(name: str, verb: Verb, parent: Path, taken: Collection[str] = ()) -> tuple[Path, ...]:
    """Write a distribution into a new folder of its name: one engine that works, its tests, and what packaging needs.

    Parameters
    ----------
    taken
        The names of engines that there are already.

    Returns
    -------
    The files, their folder's first.

    Raises
    ------
    ValueError
        When the name cannot be used.
    FileExistsError
        When the folder is there already: nothing is ever written over.
    """
    names = Names.of(name, verb)
    if names.engine in taken:
        raise ValueError(f"there is an engine {names.engine!r} already; choose another name")
    folder = parent / names.distribution
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; choose another name or remove it")
    return tuple(_written(folder / path, names.fill(text)) for path, text in _files(names))


def _files(names: Names) -> Iterator[tuple[str, str]]:
    """Path and template of each file of a plug-in."""
    for source in (TEMPLATES / "shared", TEMPLATES / names.verb.value):
        for path in sorted(source.rglob(f"*{_SUFFIX}")):
            inside = path.relative_to(source).as_posix().removesuffix(_SUFFIX)
            yield (
                inside.replace("PACKAGE", names.package).replace("ENGINE", names.engine.replace("-", "_")),
                path.read_text(encoding="utf-8"),
            )
    yield f"{names.package}/py.typed", ""


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
