"""Files of a corpus: compressed ones are read as if they were not; those that cannot be read are named and left out."""

from __future__ import annotations

import gzip
import io
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, TypeVar

from footlight_plugins import Corpus, CorpusFile

LARGEST_FILE = 256 << 20
"""Bytes, unpacked."""
NAMED = 20
"""So many files that cannot be read are named where none can."""
_PACKED = (".xz", ".gz")
_ALONG = frozenset({"readme", "upstream-readme", "license", "licence", "copying", "notice", "changelog"})

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Files(Generic[Found]):
    """What was found in the files of a corpus."""

    read: tuple[tuple[CorpusFile, Found], ...]
    """Each file, and what is in it."""
    broken: tuple[str, ...]
    """What could not be read, and why: path and reason."""


def read_files(corpus: Corpus, read: Callable[[CorpusFile], Found]) -> Files[Found]:
    """Read each file but those that only go along with a corpus: a licence, a read-me.

    Parameters
    ----------
    read
        Answers what is in a file, or raises a ValueError whose message names it.

    Raises
    ------
    ValueError
        When there are files, and none of them can be read; the message names them.
    """
    found: list[tuple[CorpusFile, Found]] = []
    broken: list[str] = []
    for file in corpus:
        if goes_along(file.path):
            continue
        try:
            found.append((file, read(file)))
        except ValueError as error:
            broken.append(str(error))
    if broken and not found:
        raise ValueError(f"no file of the corpus can be read: {'; '.join(broken[:NAMED])}")
    return Files(tuple(found), tuple(broken))


def goes_along(path: str) -> bool:
    """Whether a file of this name is about the corpus, and not of it."""
    name = PurePosixPath(path.lower())
    return name.suffix in (".md", ".rst") or name.name.partition(".")[0] in _ALONG


def ending_of(file: CorpusFile) -> str:
    """The ending in lower case, without that of a compression: ``.dem`` of ``HILLS.DEM.xz``."""
    name = PurePosixPath(file.path.lower())
    return (name.with_suffix("") if name.suffix in _PACKED else name).suffix


def bytes_of(file: CorpusFile) -> bytes:
    """The bytes of a file; of one that ends in ``.xz`` or ``.gz``, unpacked.

    Raises
    ------
    ValueError
        When it cannot be unpacked, or to more than `LARGEST_FILE`; the message names it.
    """
    data, ending = file.read(), PurePosixPath(file.path.lower()).suffix
    if ending not in _PACKED:
        return data
    packed = io.BytesIO(data)
    try:
        with lzma.LZMAFile(packed) if ending == ".xz" else gzip.GzipFile(fileobj=packed) as opened:
            data = opened.read(LARGEST_FILE + 1)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise ValueError(f"{file.path}: it cannot be unpacked: {error}") from error
    if len(data) > LARGEST_FILE:
        raise ValueError(f"{file.path}: it unpacks to more than {LARGEST_FILE >> 20} MiB")
    return data
