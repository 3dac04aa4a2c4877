"""Makes a data directory, and a database, from a backup; and forgets again who was erased since."""

from __future__ import annotations

import fcntl
import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from footlight_server.archive.erasures import ErasureJournal, Mark, erase_again, later_marks, marks_in
from footlight_server.archive.files import blob_path
from footlight_server.archive.layout import FILES, Progress, TableFacts, quiet
from footlight_server.archive.rows import write_part
from footlight_server.archive.snapshot import SQLITE_NAME
from footlight_server.archive.tables import new_database, prepare_tables, upgrade
from footlight_server.archive.tarfiles import CHUNK, ArchiveReader, Member
from footlight_server.errors import FailedPrecondition
from footlight_server.log.schema import REVISION

STAGING = ".restoring"
_HARMLESS = {"lock", "lost+found", STAGING}
_LARGEST_PART = 1 << 30


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back."""

    rows: int
    files: int
    create_time: int
    """When the backup was made, in microseconds since 1970."""
    erasures: int
    """How many erasures were newer than the backup."""
    people_erased: int
    """How many people of the backup they took away again."""


def restore(
    file: Path, data_dir: Path, erasures: Sequence[Mark] | None, database: str = "", progress: Progress = quiet
) -> Restored:
    """Make a data directory from a backup, and fill the database.

    ``erasures`` are the newest marks of the log; None says that nobody was erased since. The data directory, and a
    database that is not SQLite, get everything or nothing.

    Raises
    ------
    FailedPrecondition
        When the data directory or the database is not empty, a newer Footlight made the backup, or the erasures do
        not fit it.
    DataLoss
        When the backup is damaged; names the member.
    """
    with file.open("rb") as backup, _staging(data_dir) as staging:
        reader = ArchiveReader(backup, file)
        if reader.manifest.schema_revision > REVISION:
            raise FailedPrecondition(f"a newer Footlight made the backup {file}", "BACKUP_TOO_NEW")
        restored = _Restore(reader, staging, progress).run(database, erasures)
        _publish(staging, data_dir)
    return restored


@contextmanager
def _staging(data_dir: Path) -> Iterator[Path]:
    """A folder inside of the data directory, which may be a mount point that nothing can be renamed to."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if there := sorted({path.name for path in data_dir.iterdir()} - _HARMLESS):
        raise FailedPrecondition(f"the data directory {data_dir} is not empty: it has {there[0]}", "NOT_EMPTY")
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)  # the one that a server takes
    staging = data_dir / STAGING
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(staging, ignore_errors=True)  # of a restore that was killed
        staging.mkdir()
        yield staging
    except BlockingIOError:
        raise FailedPrecondition(f"a server, or another restore, uses the data directory {data_dir}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(descriptor)


def _publish(staging: Path, data_dir: Path) -> None:
    os.sync()
    for path in sorted(staging.iterdir(), key=lambda path: path.name == SQLITE_NAME):  # the database last
        path.rename(data_dir / path.name)


class _Restore:
    """One restore, into the staging folder."""

    def __init__(self, reader: ArchiveReader, staging: Path, progress: Progress) -> None:
        self._reader = reader
        self._staging = staging
        self._progress = progress
        self._tables = {facts.name: facts for facts in reader.manifest.tables}
        self._done: dict[str, int] = dict.fromkeys(self._tables, 0)
        self._bytes = 0
        self._files = 0

    def run(self, database: str, erasures: Sequence[Mark] | None) -> Restored:
        engine = new_database(database or f"sqlite:///{self._staging / SQLITE_NAME}")
        try:
            with engine.connect() as connection, connection.begin():
                prepare_tables(connection, self._reader.manifest)
                for member in self._reader.members():
                    self._take(connection, member)
                self._check_rows()
                upgrade(connection, "head")
                later = later_marks(connection, erasures, self._reader.manifest.tenants) if erasures is not None else []
                people = erase_again(connection, later)
                ErasureJournal(self._staging).append(marks_in(connection))
        finally:
            engine.dispose()
        rows, made = sum(self._done.values()), self._reader.manifest.create_time
        return Restored(rows, self._files, made, len(later), people)

    def _take(self, connection: Connection, member: Member) -> None:
        kind, _, rest = member.name.partition("/")
        if kind == "tables" and (facts := self._tables.get(rest.partition("/")[0])):
            self._take_rows(connection, facts, member)
        elif FILES.fullmatch(member.name):
            self._take_file(member)
        else:
            raise self._reader.damaged(member.name, "no backup has such a member")

    def _take_rows(self, connection: Connection, facts: TableFacts, member: Member) -> None:
        if member.size > _LARGEST_PART:
            raise self._reader.damaged(member.name, "it is too large")
        part = member.stream.read()
        try:
            self._done[facts.name] += write_part(connection, facts, part)
        except (ValueError, EOFError, OSError, zlib.error) as error:
            raise self._reader.damaged(member.name, str(error)) from error
        self._progress(facts.name, self._done[facts.name], facts.rows)

    def _take_file(self, member: Member) -> None:
        blob, secret = "/blobs/" in member.name, member.name.startswith("keys/")
        target = blob_path(self._staging, member.name) if blob else self._staging / member.name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if secret else 0o777)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o666), "wb") as out:
            while data := member.stream.read(CHUNK):
                out.write(data)
        if blob and member.stream.digest.hexdigest() != target.parent.name + target.name:
            raise self._reader.damaged(member.name, "its bytes have another checksum than its name")
        self._files += 1
        self._bytes += member.size
        self._progress("files", self._bytes, self._reader.manifest.file_bytes)

    def _check_rows(self) -> None:
        for facts in self._tables.values():
            if self._done[facts.name] != facts.rows:
                raise self._reader.damaged(f"tables/{facts.name}", f"{facts.rows:,} rows expected")
