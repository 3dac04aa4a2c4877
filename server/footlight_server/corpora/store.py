"""The corpora that were uploaded.

A corpus is named by its content, and a file is kept once, however many corpora have it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, or_, select, update

from footlight_plugins import Corpus, CorpusFile
from footlight_server.corpora.blobs import Blobs
from footlight_server.corpora.records import CorpusRecord, Rights
from footlight_server.corpora.upload import NO_RIGHTS, Upload, UploadedFile, checked_rights
from footlight_server.errors import DataLoss, NotFound
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.paging import decode_token, encode_token, page_length
from footlight_server.log.records import now
from footlight_server.log.schema import CORPORA, CORPUS_FILES
from footlight_server.log.writer import Writer

__all__ = ["CorpusRecord", "CorpusStore", "Upload", "corpus_id_of"]

_RECORD = tuple(CORPORA.c)[1:]


class CorpusStore:
    """One tenant's corpora: rows in the database, bytes under ``root``."""

    def __init__(self, root: Path, database: Database, writer: Writer, tenant: str, blobs: Blobs | None = None) -> None:
        """Stores of several tenants in one process share the ``blobs``, which know what is being taken in."""
        self._uploads = root / "uploads"
        self._blobs = blobs or Blobs(root / "blobs")
        self._database = database
        self._writer = writer
        self._tenant = tenant

    async def clean(self) -> None:
        """Remove what uploads left that a crash cut short. Only at start, before the first upload."""
        if self._uploads.exists() and any(self._uploads.iterdir()):
            shutil.rmtree(self._uploads)
            await self._sweep(list(self._blobs.names()))

    def begin(self, name: str, rights: Rights = NO_RIGHTS) -> Upload:
        """Begin an upload, or raise InvalidArgument for a malformed name or declaration."""
        return Upload(name, checked_rights(rights), self._uploads / uuid.uuid4().hex, self._take)

    def list(self, page_size: int = 0, page_token: str = "") -> tuple[Sequence[CorpusRecord], str]:
        """One page, newest first, and the token of the next; empty after the last."""
        length = page_length(page_size)
        c = CORPORA.c
        query = select(*_RECORD).where(c.tenant == self._tenant)
        if key := decode_token(page_token, int, str):
            query = query.where(or_(c.create_time < key[0], and_(c.create_time == key[0], c.corpus_id < key[1])))
        query = query.order_by(c.create_time.desc(), c.corpus_id.desc()).limit(length + 1)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        page = [_record(row) for row in rows[:length]]
        return page, encode_token(page[-1].create_time, page[-1].corpus_id) if len(rows) > length else ""

    def record(self, corpus_id: str) -> CorpusRecord:
        """What is known about a corpus, or NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_RECORD).where(*self._is(CORPORA, corpus_id))).first()
        if row is None:
            raise NotFound("corpus", corpus_id)
        return _record(row)

    def get(self, corpus_id: str) -> Corpus:
        """The corpus as engines read it.

        Raises
        ------
        NotFound
            When there is none of that id.
        DataLoss
            When a file of it is missing or has another size; the message names it.
        """
        self.record(corpus_id)
        c = CORPUS_FILES.c
        query = select(c.path, c.sha256, c.size_bytes).where(*self._is(CORPUS_FILES, corpus_id)).order_by(c.path)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return Corpus(tuple(self._file(path, sha256, size) for path, sha256, size in rows))

    def files_of(self, sha256: str) -> Sequence[tuple[str, str]]:
        """(corpus id, path) of every file that has these bytes."""
        c = CORPUS_FILES.c
        query = select(c.corpus_id, c.path).where(c.tenant == self._tenant, c.sha256 == sha256).limit(100)
        with self._database.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    async def delete(self, corpus_id: str) -> None:
        """Remove the corpus and the files that no other has, or raise NotFound."""
        orphans = await self._writer.submit(lambda connection: self._delete(connection, corpus_id))
        await self._sweep(orphans)

    async def _take(self, upload: Upload) -> CorpusRecord:
        """Bytes first, rows second: a row never names a file that is not there."""
        files = {file.sha256: upload.folder / file.sha256 for file in upload.files}
        with self._blobs.pinned(files):
            await asyncio.to_thread(self._blobs.take, files)
            return await self._writer.submit(lambda connection: self._insert(connection, upload))

    def _insert(self, connection: Connection, upload: Upload) -> CorpusRecord:
        name, files, rights = upload.name, upload.files, upload.rights
        size = sum(f.size_bytes for f in files)
        record = CorpusRecord(corpus_id_of(files), name, len(files), size, now(), rights)
        here = self._is(CORPORA, record.corpus_id)
        if (row := connection.execute(select(*_RECORD).where(*here)).first()) is not None:
            rights = (
                rights if rights != NO_RIGHTS else _record(row).rights
            )  # a declaration is not taken back by silence
            connection.execute(update(CORPORA).where(*here).values(name=name, rights=json.dumps(asdict(rights))))
            return replace(_record(row), name=name, rights=rights)
        key = (self._tenant, record.corpus_id)
        rest = (name, record.file_count, record.size_bytes, record.create_time, json.dumps(asdict(rights)))
        insert_rows(connection, CORPORA, [(*key, *rest)])
        insert_rows(connection, CORPUS_FILES, [(*key, f.path, f.sha256, f.size_bytes) for f in files])
        return record

    def _delete(self, connection: Connection, corpus_id: str) -> Sequence[str]:
        """Removes the rows; answers the files that may be nobody's now."""
        here = self._is(CORPUS_FILES, corpus_id)
        files = connection.execute(select(CORPUS_FILES.c.sha256).where(*here).distinct()).scalars().all()
        connection.execute(delete(CORPUS_FILES).where(*here))
        if not connection.execute(delete(CORPORA).where(*self._is(CORPORA, corpus_id))).rowcount:
            raise NotFound("corpus", corpus_id)
        return files

    async def _sweep(self, files: Sequence[str]) -> None:
        """Remove files that no corpus of any tenant has: in the writer, so that no corpus comes to have one meanwhile."""

        def sweep(connection: Connection) -> None:
            def wanted(sha256: str) -> bool:
                query = select(CORPUS_FILES.c.path).where(CORPUS_FILES.c.sha256 == sha256).limit(1)
                return connection.execute(query).first() is not None

            self._blobs.remove(files, wanted)

        await self._writer.submit(sweep)

    def _file(self, path: str, sha256: str, size: int) -> CorpusFile:
        location = self._blobs.location(sha256)
        if not location.is_file() or location.stat().st_size != size:
            raise DataLoss(f"{location}, which holds {path!r} of a corpus, is missing or damaged")
        return CorpusFile(path, location.absolute())

    def _is(self, table: Table, corpus_id: str) -> tuple[ColumnElement[Any], ...]:
        return table.c.tenant == self._tenant, table.c.corpus_id == corpus_id


def _record(row: Row[Any]) -> CorpusRecord:
    columns: dict[str, Any] = row._asdict()
    return CorpusRecord(**columns | {"rights": Rights(**json.loads(row.rights))})


def corpus_id_of(files: Sequence[UploadedFile]) -> str:
    """Names a corpus by its paths and their bytes: "c-" and half of the SHA-256 over the sorted "path, sha256" lines."""
    lines = sorted(f"{file.path} {file.sha256}\n" for file in files)
    return "c-" + hashlib.sha256("".join(lines).encode()).hexdigest()[:32]
