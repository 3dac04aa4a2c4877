"""Plug-ins that `footlight new-plugin` wrote, installed into an environment of their own."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

from footlight_plugins import Verb
from footlight_plugins.scaffolding import write_plugin


class Workshop:
    """A folder in which a stranger writes plug-ins, and the Python that they are installed into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", symlinks=True, with_pip=False)
        self.python = folder / "venv" / "bin" / "python"
        (site,) = (folder / "venv" / "lib").glob("*/site-packages")
        paths = [path for path in sys.path if "site-packages" in path or Path(path, "footlight_plugins").is_dir()]
        paths += [path for path in sys.path if Path(path, "footlight").is_dir() and path not in paths]
        paths += [path for path in sys.path if Path(path, "footlight_engines").is_dir() and path not in paths]
        paths += [path for path in sys.path if Path(path, "footlight_server").is_dir() and path not in paths]
        # as code, so that the .pth files of these folders are read as well
        lines = [f"import site; site.addsitedir({path!r})" for path in paths]
        (site / "base.pth").write_text("\n".join(lines) + "\n")

    def install(self, project: Path) -> None:
        """``pip install -e .``, without looking for anything elsewhere."""
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        pip = [sys.executable, "-m", "pip", "--python", str(self.python)]
        done = subprocess.run([*pip, "install", *options, "-e", str(project)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, arguments: Sequence[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A Python process of the environment."""
        return subprocess.run(
            [str(self.python), *arguments], cwd=cwd or self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """With a plug-in for each verb."""
    made = Workshop(tmp_path_factory.mktemp("workshop"))
    for verb in Verb:
        write_plugin(f"footlight-my-{verb}", verb, made.folder)
        made.install(made.folder / f"footlight-my-{verb}")
    return made
