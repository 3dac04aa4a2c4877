"""The pages of the documentation, and a real server with the example engine in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the documentation."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> Sequence[Block]:
        """The fenced blocks in their order; only those of the languages where some are given."""
        found = (Block(*match) for match in _FENCE.findall(self.text))
        return [block for block in found if not languages or block.language in languages]

    def files(self) -> Mapping[str, str]:
        """The blocks that begin with a comment naming a file, by that name; the comment is left out."""
        named = ((block.text.partition("\n")) for block in self.blocks())
        return {first[2:]: rest for first, _, rest in named if re.fullmatch(r"# [\w/.-]+\.\w+", first)}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def page() -> Callable[[str], Page]:
    """Opens a page by its path in the checkout."""
    return lambda name: Page(ROOT / name)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real server answers; the example engine lies in its folder of one-file plug-ins."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "plugins").mkdir()
    shutil.copy(ROOT / "docs/examples/engine_example.py", folder / "plugins")
    command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", "data", "--plugins-dir", "plugins"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0", "--ready-file", "address"], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield _when_ready(server, folder)
    finally:
        server.terminate()
        assert server.wait(START_SECONDS) == 0, (folder / "log").read_text()


def _when_ready(server: subprocess.Popen[bytes], folder: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "address").exists():
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail("the server did not start: " + (folder / "log").read_text())
        time.sleep(0.05)
    return (folder / "address").read_text().strip()
