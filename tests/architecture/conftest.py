"""The hand-written modules of the product, read but not imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "footlight": "clients/python",
    "footlight_plugins": "plugins",
    "footlight_engines": "engines",
    "footlight_server": "server",
}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def folders() -> Mapping[str, str]:
    """Each package's name and the folder that it lies in."""
    return FOLDERS


@pytest.fixture(scope="session")
def trees() -> Mapping[str, ast.Module]:
    """The syntax tree of every module, by its full name; a package by its own name."""
    return {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in _modules()}


@pytest.fixture(scope="session")
def imports(trees: Mapping[str, ast.Module]) -> Mapping[str, frozenset[str]]:
    """What every module imports, wherever the statement stands; ``from a import b`` counts as ``a.b``."""
    packages = {name for name, path in _modules() if path.name == "__init__.py"}
    return {name: frozenset(_imported(tree, name, name in packages)) for name, tree in trees.items()}


def _modules() -> Iterator[tuple[str, Path]]:
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            if not path.stem.endswith(("_pb2", "_pb2_grpc")):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imported(tree: ast.Module, module: str, is_package: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The module that a ``from`` statement names, its leading dots resolved."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if is_package else node.level
    return ".".join(parts[: len(parts) - up] + ([node.module] if node.module else []))
