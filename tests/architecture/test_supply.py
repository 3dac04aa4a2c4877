"""What a server is deployed with: every distribution pinned by version and by the hashes of its files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

EXTRAS = ("server", "provenance", "postgresql")


@pytest.fixture(scope="module")
def locked(root: Path) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes by name."""
    text = (root / "deploy" / "requirements.lock").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if re.match(r"[A-Za-z]", line)]
    found: dict[str, tuple[str, list[str]]] = {}
    for line in lines:
        name, version = re.split(r"==| ", line)[:2]
        found[name.lower()] = (version, re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def test_everything_that_is_deployed_has_hashes(locked: dict[str, tuple[str, list[str]]]) -> None:
    assert locked and [name for name, (_, hashes) in locked.items() if not hashes] == []


def test_what_is_deployed_is_what_is_tested(root: Path, locked: dict[str, tuple[str, list[str]]]) -> None:
    lines = (root / "constraints.txt").read_text().splitlines()
    tested = dict(line.lower().split("==") for line in lines if "==" in line and not line.startswith("#"))
    differing = {name: version for name, (version, _) in locked.items() if tested.get(name, version) != version}
    assert differing == {}


def test_everything_that_a_server_asks_for_is_locked(root: Path, locked: dict[str, tuple[str, list[str]]]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    names = {re.split(r"[\[<>=!~ ]", line)[0].lower() for line in asked} - {"footlight"}
    assert names - locked.keys() == set()
