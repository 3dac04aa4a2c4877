"""Several servers on one database: what one acknowledges changes the answers of the others; any of them may die."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    Client,
    Decision,
    Event,
    EventKind,
    FootlightError,
    Item,
    NotFound,
    RewardStatus,
    TrainingState,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

PATIENCE = 5.0
"""Seconds after which a server that follows is taken not to. What it takes is measured by the benchmarks."""
QUICK = {"learning_rate": 0.5, "epsilon_decay_steps": 20}

Pair = tuple["Server", "Server"]


def eventually(holds: Callable[[], object]) -> None:
    """Asks again and again until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "the other server does not follow"
        time.sleep(0.002)


def succeeds(work: Callable[[], object], *errors: type[Exception]) -> bool:
    try:
        work()
    except errors:
        return False
    return True


def known(server: Server, user_id: str) -> bool:
    return not server.client.recommend(user_id, 3, deployment="user-knn").fallback


def play(user_id: str, item_id: str, event_id: str) -> Event:
    return Event(user_id, item_id, EventKind.PLAY, event_id=event_id)


@pytest.fixture
def pair(server_factory: Start) -> Pair:
    """Two servers on one database and one data directory."""
    return server_factory("--shared"), server_factory("--shared")


@pytest.fixture
def furnished(pair: Pair, films: list[Item], ratings: list[Event]) -> Pair:
    """The same, with a catalogue and a log that the first one was told and the second one knows."""
    pair[0].client.put_items(films)
    pair[0].client.record_events(ratings)
    pair[1].client.recommend(
        "a-03", 3, deployment="user-knn", timeout=120
    )  # the first call may compile, beside other work
    eventually(lambda: known(pair[1], "a-03"))
    return pair


def test_an_event_told_to_one_server_changes_the_answers_of_the_other(furnished: Pair) -> None:
    for turn, (told, asked) in enumerate((furnished, furnished[::-1], furnished)):
        assert not known(asked, f"new-{turn}")
        told.client.record_events([play(f"new-{turn}", "a00", f"e{turn}")])
        eventually(lambda asked=asked, turn=turn: known(asked, f"new-{turn}"))  # type: ignore[misc]


