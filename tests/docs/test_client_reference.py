"""The reference of the Python client names everything that the client offers."""

from __future__ import annotations

import inspect
from pathlib import Path

import footlight
from footlight import frames
from footlight.testing import FakeServer

PAGE = (Path(__file__).resolve().parents[2] / "docs/client-reference.md").read_text(encoding="utf-8")


def methods(owner: object) -> list[str]:
    return [name for name, value in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_")]


def test_every_method_is_there() -> None:
    families = [base for base in footlight.Client.__mro__ if base.__name__.endswith("Methods")]
    offered = {name for family in families for name in methods(family)} | set(methods(FakeServer))
    inherited = {"close", "ready", "wait_until_ready"}
    assert [name for name in sorted(offered - inherited) if f"#### `{name}(" not in PAGE] == []


def test_every_name_of_the_package_is_there() -> None:
    left_out = {"AsyncClient", "Client", "__version__"}
    assert [name for name in footlight.__all__ if name not in left_out and f"`{name}`" not in PAGE] == []


def test_the_functions_for_data_frames_are_there() -> None:
    assert all(f"#### `{name}(" in PAGE for name in ("items_from", "events_from", "frame")) and frames.__doc__
