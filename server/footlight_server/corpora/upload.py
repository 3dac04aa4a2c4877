"""One upload of a corpus: files arrive in chunks, are checked, and are taken in all together or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from footlight_server.corpora.records import CorpusRecord, Rights
from footlight_server.errors import InvalidArgument, Unavailable
from footlight_server.log.validation import check_id, check_text

LARGEST_FILE = 1 << 30
MOST_FILES = 1_000_000
NO_RIGHTS = Rights()
LONGEST_STATEMENT = 4_096


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that has arrived whole."""

    path: str
    sha256: str
    size_bytes: int


class Upload:
    """Takes files one after the other: `open`, `write` its bytes, the next; then `commit` or `abort`."""

    def __init__(
        self, name: str, rights: Rights, folder: Path, store: Callable[[Upload], Awaitable[CorpusRecord]]
    ) -> None:
        self.name = check_id("header.name", name)
        self.rights = rights
        self.folder = folder
        self.files: list[UploadedFile] = []
        self._paths: set[str] = set()
        self._store = store
        self._open: _OpenFile | None = None
        with _on_disk():
            folder.mkdir(parents=True)

    def open(self, path: str, size: int, sha256: bytes | None = None) -> None:
        """Begin the next file; the one before must have all its bytes.

        Raises
        ------
        InvalidArgument
            When the path, the size or the checksum is malformed, or the file before is too short or differs.
        Unavailable
            When the disk does not take it.
        """
        self._finish()
        _check_path(path)
        if path in self._paths:
            raise InvalidArgument("file.path", f"{path!r} is in the upload already")
        if not 1 <= size <= LARGEST_FILE:
            raise InvalidArgument("file.size_bytes", f"of {path!r} must be 1 byte to 1 GiB, not {size:,}")
        if sha256 and len(sha256) != 32:
            raise InvalidArgument("file.sha256", f"of {path!r} must have 32 bytes, not {len(sha256)}")
        if len(self.files) >= MOST_FILES:
            raise InvalidArgument("file", f"a corpus has at most {MOST_FILES:,} files")
        self._paths.add(path)
        with _on_disk():
            self._open = _OpenFile(path, size, sha256 or b"", self.folder / "incoming")

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the file that is open.

        Raises
        ------
        InvalidArgument
            When no file is open, or it gets longer than was said.
        Unavailable
            When the disk does not take them.
        """
        if self._open is None:
            raise InvalidArgument("chunk", "must follow a file")
        with _on_disk():
            self._open.write(chunk)

    async def commit(self) -> CorpusRecord:
        """Store everything as a corpus, durably. The same files give the same corpus.

        Raises
        ------
        InvalidArgument
            When the last file is too short or differs, or there is no file. Nothing is stored then.
        Unavailable
            When the disk does not take them.
        """
        try:
            self._finish()
            if not self.files:
                raise InvalidArgument("file", "a corpus has at least one file")
            with _on_disk():
                return await self._store(self)
        finally:
            self.abort()

    def abort(self) -> None:
        """Throw away what has arrived and was not committed. Harmless after `commit`."""
        if self._open is not None:
            with suppress(OSError):  # what is still buffered may not fit on the disk
                self._open.file.close()
            self._open = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finish(self) -> None:
        if self._open is None:
            return
        with _on_disk():
            finished = self._open.finish()
            self._open.location.replace(self.folder / finished.sha256)
        self.files.append(finished)
        self._open = None


@contextmanager
def _on_disk() -> Iterator[None]:
    """Tell of a disk that is full, read-only or broken in words that a caller understands."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the upload cannot be stored: {error.strerror}") from error


class _OpenFile:
    """A file that is arriving."""

    def __init__(self, path: str, size: int, sha256: bytes, location: Path) -> None:
        self.path = path
        self.location = location
        self.file: BinaryIO = location.open("wb")
        self._size = size
        self._said = sha256
        self._received = 0
        self._hash = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._size:
            raise InvalidArgument("chunk", f"{self.path!r} has more than the {self._size:,} bytes that were announced")
        self._hash.update(chunk)
        self.file.write(chunk)

    def finish(self) -> UploadedFile:
        self.file.close()
        if self._received != self._size:
            raise InvalidArgument(
                "file.size_bytes", f"{self.path!r} has {self._received:,} bytes; {self._size:,} were announced"
            )
        if self._said and self._said != self._hash.digest():
            raise InvalidArgument("file.sha256", f"the bytes of {self.path!r} have another checksum")
        return UploadedFile(self.path, self._hash.hexdigest(), self._received)


def checked_rights(rights: Rights) -> Rights:
    """The declaration, or InvalidArgument naming the part that is too long."""
    for part in ("holder", "licence"):
        check_text(f"header.rights.{part}", getattr(rights, part), 256)
    check_text("header.rights.statement", rights.statement, LONGEST_STATEMENT)
    return rights


def _check_path(path: str) -> None:
    check_id("file.path", path)
    if "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise InvalidArgument("file.path", f"{path!r} must be relative, with forward slashes, and without '.' or '..'")
