"""A disk that is really full, and folders that are really read-only: mounted for the test, so it needs to be root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.soak.serving import only

from footlight import Event, EventKind, FootlightError, Item, TrainingFailed, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

MIB = 1 << 20
SIZE = 24 * MIB
WAIT_SECONDS = 3.0
"""Within which a training that was begun ends."""


def _mount(*arguments: str | Path) -> bool:
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode == 0


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MiB of the test's own."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or not _mount("-t", "tmpfs", "-o", f"size={SIZE}", "none", place):
        pytest.skip("only root may mount a disk")
    yield place
    _unmount(place)


@pytest.fixture
def server(server_factory: Start, disk: Path) -> Iterator[Server]:
    """A server whose data lie on it, with somebody who has met an item, and a corpus."""
    started = server_factory(*only(), data_dir=disk / "data")
    started.client.put_items([Item(f"i{n:02}") for n in range(20)])
    started.client.record_events(plays("before", 5))
    started.client.upload_corpus("words", {"words.txt": b"once upon"})
    yield started
    started.kill()  # before the disk goes


def plays(user: str, count: int) -> list[Event]:
    return [Event(user, f"i{n % 20:02}", EventKind.PLAY, event_id=f"{user}-{n}") for n in range(count)]


def corpus_id(server: Server) -> str:
    return next(iter(server.client.corpora())).corpus_id


def fill(disk: Path) -> Path:
    """Write until nothing fits any more."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = MIB
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return ballast


def refused(work: Callable[[], object]) -> FootlightError:
    with pytest.raises(FootlightError) as caught:
        work()
    return caught.value


def written_until_refused(server: Server) -> int:
    """How many batches are acknowledged before one is refused: the database has room left in its own file."""
    for number in range(1_000):
        try:
            server.client.record_events(plays(f"u{number}", 500))
        except Unavailable:
            return number
    raise AssertionError("the disk is not full")


def test_events_on_a_full_disk_are_refused_whole_and_taken_when_there_is_room(server: Server, disk: Path) -> None:
    ballast = fill(disk)
    known = written_until_refused(server)
    assert server.client.record_events(plays("before", 5)).duplicates == 5  # what needs no room is answered
    ballast.unlink()
    answers = [server.client.record_events(plays(f"u{number}", 500)) for number in range(known + 1)]
    assert [answer.duplicates for answer in answers] == [500] * known + [0]


def test_models_corpora_and_assets_on_a_full_disk_are_refused_clearly(server: Server, disk: Path) -> None:
    corpus = corpus_id(server)
    server.client.train("watchful", {"steps": 1}, corpus_id=corpus)
    ballast = fill(disk)
    refusals = [
        refused(lambda: server.client.upload_corpus("more", {"more.txt": bytes(range(256)) * 4_096})),
        refused(lambda: list(server.client.generate(5, deployment="watchful"))),
        refused(lambda: server.client.train("watchful", {"steps": 2}, corpus_id=corpus)),
    ]
    codes = [refusal.reason if isinstance(refusal, TrainingFailed) else refusal.code for refusal in refusals]
    assert set(codes) <= {"UNAVAILABLE", "TRAINING_FAILED", "RESOURCE_EXHAUSTED"}, [*map(str, refusals), server.log]
    ballast.unlink()
    assert server.client.train("watchful", {"steps": 2}, corpus_id=corpus).model_version > 1
    assert len(list(server.client.generate(3, deployment="watchful"))) == 3


@pytest.mark.parametrize("folder", ["assets", "corpora", "models", "jobs"])
def test_a_folder_that_turns_read_only_is_told_and_others_serve(server: Server, folder: str) -> None:
    corpus = corpus_id(server)
    server.client.train("watchful", {"steps": 1}, corpus_id=corpus)
    place = server.data_dir / folder
    place.mkdir(exist_ok=True)
    assert _mount("--bind", place, place) and _mount("-o", "remount,bind,ro", place)
    work: dict[str, Callable[[], object]] = {
        "assets": lambda: list(server.client.generate(1, deployment="watchful")),
        "corpora": lambda: server.client.upload_corpus("more", {"more.txt": b"there was"}),
        "models": lambda: server.client.train("watchful", {"steps": 2}, corpus_id=corpus),
    }
    attempt = work.get(folder, work["models"])
    refusal = refused(attempt)
    assert folder == "jobs" or "ead-only" in str(refusal), str(refusal)
    assert refusal.code == "UNAVAILABLE" or isinstance(refusal, TrainingFailed), f"{refusal}\n{server.log}"
    assert server.client.record_events(plays(folder, 3)).recorded == 3
    _unmount(place)
    assert attempt() is not None


def test_a_server_cannot_start_on_a_read_only_disk_and_says_so(
    server_factory: Start, server: Server, disk: Path
) -> None:
    assert server.stop() == 0
    assert _mount("-o", "remount,ro", disk)
    command = [sys.executable, "-m", "footlight.cli", "serve", "--data-dir", str(disk / "data"), *only()]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 3 and "ead-only" in outcome.stderr and "Traceback" not in outcome.stderr
    assert _mount("-o", "remount,rw", disk)
    assert server_factory(*only(), data_dir=disk / "data").client.record_events(plays("before", 5)).duplicates == 5


def test_trainings_go_on_after_one_that_ended_on_a_full_disk(server: Server, disk: Path) -> None:
    corpus = corpus_id(server)
    server.client.train("watchful", {"steps": 1}, corpus_id=corpus)
    server.client.start_training("watchful", {"steps": 2}, corpus_id=corpus)
    ballast = fill(disk)
    written_until_refused(server)
    time.sleep(WAIT_SECONDS)
    ballast.unlink()
    end = time.monotonic() + WAIT_SECONDS
    while not (ended := next(iter(server.client.trainings())).ended) and time.monotonic() < end:
        time.sleep(0.05)
    assert ended, server.log
    assert server.client.train("watchful", {"steps": 3}, corpus_id=corpus).model_version > 1
