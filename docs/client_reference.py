"""Writes docs/client-reference.md from the docstrings of the Python client: python docs/client_reference.py"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import footlight
from footlight import frames, protos, tables
from footlight.testing import FakeServer

PAGE = Path(__file__).with_name("client-reference.md")

_HEAD = """# Reference of the Python client

Written by `make reference` from the docstrings in `clients/python/footlight/`, which are what an editor shows.
`footlight.AsyncClient` has the same methods as `footlight.Client`: to be awaited, and those that give several things one
after the other to be iterated with `async for`. [Clients](clients.md) says what all clients have in common.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield f"## The client\n\n`footlight.Client{_signature(footlight.Client)}`\n\n{_prose(footlight.Client)}\n"
    yield _prose(footlight.Client.__init__) + "\n"
    for family in footlight.Client.__mro__[1:]:
        if not family.__name__.endswith("Methods"):
            continue
        yield f"### {_first_line(family).rstrip('.')}\n"
        yield from (_function(value) for value in _public(family))
    yield "## Errors\n"
    yield from (f"- `{one.__name__}`: {_first_line(one)}" for one in _errors())
    yield "\n## Records\n"
    yield from (_record(one) for one in _exported() if is_dataclass(one))
    yield "## Words\n"
    yield from (_words(one) for one in _exported() if issubclass(one, Enum))
    yield f"## A server in memory\n\n```python\n{_example(FakeServer.__module__)}\n```\n\n{_prose(FakeServer)}\n"
    yield from (_function(value) for value in _public(FakeServer))
    for module in (frames, tables, protos):
        yield f"## `{module.__name__}`\n\n{_prose(module)}\n"
        yield from (_function(value) for value in _public(module) if value.__module__ == module.__name__)


def _exported() -> list[Any]:
    found = (getattr(footlight, name) for name in footlight.__all__ if name not in ("Client", "AsyncClient"))
    return [one for one in found if inspect.isclass(one)]


def _errors() -> list[Any]:
    return [one for one in _exported() if issubclass(one, Exception)]


def _public(owner: Any) -> list[Any]:
    found = [value for name, value in vars(owner).items() if not name.startswith("_") and inspect.isfunction(value)]
    return sorted(found, key=lambda one: one.__code__.co_firstlineno)


def _function(function: Any) -> str:
    return f"#### `{function.__name__}{_signature(function)}`\n\n{_prose(function)}\n"


def _record(one: Any) -> str:
    parts = ", ".join(f"`{field.name}`" for field in fields(one))
    methods = [f"`{method.__name__}{_signature(method)}`: {_first_line(method)}" for method in _public(one)]
    return f"### `{one.__name__}`\n\n{_prose(one)}\n\nFields: {parts}.\n" + "".join(f"\n- {line}" for line in methods)


def _words(one: type[Enum]) -> str:
    return f"- `{one.__name__}`: {_prose(one)} Values: {', '.join(f'`{word.value}`' for word in one)}."


def _signature(function: Any) -> str:
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", str(inspect.signature(function)))
    return text.replace("(self, ", "(").replace("(self)", "()").replace("'", "").replace(" -> None", "")


def _prose(owner: Any) -> str:
    """The docstring as Markdown: the lists of arguments, errors and attributes as lists; an example stays indented."""
    lines, listed = [], False
    for line in (inspect.getdoc(owner) or "").splitlines():
        listed = line in ("Args:", "Raises:", "Attributes:") or (listed and bool(line))
        lines.append(_entry(line) if listed else line)
        if line in ("Args:", "Raises:", "Attributes:"):
            lines.append("")
    return "\n".join(lines)


def _entry(line: str) -> str:
    return "  " + line.strip() if line.startswith("     ") else re.sub(r"^    (\w+): ", r"- `\1`: ", line)


def _first_line(owner: Any) -> str:
    return (inspect.getdoc(owner) or "").split("\n\n")[0].replace("\n", " ")


def _example(module: str) -> str:
    """The example in the docstring of a package."""
    text = inspect.getdoc(sys.modules[module.rpartition(".")[0]]) or ""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
