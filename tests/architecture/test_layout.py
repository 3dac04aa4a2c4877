"""Where things lie, and what a wheel holds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

PACKAGES = ("footlight", "footlight_plugins", "footlight_engines", "footlight_server")


@pytest.fixture(scope="module")
def wheel(root: Path) -> set[str]:
    """The paths of all files that a wheel would hold, besides its metadata."""
    files = WheelBuilder(str(root)).recurse_included_files()
    return {Path(file.distribution_path).as_posix() for file in files}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_imported_from_its_folder(root: Path, folders: Mapping[str, str], package: str) -> None:
    assert list(import_module(package).__path__) == [str(root / folders[package] / package)]


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: set[str]) -> None:
    assert {path.split("/")[0] for path in wheel} == set(PACKAGES)


def test_the_wheel_holds_what_other_languages_generate_their_clients_from(root: Path, wheel: set[str]) -> None:
    wire = {f"footlight/v1/{path.name}" for path in (root / "protos/footlight/v1").glob("*.proto")}
    assert wire | {"footlight/v1/footlight.binpb", "footlight/v1/buf.gen.yaml"} <= wheel


def test_every_package_says_that_it_is_typed(wheel: set[str]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= wheel


def test_every_module_of_the_packages_is_in_the_wheel(root: Path, folders: Mapping[str, str], wheel: set[str]) -> None:
    for package, folder in folders.items():
        sources = {path.relative_to(root / folder).as_posix() for path in (root / folder / package).rglob("*.py")}
        assert sources <= wheel


def test_nothing_else_can_be_imported_from_the_folders_of_the_packages(root: Path, folders: Mapping[str, str]) -> None:
    """An editable install puts these folders on the path, so a stray module in one would shadow somebody's."""
    for package, folder in folders.items():
        beside = {path.stem for path in (root / folder).iterdir() if path.suffix == ".py" or path.is_dir()}
        assert {name for name in beside if name.isidentifier() and name != "__pycache__"} == {package}


def test_torch_is_pinned_to_one_build(root: Path) -> None:
    assert "torch==2.13.0" in (root / "constraints.txt").read_text().splitlines()


def test_every_direct_dependency_is_pinned(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    pins = {line.split("==")[0].lower() for line in (root / "constraints.txt").read_text().splitlines() if "==" in line}
    names = {requirement.split("[")[0].split(">")[0].split("=")[0].strip().lower() for requirement in wanted}
    assert names - pins - {"footlight"} == set()
