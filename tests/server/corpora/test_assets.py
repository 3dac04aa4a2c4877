"""Generated assets: bytes before the row, checked when read."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from footlight_server.corpora.assets import AssetRecord, AssetStore
from footlight_server.errors import AlreadyExists, DataLoss, NotFound
from footlight_server.log.database import Database

RECORD = AssetRecord("a1", "d1", "mlp-gan", 3, 7, "image/png", {"low": -1.0}, 99)


async def save(assets: AssetStore, record: AssetRecord, data: bytes) -> AssetRecord:
    written = await asyncio.to_thread(assets.write, record, data)
    await assets.add(written)
    return written


async def test_saved_asset_is_read_back(assets: AssetStore) -> None:
    saved = await save(assets, RECORD, b"pixels")
    assert saved == replace(RECORD, size_bytes=6, sha256=hashlib.sha256(b"pixels").digest())
    assert assets.get("a1") == saved and assets.read(saved) == b"pixels"


async def test_asset_id_is_taken_once(assets: AssetStore) -> None:
    await save(assets, RECORD, b"pixels")
    with pytest.raises(AlreadyExists):
        await save(assets, RECORD, b"others")
    assert assets.read(assets.get("a1")) == b"pixels"


async def test_unknown_asset_is_not_found(assets: AssetStore) -> None:
    with pytest.raises(NotFound, match="no asset named 'a1'"):
        assets.get("a1")


async def test_many_assets_of_the_same_bytes_are_saved_at_once(assets: AssetStore) -> None:
    await asyncio.gather(*(save(assets, replace(RECORD, asset_id=f"a{i}"), b"same") for i in range(20)))
    assert {assets.read(assets.get(f"a{i}")) for i in range(20)} == {b"same"}


@pytest.mark.parametrize("data", [None, b"pixel", b"pixelz"])
async def test_damaged_asset_is_data_loss(assets: AssetStore, tmp_path: Path, data: bytes | None) -> None:
    saved = await save(assets, RECORD, b"pixels")
    (path,) = (tmp_path / "assets" / "blobs").glob("*/*")
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(DataLoss, match="'a1'"):
        assets.read(saved)


@pytest.mark.parametrize(("durability", "waits"), [("normal", False), ("full", True)])
async def test_the_disk_is_waited_for_where_the_database_waits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str, waits: bool
) -> None:
    synced: list[int] = []
    database = Database.open(f"sqlite:///{tmp_path / 'log.sqlite'}", durability)
    monkeypatch.setattr(os, "fsync", synced.append)
    AssetStore(tmp_path / "assets", database, Mock(), "default").write(RECORD, b"pixels")
    assert bool(synced) is waits
    database.close()


async def test_bytes_that_are_there_are_not_written_again(assets: AssetStore, tmp_path: Path) -> None:
    await save(assets, RECORD, b"pixels")
    (path,) = (tmp_path / "assets" / "blobs").glob("*/*")
    before = path.stat().st_ino
    await save(assets, replace(RECORD, asset_id="a2"), b"pixels")
    assert path.stat().st_ino == before
