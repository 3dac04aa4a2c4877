"""Several processes on one port: `footlight serve --processes N`."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from footlight import Asset, Client, Event, EventKind, FootlightError, Item
from footlight.v1 import recommendation_pb2 as pb
from footlight.v1 import recommendation_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

CANNOT_START = 3
PATIENCE = 20.0

Cli = Callable[..., subprocess.CompletedProcess[str]]


def members_of(server: Server) -> list[int]:
    """The processes that serve."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(number) for number in children.split()]


def eventually(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def is_alive(number: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.fixture
def crew(server_factory: Start, films: list[Item], ratings: list[Event]) -> Server:
    """Two processes that know a catalogue and a log."""
    server = server_factory("--processes", "2")
    server.client.put_items(films)
    server.client.record_events(ratings)
    return server


@pytest.fixture
def channels(crew: Server) -> Iterator[list[grpc.Channel]]:
    """Connections of their own, which the kernel spreads over the processes."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    opened = [grpc.insecure_channel(crew.address, options) for _ in range(16)]
    yield opened
    for channel in opened:
        channel.close()


def fallback(channel: grpc.Channel, user_id: str) -> bool:
    request = pb.RecommendRequest(user_id=user_id, deployment="user-knn", count=3)
    return stubs.RecommendationServiceStub(channel).Recommend(request, wait_for_ready=True).fallback


def test_every_process_learns_what_one_was_told(crew: Server, channels: list[grpc.Channel]) -> None:
    crew.client.record_events([Event("new", "a00", EventKind.PLAY, event_id="e")])
    eventually(lambda: not any(fallback(channel, "new") for channel in channels))


def test_a_process_that_is_killed_is_replaced_and_the_others_answer(crew: Server, channels: list[grpc.Channel]) -> None:
    before = members_of(crew)
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: not fallback(channels[0], "a-03"))  # whoever answers may still be reading what another was told
    eventually(lambda: len(now := members_of(crew)) == 2 and before[0] not in now)
    assert crew.client.record_events([Event("new", "a00", EventKind.PLAY, event_id="e")]).recorded == 1
    assert "ended with code -9" in crew.log


def test_an_agent_goes_on_when_the_process_that_moved_it_is_killed(crew: Server) -> None:
    crew.client.create_agent("steady", 5, 3, seed=1)
    for number in range(60):
        if number == 30:
            os.kill(members_of(crew)[0], signal.SIGKILL)
        reward = None if number == 0 else 1.0
        persistently(
            lambda number=number, reward=reward: crew.client.act(  # type: ignore[misc]
                "steady", "s", number % 5, reward=reward, request_id=f"r{number}"
            )
        )
    assert crew.client.agent("steady").learned_steps == 59


def persistently(call: Callable[[], object]) -> None:
    """Repeat a call as it is until it is answered."""
    while True:
        try:
            call()
        except FootlightError:
            time.sleep(0.05)
        else:
            return


def test_sigterm_ends_all_processes_and_no_call_fails(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--processes", "2", "--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("patient", {"steps": 1}, corpus_id=corpus.corpus_id)
    begun: list[Asset] = []
    made: list[int] = []

    def generate() -> None:
        with Client(server.address) as client:
            assets = client.generate(100, deployment="patient")
            begun.append(next(assets))
            made.append(1 + len(list(assets)))

    callers = [threading.Thread(target=generate, daemon=True) for _ in range(8)]
    for caller in callers:
        caller.start()
    while len(begun) < len(callers):
        time.sleep(0.005)
    members = members_of(server)
    assert server.stop() == 0 and "ended with code" not in server.log
    for caller in callers:
        caller.join()
    assert made == [100] * 8 and not any(map(is_alive, members))


def test_the_processes_end_when_their_parent_is_killed(crew: Server) -> None:
    members = members_of(crew)
    crew.kill()
    eventually(lambda: not any(map(is_alive, members)))


def test_a_second_crew_on_the_same_port_is_refused(crew: Server, run_cli: Cli, tmp_path: Path) -> None:
    words = ("serve", "--data-dir", tmp_path / "other", "--listen", crew.address)
    for more in ((), ("--processes", "2")):
        second = run_cli(*words, *more)
        assert second.returncode == CANNOT_START and f"cannot listen on {crew.address}" in second.stderr


def test_a_crew_that_cannot_start_says_why(run_cli: Cli, tmp_path: Path) -> None:
    words = ("serve", "--data-dir", tmp_path, "--listen", "127.0.0.1:0", "--processes", "2", "--database", "no://x")
    outcome = run_cli(*words)
    assert outcome.returncode == CANNOT_START and "no" in outcome.stderr and "Traceback" not in outcome.stderr
