"""Generated assets: a row each, and their bytes as files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from footlight_server.corpora.blobs import Blobs
from footlight_server.corpora.records import AssetRecord
from footlight_server.errors import AlreadyExists, DataLoss, NotFound, Unavailable
from footlight_server.log.bulk import insert_rows
from footlight_server.log.database import Database
from footlight_server.log.schema import ASSETS
from footlight_server.log.writer import Writer

__all__ = ["AssetRecord", "AssetStore"]


class AssetStore:
    """One tenant's assets: rows in the database, bytes under ``root``."""

    def __init__(self, root: Path, database: Database, writer: Writer, tenant: str) -> None:
        self._blobs = Blobs(root / "blobs")
        self._database = database
        self._writer = writer
        self._tenant = tenant

    def write(self, record: AssetRecord, data: bytes) -> AssetRecord:
        """Store the asset's bytes, as durably as the database stores rows; it is there once `add` has returned.

        Answers the record with size and checksum.

        Raises
        ------
        Unavailable
            When the disk does not take it.
        """
        complete = replace(record, size_bytes=len(data), sha256=hashlib.sha256(data).digest())
        try:
            self._blobs.put(complete.sha256.hex(), data, self._database.waits_for_disk)
        except OSError as error:
            raise Unavailable(f"the asset cannot be stored: {error.strerror}") from error
        return complete

    async def add(self, *records: AssetRecord) -> None:
        """Store the rows of assets whose bytes were written.

        Raises
        ------
        AlreadyExists
            When an asset id is taken.
        """
        rows = [self._row(record) for record in records]
        try:
            await self._writer.submit(lambda connection: insert_rows(connection, ASSETS, rows))
        except IntegrityError:
            raise AlreadyExists("asset", " or ".join(record.asset_id for record in records)) from None

    def get(self, asset_id: str) -> AssetRecord:
        """What is known about an asset, or NotFound."""
        c = ASSETS.c
        with self._database.reading() as connection:
            row = connection.execute(select(ASSETS).where(c.tenant == self._tenant, c.asset_id == asset_id)).first()
        if row is None:
            raise NotFound("asset", asset_id)
        return _record(row)

    def find(self, *, sha256: bytes = b"", watermark: int | None = None) -> list[AssetRecord]:
        """The assets of these bytes, or of this watermark; the newest first, at most ten."""
        c = ASSETS.c
        which = c.sha256 == sha256 if watermark is None else c.watermark == watermark
        query = select(ASSETS).where(c.tenant == self._tenant, which).order_by(c.create_time.desc()).limit(10)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def fingerprints(self) -> tuple[list[str], list[bytes]]:
        """The ids and the fingerprints of all assets that have one."""
        c = ASSETS.c
        query = select(c.asset_id, c.fingerprint).where(c.tenant == self._tenant, c.fingerprint.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [row[0] for row in rows], [row[1] for row in rows]

    def read(self, record: AssetRecord) -> bytes:
        """The asset's bytes; DataLoss where they are missing or differ from what was stored."""
        location = self._blobs.location(record.sha256.hex())
        try:
            data = location.read_bytes()
        except OSError as error:
            raise DataLoss(f"{location}, the bytes of asset {record.asset_id!r}, cannot be read") from error
        if hashlib.sha256(data).digest() != record.sha256:
            raise DataLoss(f"{location}, the bytes of asset {record.asset_id!r}, is damaged: its checksum differs")
        return data

    def _row(self, asset: AssetRecord) -> tuple[Any, ...]:
        return (
            *(self._tenant, asset.asset_id, asset.decision_id, asset.deployment, asset.model_version, asset.seed),
            *(asset.media_type, asset.size_bytes, asset.sha256, json.dumps(dict(asset.attributes)), asset.create_time),
            *(asset.content_seed, asset.redraw_count, asset.content_sha256 or None, asset.corpus_id),
            *(json.dumps(asset.provenance), asset.watermark, asset.fingerprint or None, asset.sidecar or None),
        )


def _record(row: Row[Any]) -> AssetRecord:
    columns: dict[str, Any] = row._asdict()
    del columns["tenant"]
    columns["attributes"], columns["provenance"] = json.loads(row.attributes), json.loads(row.provenance)
    for name in ("content_sha256", "fingerprint", "sidecar"):
        columns[name] = columns[name] or b""
    return AssetRecord(**columns)
