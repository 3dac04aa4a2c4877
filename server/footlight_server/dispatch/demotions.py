"""Which inline engines stopped a server before: they are asked on a thread until their plug-in comes in another version."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from footlight_plugins import EngineSpec

FILE = "demoted.jsonl"


class Demotions:
    """A file in the data directory. To have an engine on the event loop again, remove its line."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def add(self, deployment: str, version: str, reason: str) -> None:
        """Write one down, at once."""
        line = json.dumps({"deployment": deployment, "engine_version": version, "reason": reason}) + "\n"
        with self._path.open("a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> dict[tuple[str, str], str]:
        """The reasons, by deployment and version of its engine; a line that cannot be read is passed over."""
        found = {}
        with suppress(FileNotFoundError):
            for line in self._path.read_text().splitlines():
                with suppress(ValueError, KeyError, TypeError):
                    row = json.loads(line)
                    found[row["deployment"], row["engine_version"]] = str(row["reason"])
        return found


def demotion(demoted: Mapping[tuple[str, str], str], deployment: str, spec: EngineSpec) -> str:
    """Why an inline engine has a thread; empty where it has none."""
    return demoted.get((deployment, spec.version), "") if spec.inline else ""
