"""Imports point one way: server -> plugins <- engines, and server -> footlight.v1."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from footlight_plugins.loader import load_plugins

Trees = Mapping[str, ast.Module]
Imports = Mapping[str, frozenset[str]]

TRANSPORT_AND_STORE = ("grpc", "grpc_health", "grpc_reflection", "google", "sqlalchemy", "alembic")
PACKAGES = ("footlight", "footlight_plugins", "footlight_engines", "footlight_server")

FORBIDDEN = {
    "footlight_plugins": (*TRANSPORT_AND_STORE, "footlight", "footlight_engines", "footlight_server", "torch", "numba"),
    "footlight_engines": (*TRANSPORT_AND_STORE, "footlight", "footlight_server"),
    "footlight_server": ("footlight_engines", "torch", "numba"),
    "footlight": ("footlight_plugins", "footlight_engines", "footlight_server", "numpy", "torch", "numba", "pluggy"),
}


CALLS_FROM_OUTSIDE = ("footlight_server.commands", "footlight_server.demo")
"""What is shipped with the server but uses it through the public API, as anybody would."""

DEMO = ("footlight_server.commands.demo", "footlight_server.demo")
"""What shows the built-in engines, and so has to name them."""


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_nothing_that_it_must_not_know(imports: Imports, package: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, names in imports.items()
        if within(module, package)
        for name in sorted(names)
        if any(within(name, forbidden) for forbidden in FORBIDDEN[package])
    ]
    assert wrong == []


def test_the_server_uses_the_client_only_from_outside(imports: Imports) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, names in imports.items()
        if within(module, "footlight_server") and not any(within(module, part) for part in CALLS_FROM_OUTSIDE)
        for name in sorted(names)
        if within(name, "footlight") and not within(name, "footlight.v1")
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(imports: Imports, package: str) -> None:
    modules = {module for module in imports if within(module, package)}
    graph = {module: _targets(imports[module], modules) - {module} for module in modules}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_server_names_no_engine(trees: Trees) -> None:
    names = {
        name for status in load_plugins().statuses if status.distribution == "footlight" for name in status.engines
    }
    wrong = [
        f"{module}:{line} says {text!r}"
        for module, tree in trees.items()
        if within(module, "footlight_server") and not any(within(module, part) for part in DEMO)
        for line, text in _literals(tree)
        if _names_an_engine(text, names)
    ]
    assert wrong == []


def test_a_literal_that_names_an_engine_is_recognised() -> None:
    names = {"item-knn", "popular"}
    assert _names_an_engine("popular", names) and _names_an_engine("try item-knn first", names)
    assert _names_an_engine("footlight_engines.recommend", names)
    assert not _names_an_engine("popular with many", names) and not _names_an_engine("my-item-knn", names)


def _targets(names: frozenset[str], modules: set[str]) -> set[str]:
    """The modules that the imported names are, or lie in."""
    found = {name if name in modules else name.rpartition(".")[0] for name in names}
    return found & modules


def _names_an_engine(text: str, names: set[str]) -> bool:
    """A name with a hyphen counts anywhere in the text; an everyday word only where it is the whole of it."""
    hyphened = "|".join(re.escape(name) for name in names if "-" in name)
    found = re.search(rf"(?<![\w-])(?:{hyphened})(?![\w-])", text) if hyphened else None
    return text in names or "footlight_engines" in text or found is not None


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The text in a module that is no docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    prose = {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        for statement in node.body
        if isinstance(statement, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value