def test_events_told_to_both_at_once_are_in_both_in_one_order(furnished: Pair) -> None:
    def tell(number: int) -> None:
        for i in range(60):
            furnished[number].client.record_events([play(f"u{number}-{i}", f"a{i % 20:02}", f"{number}-{i}")])

    tellers = [threading.Thread(target=tell, args=(number,), daemon=True) for number in (0, 1)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    eventually(lambda: all(known(server, f"u{number}-59") for server in furnished for number in (0, 1)))
    first, second = (answers(server) for server in furnished)
    assert first == second


def answers(server: Server) -> list[Any]:
    """What a server says to everybody, with its scores."""
    lists = [server.client.recommend(user, 10, deployment="user-knn") for user in ("a-03", "u0-30", "u1-30", "u1-59")]
    return [(one.log_position, [(line.item_id, line.score) for line in one.items]) for one in lists]


def test_who_was_forgotten_by_one_server_is_a_stranger_to_the_other(furnished: Pair) -> None:
    furnished[0].client.forget_user("a-03")
    eventually(lambda: not known(furnished[1], "a-03"))
    assert furnished[1].client.forget_user("a-03").events == 0
    furnished[1].client.record_events([play("a-03", "d00", "again")])  # a new person of the old name
    eventually(lambda: known(furnished[0], "a-03"))


def test_an_item_put_on_one_server_is_recommended_by_the_other(furnished: Pair) -> None:
    furnished[0].client.put_items([Item("new", title="New")])
    furnished[1].client.record_events([play(f"a-{i:02}", "new", f"new-{i}") for i in range(10)])
    eventually(lambda: "new" in [line.item_id for line in furnished[1].client.recommend("a-12", 40).items])
    furnished[1].client.delete_item("new")
    eventually(lambda: not succeeds(lambda: furnished[0].client.get_item("new"), NotFound))


def test_a_deployment_made_on_one_server_answers_on_the_other(furnished: Pair) -> None:
    first, second = (server.client for server in furnished)
    first.create_deployment("small", "user-knn", {"k": 3})
    eventually(lambda: succeeds(lambda: second.recommend("a-04", 3, deployment="small"), NotFound))
    second.delete_deployment("small")
    eventually(lambda: not succeeds(lambda: first.recommend("a-04", 3, deployment="small"), NotFound))


def test_a_model_activated_on_one_server_serves_on_the_other(furnished: Pair) -> None:
    first, second = (server.client for server in furnished)
    for k in (1, 30):
        first.train("item-knn", {"k": k})
    eventually(lambda: second.recommend("a-04", 3, deployment="item-knn").model_version == 2)
    second.activate_model("item-knn", 1)
    eventually(lambda: first.recommend("a-04", 3, deployment="item-knn").model_version == 1)


def decided(decision: Decision) -> tuple[int, tuple[float, ...], int, int]:
    return decision.action, decision.distribution, decision.learned_steps, decision.seed


def step(client: Client, name: str, number: int) -> Decision:
    """One step of a session on a ring of five places."""
    reward = None if number == 0 else float(number % 3 == 0)
    return client.act(name, "walk", number % 5, reward=reward, request_id=f"walk-{number}")


def test_an_agent_moved_by_turns_through_two_servers_is_the_replay_of_its_log(pair: Pair, scratch: Server) -> None:
    for client in (scratch.client, pair[0].client):
        client.create_agent("dancer", 5, 3, options=QUICK, seed=42)
    alone = [decided(step(scratch.client, "dancer", i)) for i in range(40)]
    by_turns = [decided(step(pair[i // 3 % 2].client, "dancer", i)) for i in range(40)]
    assert by_turns == alone
    assert {server.client.agent("dancer").learned_steps for server in pair} == {39}


def test_a_request_repeated_at_the_other_server_gets_the_same_decision(pair: Pair) -> None:
    pair[0].client.create_agent("twice", 5, 3, options=QUICK, seed=1)
    first = step(pair[0].client, "twice", 0)
    assert step(pair[1].client, "twice", 0) == first
    statuses = [server.client.reward(first.decision_id, 1.0, reward_id="r") for server in pair]
    assert statuses == [RewardStatus.RECORDED, RewardStatus.DUPLICATE]


def test_two_servers_may_move_an_agent_at_the_same_time(pair: Pair) -> None:
    pair[0].client.create_agent("busy", 5, 3, options=QUICK, seed=1)

    def walk(number: int) -> None:
        for i in range(50):
            pair[number].client.act("busy", f"s{number}", i % 5, reward=1.0 if i else None, request_id=f"{number}-{i}")

    walkers = [threading.Thread(target=walk, args=(number,), daemon=True) for number in (0, 1)]
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    assert [server.client.agent("busy").learned_steps for server in pair] == [98, 98]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_other_server_goes_on_where_a_server_died(pair: Pair, scratch: Server, end: signal.Signals) -> None:
    """Whatever was being done at that moment is done once: it is asked again under the same request id."""
    name = f"heir-{end.name}"
    for client in (scratch.client, pair[0].client):
        client.create_agent(name, 5, 3, options=QUICK, seed=42)
    alone = [decided(step(scratch.client, name, i)) for i in range(60)]
    threading.Timer(0.05, pair[0].process.send_signal, (end,)).start()
    left: list[Any] = []
    while len(left) < 50 and succeeds(
        lambda: left.append(decided(step(pair[0].client, name, len(left)))), FootlightError
    ):
        pass
    pair[0].stop(end)  # a quick machine is done with its steps before the signal
    heir = [decided(step(pair[1].client, name, i)) for i in range(len(left), 60)]
    assert left + heir == alone


def test_a_training_is_watched_and_cancelled_through_the_other_server(server_factory: Start, plugins_dir: Path) -> None:
    one, other = (server_factory("--shared", "--plugins-dir", str(plugins_dir)) for _ in range(2))
    corpus = one.client.upload_corpus("words", {"words.txt": b"once upon"})
    job = one.client.start_training("patient", {"steps": 1_000_000}, corpus_id=corpus.corpus_id)
    assert next(state for state in other.client.watch_training(job.training_id) if state.step > 0)
    assert other.client.cancel_training(job.training_id).state is TrainingState.CANCELLED
    assert list(one.client.watch_training(job.training_id))[-1].state is TrainingState.CANCELLED


def trains(server: Server) -> bool:
    """Whether it is the one of several that runs the jobs: either may be the first to hear of one."""
    threads = Path(f"/proc/{server.process.pid}/task").iterdir()
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    return any(b"footlight_server.jobs" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


def test_a_training_is_resumed_by_the_other_server_when_its_server_dies(
    server_factory: Start, plugins_dir: Path
) -> None:
    servers = [server_factory("--shared", "--plugins-dir", str(plugins_dir)) for _ in range(2)]
    corpus = servers[0].client.upload_corpus("words", {"words.txt": b"once upon"})
    job = servers[0].client.start_training("patient", {"steps": 300}, corpus_id=corpus.corpus_id)
    next(state for state in servers[0].client.watch_training(job.training_id) if state.step > 0)
    other, one = sorted(servers, key=trains)
    one.kill()
    assert list(other.client.watch_training(job.training_id))[-1].state is TrainingState.SUCCEEDED
    assert [model.version for model in other.client.models("patient")] == [1]


def serves(server: Server, version: int) -> bool:
    return [model.version for model in server.client.models("patient") if model.active] == [version]


def test_a_server_that_stood_still_does_not_end_the_training_that_another_took_over(
    server_factory: Start, plugins_dir: Path
) -> None:
    servers = [server_factory("--shared", "--plugins-dir", str(plugins_dir)) for _ in range(2)]
    corpus = servers[0].client.upload_corpus("words", {"words.txt": b"once upon"})
    job = servers[0].client.start_training("patient", {"steps": 400}, corpus_id=corpus.corpus_id)
    next(state for state in servers[0].client.watch_training(job.training_id) if state.step > 0)
    other, one = sorted(servers, key=trains)
    one.process.send_signal(signal.SIGSTOP)  # the training itself goes on, and its end waits to be heard
    ended = list(other.client.watch_training(job.training_id))[-1]
    one.process.send_signal(signal.SIGCONT)
    again = list(one.client.watch_training(job.training_id))[-1]
    assert (again.state, again.model_version, again.end_time) == (ended.state, ended.model_version, ended.end_time)
    heard = ("was taken over by another server", "another server has taken over the training jobs")
    eventually(lambda: any(line in one.log for line in heard))  # it hears of it by the job or by its lease
    assert ended.state is TrainingState.SUCCEEDED
    for server in (one, other):  # the one that stood still hears of the change through the table, a moment later
        eventually(partial(serves, server, ended.model_version))


def test_a_deployment_made_at_one_server_is_known_to_the_other_at_once(furnished: Pair) -> None:
    for turn, (made_at, asked) in enumerate((furnished, furnished[::-1], furnished, furnished[::-1])):
        made_at.client.create_deployment(f"fresh-{turn}", "popular")
        assert asked.client.recommend("a-03", 3, deployment=f"fresh-{turn}").deployment == f"fresh-{turn}"
    with pytest.raises(NotFound):
        asked.client.recommend("a-03", 3, deployment="nowhere")
