"""A corpus on this machine's disk, for commands that need no server: a folder, a zip of one, or a file."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_plugins import Corpus

HELD_BACK = 0.1
"""The share of the files that is held back where the corpus holds none."""
SPLIT_FROM = 100
"""Files; of fewer none is held back."""
LARGEST_ZIP = 2 << 30
"""Bytes, unpacked."""


@contextmanager
def local_corpus(path: Path) -> Iterator[Corpus]:
    """The files, a tenth of them held back by a fixed draw where none are below ``heldout/``.

    Raises
    ------
    ValueError
        When a zip cannot be read, climbs out of its folder, or unpacks to more than `LARGEST_ZIP`; the message names it.
    """
    if path.suffix.lower() != ".zip":
        yield _corpus(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _corpus(_unpacked(path, Path(folder)))


def _unpacked(path: Path, folder: Path) -> Path:
    """The folder with what is in a zip; the one folder that holds everything is passed by."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive.infolist())
            archive.extractall(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"--corpus: {path}: not a zip that can be read: {error}") from error
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if sum(entry.file_size for entry in entries) > LARGEST_ZIP:
        raise ValueError(f"--corpus: {path}: it unpacks to more than {LARGEST_ZIP >> 30} GiB")
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts:
            raise ValueError(f"--corpus: {path}: {entry.filename!r} climbs out of the zip")


def _corpus(path: Path) -> Corpus:
    import numpy as np

    from footlight_plugins import Corpus, CorpusFile

    found = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    )
    names = [p.name if path.is_file() else p.relative_to(path).as_posix() for p in found]
    if not any(name.startswith("heldout/") for name in names) and len(names) >= SPLIT_FROM:
        chosen = set(np.random.default_rng(0).permutation(len(names))[: int(len(names) * HELD_BACK)].tolist())
        names = [f"heldout/{name}" if i in chosen else name for i, name in enumerate(names)]
    return Corpus(tuple(CorpusFile(name, p) for name, p in zip(names, found, strict=True)))
