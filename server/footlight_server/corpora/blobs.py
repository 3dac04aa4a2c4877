"""Files named by the SHA-256 of their bytes: the same bytes are kept once."""

from __future__ import annotations

import os
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from footlight_server.models.files import sync_file, sync_folder


class Blobs:
    """A folder of blobs. Who refers to which is known elsewhere."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._pinned: Counter[str] = Counter()

    def location(self, sha256: str) -> Path:
        """Where a blob lies, if it is there."""
        return self._root / sha256[:2] / sha256[2:]

    @contextmanager
    def pinned(self, names: Iterable[str]) -> Iterator[None]:
        """Keep these blobs from being removed while they are taken in and not yet referred to."""
        held = Counter(set(names))
        with self._lock:
            self._pinned += held
        try:
            yield
        finally:
            with self._lock:
                self._pinned -= held

    def take(self, files: dict[str, Path]) -> None:
        """Move files in, each under the name of its bytes, and wait until the disk has them. Pin the names first."""
        folders = set()
        for sha256, file in files.items():
            target = self.location(sha256)
            if _is_there(target, file.stat().st_size):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_file(file)
            os.replace(file, target)
            folders.add(target.parent)
        for folder in folders | ({self._root} if folders else set()):
            sync_folder(folder)

    def put(self, sha256: str, data: bytes, wait: bool) -> None:
        """Write bytes under their name where they are not there; ``wait`` until the disk has them."""
        target, incoming = self.location(sha256), self._root / f".new-{uuid.uuid4().hex}"
        if _is_there(target, len(data)):
            return
        try:
            _in_the_folder(incoming).write_bytes(data)
            if wait:
                sync_file(incoming)
            os.replace(incoming, _in_the_folder(target))
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise
        for folder in (target.parent, self._root) if wait else ():
            sync_folder(folder)

    def remove(self, names: Iterable[str], wanted: Callable[[str], bool]) -> None:
        """Remove those of the blobs that are neither pinned nor wanted."""
        for sha256 in names:
            with self._lock:
                if not self._pinned[sha256] and not wanted(sha256):
                    self.location(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Every blob that is there."""
        for path in self._root.glob("??/*"):
            yield path.parent.name + path.name


def _is_there(target: Path, size: int) -> bool:
    return target.exists() and target.stat().st_size == size


def _in_the_folder(path: Path) -> Path:
    """The path, once its folder is there."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    return path
