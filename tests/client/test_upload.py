"""Folders, files and mappings become corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from footlight import AsyncClient, Client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.npy").write_bytes(b"a" * 1_500_000)
    (tmp_path / "b.npy").write_bytes(b"b")
    (tmp_path / ".DS_Store").write_bytes(b"hidden")
    return tmp_path


def test_a_folder_goes_over_with_its_paths(client: Client, double: Any, folder: Path) -> None:
    corpus = client.upload_corpus("levels", folder)
    assert double.generation.corpora["levels"] == {"b.npy": b"b", "train/a.npy": b"a" * 1_500_000}
    assert (corpus.corpus_id, corpus.file_count, corpus.size_bytes) == ("c-levels", 2, 1_500_001)


def test_a_file_goes_over_under_its_name(client: Client, double: Any, folder: Path) -> None:
    client.upload_corpus("one", folder / "b.npy")
    assert double.generation.corpora["one"] == {"b.npy": b"b"}


def test_bytes_go_over_by_path(client: Client, double: Any) -> None:
    client.upload_corpus("own", {"x/1.txt": b"one", "x/2.txt": b"two"})
    assert double.generation.corpora["own"] == {"x/1.txt": b"one", "x/2.txt": b"two"}


def test_corpora_are_listed_and_deleted(client: Client) -> None:
    client.upload_corpus("own", {"x": b"one"})
    listed = [corpus.corpus_id for corpus in client.corpora()]
    client.delete_corpus("c-own")
    assert (listed, list(client.corpora())) == (["c-own"], [])


def test_progress_counts_bytes_up_to_the_end(client: Client, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    client.upload_corpus("levels", folder, on_progress=lambda sent, total: seen.append((sent, total)))
    assert seen[-1] == (1_500_001, 1_500_001) and seen == sorted(seen)


def test_nothing_is_sent_where_a_file_is_empty(client: Client, double: Any, folder: Path) -> None:
    (folder / "empty.npy").touch()
    with pytest.raises(ValueError, match=r"empty\.npy is empty"):
        client.upload_corpus("levels", folder)
    assert double.notes.calls == []


def test_a_path_with_nothing_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        client.upload_corpus("x", tmp_path / "nowhere")


def test_a_folder_without_files_is_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one file"):
        client.upload_corpus("x", tmp_path)


def _fail(sent: int, total: int) -> None:
    raise OSError("the disk is gone")


def test_what_goes_wrong_while_sending_is_raised_as_it_is(client: Client, double: Any, folder: Path) -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        client.upload_corpus("levels", folder, on_progress=_fail)
    assert double.generation.corpora == {}


async def test_the_async_client_uploads_the_same(async_client: AsyncClient, double: Any, folder: Path) -> None:
    await async_client.upload_corpus("levels", folder)
    assert double.generation.corpora["levels"]["train/a.npy"] == b"a" * 1_500_000


async def test_the_async_client_raises_the_same(async_client: AsyncClient, double: Any, folder: Path) -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        await async_client.upload_corpus("levels", folder, on_progress=_fail)
    assert double.generation.corpora == {}
