"""Files, a day each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from footlight_courier import register_parts
from footlight_courier.day_files import DayFiles, DayFilesOptions

from footlight_plugins.testing import EventListenerSuite


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "footlight-events"


class TestDayFiles(EventListenerSuite):
    spec = register_parts()[0]


HAPPENED = TestDayFiles().happened()


def files() -> DayFiles:
    return DayFiles(DayFilesOptions())


def positions(folder: Path) -> list[int]:
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(json.loads(line)["position"] for line in lines)


def test_every_event_is_in_the_file_of_its_day(folder: Path) -> None:
    files().hear(HAPPENED)
    assert positions(folder) == [one.position for one in HAPPENED]
    for path in folder.glob("*.jsonl"):
        assert all(
            json.loads(line)["time"].startswith(path.stem) for line in path.read_text(encoding="utf-8").splitlines()
        )


def test_what_is_told_again_is_written_once(folder: Path) -> None:
    files().hear(HAPPENED[:10])
    files().hear(HAPPENED)
    assert positions(folder) == [one.position for one in HAPPENED]


def test_a_line_that_was_cut_off_is_written_anew(folder: Path) -> None:
    files().hear(HAPPENED)
    path = next(folder.glob("*.jsonl"))
    path.write_bytes(path.read_bytes()[:-9])
    files().hear(HAPPENED)
    assert positions(folder) == [one.position for one in HAPPENED]


def test_nothing_is_left_of_somebody_who_was_erased(folder: Path) -> None:
    files().hear(HAPPENED)
    files().forget(2)
    assert positions(folder) == [one.position for one in HAPPENED if one.user != 2]


def test_what_another_server_wrote_meanwhile_is_not_written_again(folder: Path) -> None:
    first, second = files(), files()
    first.hear(HAPPENED[:5])
    second.hear(HAPPENED[5:10])
    first.hear(HAPPENED[5:])
    assert positions(folder) == [one.position for one in HAPPENED]
