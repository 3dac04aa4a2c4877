"""Tar files that are written and read member by member, with a checksum of each."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from footlight_server.archive.layout import MANIFEST, SUMS, BackupManifest
from footlight_server.errors import DataLoss

CHUNK = 1 << 20
LARGEST_MANIFEST = 16 << 20


class _Tar(tarfile.TarFile):
    """A tar file that can be told to forget the members that have passed: there may be millions."""

    members: list[tarfile.TarInfo]


@dataclass
class Hashed:
    """A stream that remembers the checksum and the length of what was read from it."""

    stream: BinaryIO
    name: str = ""
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    length: int = 0

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; DataLoss where an archive ends before its member does."""
        try:
            data = self.stream.read(size)
        except tarfile.ReadError as error:
            raise DataLoss(f"{self.name} is damaged: the file ends inside of it") from error
        self.digest.update(data)
        self.length += len(data)
        return data

    def drain(self) -> None:
        """Read whatever is left."""
        while self.read(CHUNK):
            pass


class ArchiveWriter:
    """Writes members one after the other; `finish` writes their checksums."""

    def __init__(self, out: BinaryIO) -> None:
        self._tar = _Tar.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT)  # `finish` closes it
        self._sums = io.StringIO()

    def add(self, name: str, data: bytes) -> None:
        """Write a member that is in memory."""
        self.add_stream(name, io.BytesIO(data), len(data))

    def add_stream(self, name: str, stream: BinaryIO, size: int) -> None:
        """Write a member of so many bytes; OSError where the stream has fewer."""
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = 0o600
        hashed = Hashed(stream)
        self._tar.addfile(info, hashed)
        self._tar.members = []
        self._sums.write(f"{hashed.digest.hexdigest()}  {name}\n")

    def finish(self) -> None:
        """Write the checksums and the end of the archive."""
        sums = self._sums.getvalue().encode()
        self.add_stream(SUMS, io.BytesIO(sums), len(sums))
        self._tar.close()


@dataclass(frozen=True, slots=True)
class Member:
    """One member while it is being read."""

    name: str
    size: int
    stream: Hashed


class ArchiveReader:
    """Reads an archive from its beginning to its end. The manifest is there from the start."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        """Read the manifest.

        Raises
        ------
        DataLoss
            When this is no backup, or its beginning is damaged.
        FailedPrecondition
            When a newer Footlight made it.
        """
        self._path = path
        self._last = "its beginning"
        self._sums: dict[str, str] = {}
        with self._naming_damage():
            self._tar = _Tar.open(fileobj=file, mode="r:")  # whoever opened the file closes it
            first = self._next()
            if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
                raise DataLoss(f"{path} is no backup of Footlight: it does not begin with {MANIFEST}")
            data = first.stream.read()
            self._finish(first)
        try:
            self.manifest = BackupManifest.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.damaged(MANIFEST, "it cannot be read") from error

    def members(self) -> Iterator[Member]:
        """Every further member, then the check of all.

        Raises
        ------
        DataLoss
            Names the member that is damaged or missing. Trust nothing of what was read before the end is reached.
        """
        while True:
            with self._naming_damage():
                member = self._next()
            if member is None:
                raise DataLoss(f"{self._path} is damaged: it ends after {self._last}")
            if member.name == SUMS:
                self._check(member.stream.read().decode(errors="replace"))
                return
            yield member
            with self._naming_damage():
                self._finish(member)

    def damaged(self, name: str, why: str) -> DataLoss:
        """The error that says that a member is damaged."""
        return DataLoss(f"{self._path} is damaged: {name}: {why}")

    def _next(self) -> Member | None:
        info = self._tar.next()
        self._tar.members = []
        if info is None:
            return None
        stream = self._tar.extractfile(info) if info.isreg() else None
        if stream is None:
            raise DataLoss(f"{self._path} is damaged: {info.name} is no plain file")
        return Member(info.name, info.size, Hashed(stream, f"{self._path}, {info.name}"))  # type: ignore[arg-type]  # IO[bytes] reads as BinaryIO does

    def _finish(self, member: Member) -> None:
        member.stream.drain()
        if member.stream.length != member.size:
            raise self.damaged(member.name, "the file ends inside of it")
        self._sums[member.name] = member.stream.digest.hexdigest()
        self._last = member.name

    def _check(self, sums: str) -> None:
        """Compare with what was written."""
        said = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
        for name, digest in self._sums.items():
            if said.pop(name, None) != digest:
                raise self.damaged(name, "its checksum differs")
        for name in said:
            raise self.damaged(name, "it is missing")

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise DataLoss(f"{self._path} is damaged after {self._last}: {error}") from error
