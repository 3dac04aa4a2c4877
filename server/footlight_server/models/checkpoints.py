"""States of a deployment at positions of the log after its version was made, so that a start need not replay them.

A checkpoint is no version: it is the same model, only further along. It can be made anew from its version and the log at
any time, so a damaged one is passed over and an outdated one is removed.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import NamedTuple

from footlight_plugins import State
from footlight_server.errors import NotFound
from footlight_server.models.state_files import Manifest, read_state, unfinished, write_arrays, write_manifest

KEPT = 2
"""So many checkpoints of a version are kept: the newest, and one for the case that it is damaged."""

_NAME = re.compile(r"(\d{6,})-(\d{12,})-(\d{6,})")


class Place(NamedTuple):
    """Which state a checkpoint holds; the greater, the newer."""

    version: int
    """The model version that it continues; 0 for an engine that needs no training."""
    position: int
    """The log position up to which it has seen everything."""
    epoch: int
    """The last erasure that it has seen."""

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.version:06d}-{self.position:012d}-{self.epoch:06d}"


def place_of(manifest: Manifest) -> Place:
    """Where the manifest's state belongs."""
    return Place(manifest.version, manifest.log_position, manifest.erasure_epoch)


class Checkpoints:
    """The checkpoints of one deployment, as folders beside its versions.

    One process saves while others load; what is being written is seen by nobody, and what is removed was not needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, state: State, manifest: Manifest) -> Place:
        """Store a state under the version, position and epoch that its manifest names. One that is there stays.

        Raises
        ------
        ValueError, TypeError
            When an array is of a type that safetensors does not know, or JSON cannot hold ``state.meta``.
        """
        place = place_of(manifest)
        with unfinished(self._root) as temporary:
            write_manifest(temporary, write_arrays(temporary, state, manifest), state.meta)
            try:
                temporary.rename(self._root / place.folder)
            except OSError:
                if not (self._root / place.folder).exists():
                    raise
        return place

    def places(self, version: int) -> list[Place]:
        """The checkpoints of a version, newest first."""
        return sorted((place for place in self._places() if place.version == version), reverse=True)

    def load(self, place: Place) -> tuple[State, Manifest]:
        """Read a checkpoint and check it against its checksums.

        Raises
        ------
        NotFound
            When there is none.
        DataLoss
            When a file of it is missing, truncated, changed or unreadable; the message names the file.
        """
        folder = self._root / place.folder
        if not folder.is_dir():
            raise NotFound("checkpoint", place.folder)
        return read_state(folder)

    def prune(self, newest: Place) -> None:
        """Remove all that a new checkpoint makes needless: those of other versions, older erasures, and beyond two."""
        kept = [place for place in self.places(newest.version) if place.epoch >= newest.epoch][:KEPT]
        self._remove([place for place in self._places() if place not in kept])

    def outdated(self, epoch: int) -> bool:
        """Whether any was made before an erasure, and so may hold somebody who was erased."""
        return any(place.epoch < epoch for place in self._places())

    def remove_outdated(self, epoch: int) -> None:
        """Remove those that were made before an erasure."""
        self._remove([place for place in self._places() if place.epoch < epoch])

    def discard(self, place: Place) -> None:
        """Remove one that turned out to be damaged."""
        self._remove([place])

    def _remove(self, places: list[Place]) -> None:
        for place in places:
            shutil.rmtree(self._root / place.folder, ignore_errors=True)

    def _places(self) -> list[Place]:
        found = (_NAME.fullmatch(path.name) for path in self._root.glob("[0-9]*"))
        return [Place(*map(int, match.groups())) for match in found if match]
