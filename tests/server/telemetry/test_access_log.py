"""Lines are written by a thread, whole, and none is waited for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from footlight_server.telemetry import access_log
from footlight_server.telemetry.access_log import AccessLog, Call
from footlight_server.telemetry.calls import Noted
from footlight_server.telemetry.pseudonyms import Pseudonyms


def call(request: str, user: str = "") -> Call:
    noted = Noted(0.0, request, "")
    noted.user = user
    return Call(1_700_000_000.25, "S/M", "OK", 0.0015, noted, None, 0)


def test_everything_is_written_when_it_is_closed(tmp_path: Path) -> None:
    log = AccessLog(str(tmp_path / "log"), lambda user: user.upper())
    for number in range(500):
        log.add(call(f"r{number}", "ann"))
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["request_id"] for line in lines] == [f"r{number}" for number in range(500)]
    assert lines[0] == {
        "time": "2023-11-14T22:13:20.250000Z",
        "event": "rpc",
        "method": "S/M",
        "code": "OK",
        "duration_ms": 1.5,
        "queue_ms": 0.0,
        "execute_ms": 0.0,
        "request_id": "r0",
        "user": "ANN",
    }


def test_what_is_too_much_is_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "LONGEST_QUEUE", 0)
    log = AccessLog(str(tmp_path / "log"), str)
    log.add(call("r"))
    log.close()
    assert log.dropped == 1 and (tmp_path / "log").read_text() == ""


def test_a_full_disk_stops_nobody() -> None:
    log = AccessLog("/dev/full", str)
    log.add(call("r"))
    log.close()
    assert log.dropped == 1


def test_pseudonyms_stay_the_same_and_depend_on_the_key(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, again, other = Pseudonyms(tmp_path), Pseudonyms(tmp_path), Pseudonyms(tmp_path / "other")
    assert one.of("ann") == again.of("ann") != other.of("ann")
    assert one.of("ann") != one.of("ben") and one.of("") == ""


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Pseudonyms(tmp_path)
    assert (tmp_path / "pseudonyms.key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pseudonyms.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="expected 32 bytes, not 5"):
        Pseudonyms(tmp_path)


@pytest.mark.parametrize("said", ["", "a b", "ä", "x" * 129, "a\n", 'a"b', "a\\b"])
def test_a_request_id_that_cannot_stand_in_a_header_is_replaced(said: str) -> None:
    made, kept = Noted(0.0, said, ""), Noted(0.0, "mine:1", "")
    assert (made.request_id != said, made.echoed) == (True, False) and (kept.request_id, kept.echoed) == (
        "mine:1",
        True,
    )
