"""A backup is of one moment, whole, and private."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.server.archive.conftest import House, Open, play

from footlight_server.archive.backup import back_up
from footlight_server.archive.restore import restore
from footlight_server.errors import FailedPrecondition, FootlightError
from footlight_server.log import Item


async def test_everything_comes_back(house: House, backup_file: Path, open_house: Open, tmp_path: Path) -> None:
    restore(backup_file, tmp_path / "new", None)
    new = await open_house("new")
    assert all(house.rows().values())
    assert (new.rows(), new.files()) == (house.rows(), house.files())


async def test_it_goes_from_one_kind_of_database_to_the_other_and_back(
    house: House, backup_file: Path, open_house: Open, postgresql: str, tmp_path: Path
) -> None:
    restore(backup_file, tmp_path / "shared", None, postgresql)
    shared = await open_house("shared", postgresql)
    again = back_up(shared.data_dir, tmp_path / "again.tar", postgresql)
    restore(again.file, tmp_path / "back", None)
    back = await open_house("back")
    assert shared.rows() == house.rows() == back.rows()
    assert back.files() == house.files()


async def test_a_restored_log_goes_on_where_it_was(backup_file: Path, open_house: Open, tmp_path: Path) -> None:
    restore(backup_file, tmp_path / "new", None)
    new = await open_house("new")
    assert (await new.events.append([play("next", "carl")])).position == 5
    assert new.people.ordinal("carl") == 3


async def test_what_is_written_meanwhile_is_left_out(house: House, open_house: Open, tmp_path: Path) -> None:
    """Writes after every table: each is committed while the snapshot is being read."""
    written: list[int] = []

    async def write() -> None:
        number = len(written)
        written.append((await house.events.append([play(f"later-{number}", f"late-{number}")])).position)

    def progress(what: str, done: int, total: int) -> None:
        import asyncio

        asyncio.run_coroutine_threadsafe(write(), loop).result()

    import asyncio

    loop = asyncio.get_running_loop()
    before = house.rows()
    made = await asyncio.to_thread(back_up, house.data_dir, tmp_path / "b.tar", "", False, progress)
    restore(made.file, tmp_path / "new", None)
    assert len(written) > 5 and (await open_house("new")).rows() == before


async def test_a_corpus_that_is_deleted_meanwhile_is_not_half_there(
    house: House, open_house: Open, tmp_path: Path
) -> None:
    import asyncio

    corpus = await house.upload({"other.txt": b"other"})
    loop = asyncio.get_running_loop()

    def progress(what: str, done: int, total: int) -> None:
        nonlocal corpus
        if what == "events" and corpus:
            asyncio.run_coroutine_threadsafe(house.corpora.delete(corpus), loop).result()
            corpus = ""

    made = await asyncio.to_thread(back_up, house.data_dir, tmp_path / "b.tar", "", False, progress)
    restore(made.file, tmp_path / "new", None)
    assert made.missing == () and (await open_house("new")).rows() == house.rows()


async def test_a_lost_file_is_reported_and_the_rest_is_saved(house: House, tmp_path: Path) -> None:
    lost = next((house.data_dir / "assets" / "blobs").glob("*/*"))
    lost.unlink()
    made = back_up(house.data_dir, tmp_path / "b.tar")
    assert made.missing == (f"assets/blobs/{lost.parent.name}{lost.name}",)
    assert made.blobs == 2


def test_only_the_owner_can_read_it(backup_file: Path) -> None:
    assert backup_file.stat().st_mode & 0o777 == 0o600


def test_its_checksums_are_those_of_sha256sum(backup_file: Path, tmp_path: Path) -> None:
    with tarfile.open(backup_file) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", check=True)


def test_a_file_that_is_there_is_not_replaced_unasked(house: House, backup_file: Path) -> None:
    with pytest.raises(FailedPrecondition, match="is there already"):
        back_up(house.data_dir, backup_file)
    assert back_up(house.data_dir, backup_file, force=True).rows > 0


def test_a_backup_into_a_folder_that_is_not_there_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match=r"there is no folder .*unmounted for the backup"):
        back_up(house.data_dir, tmp_path / "unmounted" / "b.tar")


def test_a_folder_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FootlightError, match="there is no database"):
        back_up(tmp_path, tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []


async def test_many_rows_make_many_parts(house: House, open_house: Open, tmp_path: Path) -> None:
    for start in range(0, 45_000, 9_000):
        await house.catalogue.put([Item(f"i{i}") for i in range(start, start + 9_000)])
    made = back_up(house.data_dir, tmp_path / "b.tar")
    with tarfile.open(made.file) as archive:
        assert sum(name.startswith("tables/items/") for name in archive.getnames()) == 3
    restore(made.file, tmp_path / "new", None)
    assert (await open_house("new")).catalogue.ids == house.catalogue.ids
