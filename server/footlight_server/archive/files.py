"""The files of a data directory that a backup takes along: model versions, and the bytes of corpora and assets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, select

from footlight_server.archive.layout import Progress
from footlight_server.archive.tarfiles import ArchiveWriter
from footlight_server.log.schema import ASSETS, CORPUS_FILES

_MODELS = ("models", "tenants/*/models")
"""Where model versions lie: those of the first tenant, and those of the others."""


def model_versions(data_dir: Path) -> list[Path]:
    """The folders of all versions that are whole; what is being written has another name."""
    found = (path for place in _MODELS for path in data_dir.glob(f"{place}/*/[0-9]*"))
    return sorted(path for path in found if path.name.isdecimal())


def key_files(data_dir: Path) -> list[Path]:
    """The server's own keys and certificates; what is being written has another name."""
    return sorted(path for path in data_dir.glob("keys/*") if path.is_file() and not path.name.startswith("."))


def named_blobs(connection: Connection) -> Iterator[str]:
    """Where the files lie, inside the data directory, that the rows of a database name."""
    for name in connection.execute(select(CORPUS_FILES.c.sha256).distinct()).scalars():
        yield f"corpora/blobs/{name}"
    for digest in connection.execute(select(ASSETS.c.sha256).distinct()).scalars():
        yield f"assets/blobs/{digest.hex()}"


def blob_path(data_dir: Path, name: str) -> Path:
    """Where a member such as ``corpora/blobs/<sha256>`` lies on disk."""
    folder, _, sha256 = name.rpartition("/")
    return data_dir / folder / sha256[:2] / sha256[2:]


def size_of(paths: Sequence[Path]) -> int:
    """The bytes of files and of what folders hold; what is gone counts nothing."""
    return sum(_size(file) for path in paths for file in (path.iterdir() if path.is_dir() else (path,)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class FileCopier:
    """Copies files into an archive and counts their bytes."""

    def __init__(self, archive: ArchiveWriter, total: int, progress: Progress) -> None:
        self._archive = archive
        self._total = total
        self._done = 0
        self._progress = progress

    def blob(self, data_dir: Path, name: str) -> bool:
        """Copy the bytes of a corpus or an asset. False where they are not there."""
        try:
            self._copy(name, blob_path(data_dir, name))
        except FileNotFoundError:
            return False
        return True

    def key(self, path: Path) -> None:
        """Copy a key or a certificate."""
        self._copy(f"keys/{path.name}", path)

    def version(self, data_dir: Path, folder: Path) -> bool:
        """Copy a model version, whole or not at all. False where it was removed meanwhile."""
        try:
            files = [file.open("rb") for file in sorted(folder.iterdir())]
        except FileNotFoundError:
            return False
        for file in files:
            with file:
                self._add(Path(file.name).relative_to(data_dir).as_posix(), file)
        return True

    def _copy(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, file)

    def _add(self, name: str, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        self._archive.add_stream(name, file, size)
        self._done += size
        self._progress("files", self._done, self._total)
