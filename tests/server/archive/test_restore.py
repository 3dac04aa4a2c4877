"""A restore brings back all or nothing."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.archive.conftest import House, Open

from footlight_server.archive.restore import restore
from footlight_server.archive.tarfiles import ArchiveWriter
from footlight_server.errors import DataLoss, FailedPrecondition

Members = dict[str, bytes]


def members_of(file: Path) -> Members:
    with tarfile.open(file) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]


def written(members: Members, file: Path) -> Path:
    """A backup of these members with right checksums."""
    with file.open("wb") as out:
        archive = ArchiveWriter(out)
        for name, data in members.items():
            if name != "SHA256SUMS":
                archive.add(name, data)
        archive.finish()
    return file


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def forged(backup_file: Path, tmp_path: Path) -> Callable[[Callable[[Members], object]], Path]:
    """Makes a backup that somebody changed, with checksums that fit."""

    def forge(change: Callable[[Members], object]) -> Path:
        members = members_of(backup_file)
        change(members)
        return written(members, tmp_path / "forged.tar")

    return forge


def test_a_data_directory_in_use_is_refused(house: House, backup_file: Path) -> None:
    with pytest.raises(FailedPrecondition, match=r"not empty: it has assets"):
        restore(backup_file, house.data_dir, None)


def test_a_data_directory_that_is_locked_is_refused(backup_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with (tmp_path / "new" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FailedPrecondition, match="uses the data directory"):
            restore(backup_file, tmp_path / "new", None)


def test_what_a_killed_restore_left_does_not_matter(backup_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / ".restoring" / "models").mkdir(parents=True)
    assert restore(backup_file, tmp_path / "new", None).files == 5
    assert ".restoring" not in left_in(tmp_path / "new")


def test_a_database_that_is_not_empty_is_refused(backup_file: Path, postgresql: str, tmp_path: Path) -> None:
    restore(backup_file, tmp_path / "first", None, postgresql)
    with pytest.raises(FailedPrecondition, match="the database is not empty"):
        restore(backup_file, tmp_path / "second", None, postgresql)


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_changed_byte_is_found_wherever_it_is(backup_file: Path, tmp_path: Path, place: float) -> None:
    data = bytearray(backup_file.read_bytes())
    position = int(len(data.rstrip(b"\0")) * place)
    position += next(i for i, byte in enumerate(data[position:]) if byte)  # padding holds nothing
    data[position] ^= 0x01
    backup_file.write_bytes(data)
    with pytest.raises(DataLoss, match=r"backup\.tar is damaged"):
        restore(backup_file, tmp_path / "new", None)
    assert left_in(tmp_path / "new") == {"lock"}


def test_the_damaged_member_is_named(backup_file: Path, tmp_path: Path) -> None:
    data = backup_file.read_bytes()
    backup_file.write_bytes(data.replace(b"a picture", b"a pixture"))
    with pytest.raises(DataLoss, match=r"assets/blobs/[0-9a-f]{64}: its bytes have another checksum"):
        restore(backup_file, tmp_path / "new", None)


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.8])
def test_a_file_that_was_cut_short_is_refused(backup_file: Path, tmp_path: Path, kept: float) -> None:
    data = backup_file.read_bytes().rstrip(b"\0")  # the end of a tar is padded, and nobody misses that
    backup_file.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(DataLoss, match=r"backup\.tar.* is (damaged|no backup)"):
        restore(backup_file, tmp_path / "new", None)


def test_a_missing_member_is_named(backup_file: Path, tmp_path: Path) -> None:
    members = members_of(backup_file)
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        for name, data in members.items():
            if not name.startswith("models/") or "manifest" in name:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    with pytest.raises(DataLoss, match=r"models/popular/000001/state\.safetensors: it is missing"):
        restore(tmp_path / "b.tar", tmp_path / "new", None)


def test_a_damaged_backup_leaves_a_shared_database_empty(backup_file: Path, postgresql: str, tmp_path: Path) -> None:
    data = backup_file.read_bytes()
    backup_file.write_bytes(data.replace(b"a picture", b"a pixture"))
    with pytest.raises(DataLoss):
        restore(backup_file, tmp_path / "new", None, postgresql)
    backup_file.write_bytes(data)
    assert restore(backup_file, tmp_path / "new", None, postgresql).rows > 0


def test_another_file_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    with pytest.raises(DataLoss, match=r"file is (damaged|no backup)"):
        restore(tmp_path / "file", tmp_path / "new", None)


@pytest.mark.parametrize(("fact", "value"), [("format", 3), ("schema_revision", "9999")])
def test_a_backup_of_a_newer_footlight_is_refused(
    forged: Callable[[Callable[[Members], object]], Path], tmp_path: Path, fact: str, value: Any
) -> None:
    def newer(members: Members) -> None:
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | {fact: value}).encode()

    with pytest.raises(FailedPrecondition, match="a newer Footlight made"):
        restore(forged(newer), tmp_path / "new", None)


YOUNGER = ("ranking_pages", "revisions", "leases", "conversation_turns", "tokens", "audit", "listeners")
"""Tables that came after the first revision."""

YOUNGER_COLUMNS: dict[str, dict[str, object]] = {
    "deployments": {"pinned_position": None, "awake": 0},
    "items": {"available_from": None, "available_until": None, "revision": 0},
    "corpora": {"rights": "{}"},
    "trainings": {"notes": "[]"},
    "assets": {
        "content_seed": 0,
        "redraw_count": 0,
        "content_sha256": None,
        "corpus_id": "",
        "provenance": "{}",
        "watermark": None,
        "fingerprint": None,
        "sidecar": None,
    },
    "agents": {"settings": "{}"},
    "agent_log": dict.fromkeys(
        ("features", "chosen", "candidates", "person", "propensity", "expected", "best_expected", "detail")
    ),
}
"""Columns that did, with what they hold in rows that are older; they are the last of their tables."""


def _first_revision(members: Members) -> None:
    """Make it a backup of the first tables."""
    facts = json.loads(members["manifest.json"]) | {"schema_revision": "0001"}
    facts["tables"] = [table for table in facts["tables"] if table["name"] not in YOUNGER]
    for name in YOUNGER:
        members.pop(f"tables/{name}/000000.jsonl.gz", None)
    for name, columns in YOUNGER_COLUMNS.items():
        table, part = next(t for t in facts["tables"] if t["name"] == name), f"tables/{name}/000000.jsonl.gz"
        del table["columns"][-len(columns) :]
        table["binary"] = [column for column in table["binary"] if column not in columns]
        rows = [json.loads(line) for line in gzip.decompress(members[part]).splitlines()] if part in members else []
        if rows:
            lines = (json.dumps(row[: -len(columns)]) + "\n" for row in rows)
            members[part] = gzip.compress("".join(lines).encode())
    members["manifest.json"] = json.dumps(facts).encode()


def _older(name: str, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    columns = YOUNGER_COLUMNS[name]
    return [(*row[: -len(columns)], *columns.values()) for row in rows]


async def test_a_backup_of_older_tables_is_brought_up_to_date(
    house: House, forged: Callable[[Callable[[Members], object]], Path], open_house: Open, tmp_path: Path
) -> None:
    restore(forged(_first_revision), tmp_path / "new", None)
    rows = house.rows()
    expected = rows | {name: [] for name in YOUNGER} | {name: _older(name, rows[name]) for name in YOUNGER_COLUMNS}
    assert (await open_house("new")).rows() == expected


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "models/a/1/../../outside", "footlight.db", "models/x"])
def test_no_member_is_written_outside_of_its_place(
    forged: Callable[[Callable[[Members], object]], Path], tmp_path: Path, name: str
) -> None:
    file = forged(lambda members: members.update({name: b"evil"}))
    with pytest.raises(DataLoss, match="no backup has such a member"):
        restore(file, tmp_path / "new", None)


def test_rows_that_are_none_are_named(forged: Callable[[Callable[[Members], object]], Path], tmp_path: Path) -> None:
    part = "tables/people/000000.jsonl.gz"
    file = forged(lambda members: members.update({part: gzip.compress(b'["default"]\n')}))
    with pytest.raises(DataLoss, match=f"damaged: {part}"):
        restore(file, tmp_path / "new", None)


def test_rows_that_lack_are_noticed(forged: Callable[[Callable[[Members], object]], Path], tmp_path: Path) -> None:
    file = forged(lambda members: members.pop("tables/agent_log/000000.jsonl.gz"))
    with pytest.raises(DataLoss, match="tables/agent_log: 1 rows expected"):
        restore(file, tmp_path / "new", None)
