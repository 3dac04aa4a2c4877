"""Corpora: named by content, whole or not there, files kept once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from footlight_server.corpora.store import CorpusRecord, CorpusStore, Upload
from footlight_server.errors import DataLoss, InvalidArgument, NotFound
from footlight_server.log import Database, Writer

FILES = {"train/1.npy": b"one", "train/2.npy": b"two" * 1000, "test/1.npy": b"one"}


def filled(store: CorpusStore, files: Mapping[str, bytes], name: str = "terrain") -> Upload:
    upload = store.begin(name)
    for path, data in files.items():
        upload.open(path, len(data), hashlib.sha256(data).digest())
        for start in range(0, len(data), 700):
            upload.write(data[start : start + 700])
    return upload


async def stored(store: CorpusStore, files: Mapping[str, bytes], name: str = "terrain") -> CorpusRecord:
    return await filled(store, files, name).commit()


def blobs(tmp_path: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (tmp_path / "corpora" / "blobs").glob("*/*"))


def leftovers(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "corpora" / "uploads").glob("*"))


async def test_corpus_is_read_back_in_the_order_of_paths(store: CorpusStore) -> None:
    record = await stored(store, FILES)
    corpus = store.get(record.corpus_id)
    assert {file.path: file.read() for file in corpus} == FILES
    assert [file.path for file in corpus] == sorted(FILES)


async def test_record_counts_files_and_bytes(store: CorpusStore, tmp_path: Path) -> None:
    record = await stored(store, FILES)
    assert (record.name, record.file_count, record.size_bytes) == ("terrain", 3, 3006)
    assert store.record(record.corpus_id) == record and not leftovers(tmp_path)


async def test_corpus_is_named_by_paths_and_bytes(store: CorpusStore) -> None:
    lines = "".join(f"{path} {hashlib.sha256(FILES[path]).hexdigest()}\n" for path in sorted(FILES))
    expected = "c-" + hashlib.sha256(lines.encode()).hexdigest()[:32]
    assert (await stored(store, FILES)).corpus_id == expected


async def test_same_files_give_the_same_corpus_under_its_latest_name(store: CorpusStore) -> None:
    first = await stored(store, FILES)
    second = await stored(store, dict(reversed(FILES.items())), "hills")
    assert (second.corpus_id, second.create_time, second.name) == (first.corpus_id, first.create_time, "hills")
    assert list(store.list()[0]) == [second]


async def test_same_bytes_are_kept_once(store: CorpusStore, tmp_path: Path) -> None:
    await stored(store, FILES)
    await stored(store, {"other": b"one"})
    assert blobs(tmp_path) == [b"one", b"two" * 1000]


async def test_deleting_removes_only_files_that_nobody_else_has(store: CorpusStore, tmp_path: Path) -> None:
    first, second = await stored(store, FILES), await stored(store, {"a": b"one"})
    await store.delete(first.corpus_id)
    assert blobs(tmp_path) == [b"one"] and store.get(second.corpus_id).files[0].read() == b"one"
    with pytest.raises(NotFound):
        store.get(first.corpus_id)


async def test_files_of_another_tenant_stay(
    store: CorpusStore, tmp_path: Path, database: Database, writer: Writer
) -> None:
    other = CorpusStore(tmp_path / "corpora", database, writer, "other")
    theirs, ours = await stored(other, FILES), await stored(store, FILES)
    await store.delete(ours.corpus_id)
    assert len(other.get(theirs.corpus_id)) == 3 and list(store.list()[0]) == []


async def test_deleting_and_uploading_at_once_loses_no_file(store: CorpusStore) -> None:
    for i in range(20):
        old = await stored(store, {"a": b"shared", "b": b"old %d" % i})
        _, new = await asyncio.gather(store.delete(old.corpus_id), stored(store, {"a": b"shared", "c": b"%d" % i}))
        assert [file.read() for file in store.get(new.corpus_id)] == [b"shared", b"%d" % i]
        await store.delete(new.corpus_id)


async def test_unknown_corpus_is_not_found(store: CorpusStore) -> None:
    with pytest.raises(NotFound, match="no corpus named 'c-1'"):
        await store.delete("c-1")


async def test_corpora_are_paged_newest_first(store: CorpusStore) -> None:
    made = [(await stored(store, {"a": b"%d" % i})).corpus_id for i in range(3)]
    first, token = store.list(page_size=2)
    second, end = store.list(page_size=2, page_token=token)
    assert [c.corpus_id for c in (*first, *second)] == made[::-1] and not end


async def test_damaged_file_is_data_loss(store: CorpusStore) -> None:
    record = await stored(store, FILES)
    location = store.get(record.corpus_id).files[0].location
    location.write_bytes(b"x")
    with pytest.raises(DataLoss, match=location.name):
        store.get(record.corpus_id)


PATHS = ["", "/a", "a//b", "../a", "a/../b", "./a", "a/", "a\\b", "a\nb", "a\0", "\ud800", "x" * 257]


@pytest.mark.parametrize("path", PATHS)
async def test_path_that_is_not_plainly_relative_is_refused(store: CorpusStore, path: str) -> None:
    upload = store.begin("x")
    with pytest.raises(InvalidArgument, match=r"file\.path"):
        upload.open(path, 1)
    upload.abort()


async def test_path_is_taken_once(store: CorpusStore) -> None:
    upload = filled(store, {"a": b"1"})
    with pytest.raises(InvalidArgument, match=r"file\.path"):
        upload.open("a", 1)
    upload.abort()


@pytest.mark.parametrize("size", [0, -1, (1 << 30) + 1])
async def test_size_is_one_byte_to_one_gibibyte(store: CorpusStore, size: int) -> None:
    with pytest.raises(InvalidArgument, match=r"file\.size_bytes"):
        store.begin("x").open("a", size)


@pytest.mark.parametrize("name", ["", "n" * 257, "a\nb"])
async def test_malformed_name_is_refused(store: CorpusStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"header\.name"):
        store.begin(name)
    assert not leftovers(tmp_path)


async def test_short_file_is_refused_and_nothing_stored(store: CorpusStore, tmp_path: Path) -> None:
    upload = filled(store, FILES)
    upload.open("short", 10)
    upload.write(b"123")
    with pytest.raises(InvalidArgument, match=r"file\.size_bytes.*'short' has 3 bytes"):
        await upload.commit()
    assert not leftovers(tmp_path) and not blobs(tmp_path) and not store.list()[0]


async def test_long_file_is_refused(store: CorpusStore) -> None:
    upload = store.begin("x")
    upload.open("a", 2)
    with pytest.raises(InvalidArgument, match="chunk"):
        upload.write(b"123")
    upload.abort()


async def test_other_checksum_is_refused_and_nothing_stored(store: CorpusStore, tmp_path: Path) -> None:
    upload = store.begin("x")
    upload.open("a", 3, hashlib.sha256(b"something else").digest())
    upload.write(b"123")
    with pytest.raises(InvalidArgument, match=r"file\.sha256"):
        await upload.commit()
    assert not leftovers(tmp_path) and not store.list()[0]


async def test_checksum_has_32_bytes(store: CorpusStore) -> None:
    with pytest.raises(InvalidArgument, match=r"file\.sha256"):
        store.begin("x").open("a", 3, b"short")


async def test_chunk_before_a_file_is_refused(store: CorpusStore) -> None:
    with pytest.raises(InvalidArgument, match="chunk"):
        store.begin("x").write(b"1")


async def test_corpus_without_files_is_refused(store: CorpusStore) -> None:
    with pytest.raises(InvalidArgument, match="at least one file"):
        await store.begin("x").commit()


async def test_aborted_upload_leaves_nothing(store: CorpusStore, tmp_path: Path) -> None:
    upload = filled(store, FILES)
    upload.abort()
    upload.abort()
    assert not leftovers(tmp_path) and not blobs(tmp_path)


async def test_what_a_crash_left_is_cleaned_and_the_rest_stays(store: CorpusStore, tmp_path: Path) -> None:
    record = await stored(store, {"a": b"kept"})
    unfinished = tmp_path / "corpora" / "uploads" / "crashed"
    unfinished.mkdir()
    (unfinished / "incoming").write_bytes(b"half")
    orphan = tmp_path / "corpora" / "blobs" / "ab" / ("c" * 62)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"moved in, never recorded")
    await store.clean()
    assert not leftovers(tmp_path) and blobs(tmp_path) == [b"kept"]
    assert store.get(record.corpus_id).files[0].read() == b"kept"
