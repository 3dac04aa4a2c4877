"""A restored backup forgets again whoever was erased after it was made."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.server.archive.conftest import House, Open, play

from footlight_server.archive.backup import back_up
from footlight_server.archive.erasures import JOURNAL, ErasureJournal, Mark, newest_marks, read_marks
from footlight_server.archive.restore import restore
from footlight_server.errors import DataLoss, FailedPrecondition, NotFound


@pytest.fixture
async def backup_with_ann(house: House, backup_file: Path) -> Path:
    """A backup that still has Ann, whom the house has erased since."""
    await house.events.forget("ann")
    return backup_file


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_whoever_was_erased_since_is_erased_again(
    house: House, backup_with_ann: Path, open_house: Open, tmp_path: Path
) -> None:
    done = restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir)))
    new = await open_house("new")
    assert (done.erasures, done.people_erased) == (1, 1)
    assert new.people.ordinal("ann") == -1 and len(new.events.read()) == 2
    assert new.events.erasures_since(0) == house.events.erasures_since(0)


async def test_their_answers_are_erased_and_those_of_others_are_not(
    house: House, backup_with_ann: Path, open_house: Open, tmp_path: Path
) -> None:
    restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir)))
    new = await open_house("new")
    to_ann, to_bob = house.ranked
    assert new.rankings.get(to_bob).user == 2 and new.decisions.get("r-1").user == 2
    with pytest.raises(NotFound):
        new.rankings.get(to_ann)


async def test_their_names_are_in_no_file(house: House, open_house: Open, tmp_path: Path) -> None:
    await house.events.append([play(f"secret-{i}", "secret-person") for i in range(200)])
    file = back_up(house.data_dir, tmp_path / "b.tar").file
    await house.events.forget("secret-person")
    restore(file, tmp_path / "new", newest_marks(str(house.data_dir)))
    assert b"brazil" in bytes_below(tmp_path / "new") and b"secret" not in bytes_below(tmp_path / "new")


async def test_their_ordinals_are_never_given_again(
    house: House, backup_with_ann: Path, open_house: Open, tmp_path: Path
) -> None:
    await house.events.append([play("z", "zoe")])
    await house.events.forget("zoe")  # came and went after the backup
    restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir)))
    new = await open_house("new")
    await new.events.append([play("y", "yan")])
    assert new.people.ordinal("yan") == 4
    assert new.events.epoch == 3


async def test_shared_databases_forget_again_too(
    house: House, backup_with_ann: Path, open_house: Open, postgresql: str, tmp_path: Path
) -> None:
    restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir)), postgresql)
    assert (await open_house("new", postgresql)).people.ordinal("ann") == -1
    assert newest_marks(postgresql) == newest_marks(str(tmp_path / "new"))


async def test_the_journal_is_enough_where_the_database_is_damaged(
    house: House, backup_with_ann: Path, tmp_path: Path
) -> None:
    ErasureJournal(house.data_dir).follow(house.database)
    (house.data_dir / "footlight.db").write_bytes(b"damaged" * 1_000)
    assert restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir))).people_erased == 1


async def test_a_restored_house_has_a_journal(house: House, backup_with_ann: Path, tmp_path: Path) -> None:
    restore(backup_with_ann, tmp_path / "new", newest_marks(str(house.data_dir)))
    assert [mark.epoch for mark in read_marks(tmp_path / "new" / JOURNAL)] == [1, 2]


async def test_a_journal_follows_the_database(house: House) -> None:
    journal = ErasureJournal(house.data_dir)
    assert journal.follow(house.database) == 1
    await house.events.forget("ann")
    assert (journal.follow(house.database), journal.follow(house.database)) == (1, 0)
    assert read_marks(house.data_dir / JOURNAL) == newest_marks(str(house.data_dir))


async def test_half_a_line_at_the_end_of_a_journal_is_mended(house: House) -> None:
    path = house.data_dir / JOURNAL
    ErasureJournal(house.data_dir).follow(house.database)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert len(read_marks(path)) == 1
    await house.events.forget("ann")
    ErasureJournal(house.data_dir).follow(house.database)
    assert [mark.epoch for mark in read_marks(path)] == [1, 2]


async def test_a_damaged_journal_names_the_line(house: House) -> None:
    path = house.data_dir / JOURNAL
    ErasureJournal(house.data_dir).follow(house.database)
    path.write_bytes(path.read_bytes() + b"nonsense\n")
    with pytest.raises(DataLoss, match="line 2"):
        read_marks(path)


async def test_erasures_of_another_log_are_refused(backup_file: Path, open_house: Open, tmp_path: Path) -> None:
    other = await open_house("other")
    await other.furnish()
    with pytest.raises(FailedPrecondition, match="of another log"):
        restore(backup_file, tmp_path / "new", newest_marks(str(other.data_dir)))


async def test_erasures_that_are_older_than_the_backup_are_refused(house: House, tmp_path: Path) -> None:
    old = newest_marks(str(house.data_dir))
    await house.events.forget("ann")
    file = back_up(house.data_dir, tmp_path / "b.tar").file
    with pytest.raises(FailedPrecondition, match="not the newest"):
        restore(file, tmp_path / "new", old)


async def test_erasures_of_a_log_that_has_parted_are_refused(house: House, backup_file: Path, tmp_path: Path) -> None:
    (mark,) = newest_marks(str(house.data_dir))
    parted = Mark(mark.tenant, mark.epoch, mark.user_ordinal + 1, mark.log_position, mark.time, mark.log)
    with pytest.raises(FailedPrecondition, match="have parted"):
        restore(backup_file, tmp_path / "new", [parted])


def test_a_place_without_erasures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="there is no"):
        newest_marks(str(tmp_path / "nowhere"))
    with pytest.raises(FailedPrecondition, match=r"has no erasures\.jsonl"):
        newest_marks(str(tmp_path))
