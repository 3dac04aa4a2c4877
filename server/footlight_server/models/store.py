"""What engines have learned, as versions on disk. A version is never changed, but for the people who were erased since."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from footlight_plugins import State
from footlight_server.errors import DataLoss, NotFound
from footlight_server.models.checkpoints import Checkpoints
from footlight_server.models.state_files import (
    TEMPORARY,
    Manifest,
    check_state,
    drop_arrays,
    glance,
    read_state,
    rewrite_state,
    unfinished,
    write_arrays,
    write_manifest,
)

__all__ = ["Manifest", "ModelStore"]

_PLAIN_KEY = re.compile(r"[a-z][a-z0-9-]{0,62}")


class ModelStore:
    """The versions of every deployment (or of anything else that has a key), counted from 1.

    Any process may save and load at any time; a version that one of them has not finished is seen by nobody.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def checkpoints(self, key: str) -> Checkpoints:
        """The states of the key's versions at later positions of the log."""
        return Checkpoints(self._folder(key) / "checkpoints")

    def save(self, key: str, state: State, manifest: Manifest) -> int:
        """Store a state as the key's next version and answer its number.

        Raises
        ------
        ValueError, TypeError
            When an array is of a type that safetensors does not know, or JSON cannot hold ``state.meta``.
        """
        folder = self._folder(key)
        with unfinished(folder) as temporary:
            facts = write_arrays(temporary, state, manifest)
            return self._publish(folder, temporary, facts, state.meta)

    def load(self, key: str, version: int) -> tuple[State, Manifest]:
        """Read a version and check it against its checksums.

        Raises
        ------
        NotFound
            When there is no such version.
        DataLoss
            When a file of it is missing, truncated, changed or unreadable; the message names the file.
        """
        return read_state(self._version(key, version))

    def check(self, key: str, version: int) -> Manifest:
        """Check a version as `load` does, without making arrays of it. Answers its manifest."""
        return check_state(self._version(key, version))

    def versions(self, key: str) -> list[Manifest]:
        """Every version, newest first; a cheap look says what is wrong with it (sizes are compared, bytes are not)."""
        return [glance(self._version(key, version), version) for version in self._numbers(key)]

    def newest_good(self, key: str, below: int | None = None) -> int | None:
        """The newest version that is whole, of those under ``below`` where it is given; None where there is none."""
        for version in self._numbers(key):
            if below is not None and version >= below:
                continue
            try:
                self.check(key, version)
            except (DataLoss, NotFound):
                continue
            return version
        return None

    def older_than(self, key: str, epoch: int) -> list[Manifest]:
        """The versions that learned from the log before an erasure and have not been scrubbed since."""
        return [
            manifest
            for manifest in self.versions(key)
            if manifest.erasure_epoch < epoch and not manifest.problem and not manifest.corpus_id
        ]

    def rewrite(self, key: str, state: State, manifest: Manifest) -> None:
        """Put a state without the people who were erased in the place of a version's own."""
        rewrite_state(self._version(key, manifest.version), state, manifest)

    def refuse(self, key: str, version: int) -> None:
        """Remove what a version has learned; what it was stays in its manifest, and a look at it says what is missing."""
        drop_arrays(self._version(key, version))

    def numbers(self, key: str) -> tuple[int, ...]:
        """The key's versions, newest first, without a look at them."""
        return tuple(self._numbers(key))

    def delete(self, key: str) -> None:
        """Remove all versions of the key, if it has any."""
        with suppress(FileNotFoundError):
            self._remove(self._folder(key))

    def prune(self, key: str, keep: int) -> None:
        """Remove all but the newest ``keep`` versions, as for checkpoints."""
        for version in self._numbers(key)[keep:]:
            with suppress(OSError):
                self._remove(self._version(key, version))

    def clean(self) -> None:
        """Remove what crashed while it was being written. Only at start, when no other server saves.

        The job of a server that was killed may still be about to: its version appears whole, or it fails and is run again.
        """
        for pattern in (f"{TEMPORARY}*", f"[!.]*/{TEMPORARY}*", f"[!.]*/[!.]*/{TEMPORARY}*"):
            for folder in list(self._root.glob(pattern)):
                with suppress(OSError):
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Remove a folder at once: nobody knows it by name any more while it is being emptied."""
        trash = self._root / f"{TEMPORARY}{uuid.uuid4().hex}"  # what is left of it after a crash is cleaned at a start
        folder.rename(trash)
        shutil.rmtree(trash)

    def _publish(self, folder: Path, temporary: Path, facts: Manifest, meta: Mapping[str, Any]) -> int:
        """Rename the temporary folder to the next free number; another process may be quicker, then to the one after."""
        version = max(self._numbers_in(folder), default=0)
        while True:
            version += 1
            write_manifest(temporary, replace(facts, version=version), meta)
            try:
                temporary.rename(folder / f"{version:06d}")
                return version
            except OSError:
                if not (folder / f"{version:06d}").exists():
                    raise

    def _numbers(self, key: str) -> list[int]:
        """The key's versions, newest first."""
        return sorted(self._numbers_in(self._folder(key)), reverse=True)

    def _numbers_in(self, folder: Path) -> list[int]:
        return [int(path.name) for path in folder.glob("[0-9]*") if path.name.isdecimal() and path.is_dir()]

    def _version(self, key: str, version: int) -> Path:
        folder = self._folder(key) / f"{version:06d}"
        if not folder.is_dir():
            raise NotFound("model", f"{key}/{version}")
        return folder

    def _folder(self, key: str) -> Path:
        """A deployment's name is its folder; any other key is hashed, since it may hold anything."""
        if _PLAIN_KEY.fullmatch(key):
            return self._root / key
        return self._root / f"_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
