"""Makes a backup of everything while a server serves and writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, select

from footlight_server.archive.erasures import origin_of
from footlight_server.archive.files import FileCopier, blob_path, key_files, model_versions, named_blobs, size_of
from footlight_server.archive.layout import FORMAT, MANIFEST, BackupManifest, Progress, TableFacts, TenantFacts, quiet
from footlight_server.archive.rows import facts_of, read_parts
from footlight_server.archive.snapshot import snapshot, url_of
from footlight_server.archive.tarfiles import ArchiveWriter
from footlight_server.errors import FailedPrecondition, Unavailable
from footlight_server.log.events import last_epoch, last_position
from footlight_server.log.records import now
from footlight_server.log.schema import ITEMS, METADATA, REVISION
from footlight_server.models.files import sync_folder

_TRIES = 5


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    rows: int
    models: int
    blobs: int
    tenants: Mapping[str, TenantFacts]
    missing: tuple[str, ...]
    """Files that the database names and the data directory lacks."""
    file: Path = Path()
    size_bytes: int = 0
    keys: int = 0
    """Files of the server's own keys and certificates."""
    keys_left_out: int = 0


class _Moved(Exception):
    """What was to be copied was removed meanwhile, rightly."""


def back_up(
    data_dir: Path,
    file: Path,
    database: str = "",
    force: bool = False,
    progress: Progress = quiet,
    with_keys: bool = False,
) -> BackedUp:
    """Write everything into one file, the server's own keys where they are asked for. It appears whole or not at all, and
    can be read by its owner only.

    The database stands still for it, at one moment; whatever is written after that moment is left out.

    Raises
    ------
    FailedPrecondition
        When there is no database, one of another version, the file is there already and ``force`` is false, or there is
        no folder for it.
    Unavailable
        When models or corpora are removed and added all the time.
    OSError
        When a file cannot be read, or the disk is full.
    """
    if file.exists() and not force:
        raise FailedPrecondition(f"{file} is there already: choose another name, or replace it with --force")
    if not file.absolute().parent.is_dir():  # not made here: a disk that is not mounted should be noticed
        raise FailedPrecondition(f"there is no folder {file.parent} for the backup: make it, or mount it, first")
    for _ in range(_TRIES):
        try:
            with replacing(file) as out:
                made = _Backup(data_dir, url_of(data_dir, database), progress, with_keys).write(out)
        except _Moved:
            continue
        return replace(made, file=file, size_bytes=file.stat().st_size)
    raise Unavailable(f"models or corpora changed {_TRIES} times while the backup was made: try again later")


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """A new file under a temporary name; it gets its own once it is complete and on the disk."""
    temporary = file.with_name(f".{file.name}.new-{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
        sync_folder(file.absolute().parent)
    finally:
        temporary.unlink(missing_ok=True)


class _Backup:
    """One try."""

    def __init__(self, data_dir: Path, url: str, progress: Progress, with_keys: bool) -> None:
        self._data_dir = data_dir
        self._url = url
        self._progress = progress
        self._keys = key_files(data_dir)
        self._with_keys = with_keys

    def write(self, out: BinaryIO) -> BackedUp:
        archive = ArchiveWriter(out)
        before = model_versions(self._data_dir)
        with snapshot(self._url) as connection:
            versions = model_versions(self._data_dir)
            if versions != before:
                raise _Moved  # a model may have learned from events after this moment, or be the one that serves in it
            blobs = list(named_blobs(connection))
            manifest = self._manifest(connection, [*versions, *(blob_path(self._data_dir, name) for name in blobs)])
            archive.add(MANIFEST, manifest.to_json())
            rows = sum(self._write_table(connection, archive, facts) for facts in manifest.tables)
        copier = FileCopier(archive, manifest.file_bytes, self._progress)
        models = sum(copier.version(self._data_dir, folder) for folder in versions)
        missing = [name for name in blobs if not copier.blob(self._data_dir, name)]
        if missing:
            self._check_missing(missing)
        taken = self._keys if self._with_keys else []
        for path in taken:
            copier.key(path)
        archive.finish()
        left_out = len(self._keys) - len(taken)
        kept = len(blobs) - len(missing)
        return BackedUp(rows, models, kept, manifest.tenants, tuple(missing), keys=len(taken), keys_left_out=left_out)

    def _manifest(self, connection: Connection, files: list[Path]) -> BackupManifest:
        tenants = connection.execute(select(ITEMS.c.tenant).distinct()).scalars()
        return BackupManifest(
            create_time=now(),
            schema_revision=REVISION,
            tenants={tenant: _tenant_facts(connection, tenant) for tenant in tenants},
            tables=tuple(facts_of(connection, table) for table in METADATA.sorted_tables),
            file_bytes=size_of(files),
            format=FORMAT if self._with_keys and self._keys else 1,
        )

    def _write_table(self, connection: Connection, archive: ArchiveWriter, facts: TableFacts) -> int:
        done = 0
        for number, (part, rows) in enumerate(read_parts(connection, METADATA.tables[facts.name], facts)):
            archive.add(f"tables/{facts.name}/{number:06d}.jsonl.gz", part)
            done += rows
            self._progress(facts.name, done, facts.rows)
        return done

    def _check_missing(self, names: list[str]) -> None:
        """A corpus that was deleted meanwhile makes the moment stale; a file that was lost does not."""
        with snapshot(self._url) as connection:
            still = set(named_blobs(connection))
        if not still.issuperset(names):
            raise _Moved


def _tenant_facts(connection: Connection, tenant: str) -> TenantFacts:
    return TenantFacts(last_position(connection, tenant), last_epoch(connection, tenant), origin_of(connection, tenant))
