"""An engine that raises, hangs, leaks or dies hurts only its own answers, and comes back by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    BreakerState,
    Client,
    DeadlineExceeded,
    Deployment,
    Event,
    EventKind,
    FailedPrecondition,
    InternalError,
    Unavailable,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

HANGS = 0.4
"""How long the engines of these servers may take, in seconds."""
ISOLATED = ("raise", "sleep", "grow", "quit", "kill", "segfault")
BLOTS = (
    *("raise", "exit", "none", "text", "nan", "texts", "fewer"),
    *("bytes", "media", "sample", "shape", "listed", "attributes"),
)
PATIENCE = 30.0


class Field:
    """A server with reckless engines, and files that say while they misbehave."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.client = server.client
        self._folder = folder

    def deploy(self, name: str, engine: str = "reckless", **options: Any) -> str:
        """A deployment whose engine misbehaves until it is `calm`."""
        flag = self._folder / name
        flag.touch()
        return self.client.create_deployment(name, engine, {"flag": str(flag), **options}).name

    def tell(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)

    def calm(self, name: str) -> None:
        (self._folder / name).unlink()

    def of(self, name: str) -> Deployment:
        return next(one for one in self.client.deployments() if one.name == name)

    def until(self, done: Callable[[], bool]) -> bool:
        """Whether it comes true in time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not done():
            time.sleep(0.05)
        return done()

    def recovers(self, name: str) -> bool:
        """Whether the engine itself answers again."""
        return self.until(lambda: not self.client.recommend("a-03", 5, deployment=name).fallback)

    def children(self) -> list[int]:
        """The processes that the server started."""
        pid = str(self.server.process.pid)
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", pid], capture_output=True, text=True)
        return [int(line) for line in found.stdout.split()]


@pytest.fixture(scope="module")
def field(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Field]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("reckless")
    shelf.copy(trained_data, folder / "data")
    isolated = [word for does in ISOLATED for word in ("--isolate", f"apart-{does}")]
    limits = ["--engine-seconds", str(HANGS), "--isolate-memory", "256", "--isolate", "forge", "--isolate", "well"]
    limits += ["--isolate", "plugin:fenced"]
    server = Server(
        folder / "data", *shelf.arguments(folder / "data"), "--plugins-dir", str(PLUGINS), *isolated, *limits
    )
    yield Field(server, folder)
    server.kill()


def refused(field: Field, name: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(InternalError):
            field.client.recommend("a-03", 5, deployment=name)


@pytest.mark.parametrize("engine", ["reckless", "hasty"])
@pytest.mark.parametrize("does", ["raise", "exit", "nonsense"])
def test_an_engine_that_fails_again_and_again_is_left_alone(field: Field, engine: str, does: str) -> None:
    name = field.deploy(f"{engine}-{does}", engine, at="recommend", does=does)
    refused(field, name, 4)
    first, health = field.client.recommend("a-03", 5, deployment=name), field.of(name).health
    answers = [first, *(field.client.recommend("a-03", 5, deployment=name) for _ in range(2))]
    assert all(one.fallback and len(one) == 5 and one.deployment == name for one in answers)
    assert (health.state, health.faults) == (BreakerState.OPEN, 5) and health.since and health.retry_seconds > 0
    assert engine in health.reason
    field.calm(name)
    assert field.recovers(name) and field.of(name).health.state is BreakerState.CLOSED


def test_a_failed_probe_opens_the_breaker_again(field: Field) -> None:
    name = field.deploy("stubborn", at="recommend")
    refused(field, name, 4)
    assert field.client.recommend("a-03", deployment=name).fallback
    since = field.of(name).health.since
    assert since and field.until(lambda: field.of(name).health.retry_seconds == 0)
    assert field.client.recommend("a-03", deployment=name).fallback  # the probe
    health = field.of(name).health
    assert health.state is BreakerState.OPEN and health.since and health.since > since and health.faults == 6


def test_now_and_then_a_fault_leaves_the_breaker_closed(field: Field) -> None:
    name = field.deploy("seldom", at="recommend", one=True)
    for _ in range(6):
        with pytest.raises(InternalError):
            field.client.recommend("a-01", deployment=name)
        for _ in range(3):
            assert not field.client.recommend("a-03", deployment=name).fallback
    assert field.of(name).health.state is BreakerState.CLOSED and field.of(name).health.faults == 6


@pytest.mark.parametrize("engine", ["reckless", "hasty"])
@pytest.mark.parametrize("does", ["raise", "nonsense"])
def test_a_fault_in_a_batch_hurts_only_its_own_person(field: Field, engine: str, does: str) -> None:
    name = field.deploy(f"batch-{engine}-{does}", engine, at="recommend", does=does, one=True)
    answers = field.client.recommend_batch(["a-03", "a-01", "d-02", "a-04"], 5, deployment=name)
    assert [one.fallback for one in answers] == [False, True, False, False] and all(len(one) == 5 for one in answers)


def test_a_batch_can_be_the_probe(field: Field) -> None:
    name = field.deploy("probed", at="recommend")
    field.client.recommend_batch(["a-03"] * 5, 5, deployment=name)
    assert field.of(name).health.state is BreakerState.OPEN
    field.calm(name)
    assert field.until(lambda: not field.client.recommend_batch(["a-03"], 5, deployment=name)[0].fallback)
    assert field.of(name).health.state is BreakerState.CLOSED


@pytest.mark.parametrize("engine", ["reckless", "hasty"])
def test_an_engine_that_prints_is_answered_from_all_the_same(field: Field, engine: str) -> None:
    name = field.deploy(f"chatty-{engine}", engine, at="recommend", does="print")
    answers = [field.client.recommend("a-03", 5, deployment=name) for _ in range(3)]
    assert [(len(one), one.fallback) for one in answers] == [(5, False)] * 3


@pytest.mark.parametrize("engine", ["reckless", "hasty"])
def test_what_an_engine_asks_of_numpy_holds_for_itself_alone(field: Field, engine: str) -> None:
    strict = field.deploy(f"strict-{engine}", engine, at="recommend", does="set-numpy")
    divides = field.deploy(f"divides-{engine}", engine, at="recommend", does="divide")
    for name in (strict, divides, strict, divides):
        assert not field.client.recommend("a-03", 5, deployment=name).fallback
    assert field.of(divides).health.faults == 0


def test_the_fallback_itself_answers_strangers(field: Field) -> None:
    answers = [field.client.recommend("never-seen", 5, deployment="popular")]
    answers += field.client.recommend_batch(["never-seen"], 5, deployment="popular")
    assert [(len(one), one.fallback) for one in answers] == [(5, False)] * 2


def test_errors_of_the_caller_are_no_faults(field: Field) -> None:
    name = field.deploy("well-behaved")
    for _ in range(8):
        with pytest.raises(Exception, match="count"):
            field.client.recommend("a-03", -1, deployment=name)
    assert field.of(name).health.faults == 0


@pytest.mark.parametrize("at", ["apply", "forget", "warm_up", "init", "fit"])
def test_an_engine_that_fails_at_its_state_is_made_anew(field: Field, at: str) -> None:
    name = field.deploy(f"state-{at.replace('_', '-')}", at=at)
    field.client.record_events([Event("a-03", "a01", EventKind.PLAY), Event(f"gone-{at}", "a01", EventKind.PLAY)])
    field.client.forget_user(f"gone-{at}")
    assert field.client.recommend("a-03", 5, deployment=name).fallback
    assert field.of(name).health.state is not BreakerState.CLOSED and field.of(name).problem
    field.calm(name)
    assert field.recovers(name)
    assert field.of(name).problem == "" and field.of(name).health.restarts == 1


@pytest.mark.parametrize("at", ["recommend", "knows", "similar"])
def test_a_call_that_hangs_is_answered_and_its_engine_made_anew(field: Field, at: str) -> None:
    name = field.deploy(f"hangs-{at}", at=at, does="sleep")
    if at == "similar":
        with Client(field.server.address, retry_seconds=0) as client, pytest.raises(Unavailable):
            client.similar_items("a04", deployment=name)  # every retry would be a probe that hangs
    else:
        assert field.client.recommend("a-03", 5, deployment=name).fallback
    health = field.of(name).health
    assert health.state is not BreakerState.CLOSED and "took more than" in health.reason
    assert health.abandoned_threads >= 1  # the client comes back by itself where it is told when
    field.calm(name)
    assert field.recovers(name)


def test_at_most_a_few_threads_are_given_up(field: Field) -> None:
    name = field.deploy("swamp", at="recommend", does="sleep")
    for hung in (1, 2, 3):
        assert field.until(partial(_hangs, field, name, hung))
    assert field.until(lambda: "threads hang" in field.of(name).health.reason)
    assert field.client.recommend("a-03", deployment=name).fallback


def test_a_caller_with_little_time_costs_no_engine(field: Field) -> None:
    name = field.deploy("slow", at="recommend", does="sleep")
    with pytest.raises(DeadlineExceeded):
        field.client.recommend("a-03", deployment=name, timeout=0.1)
    assert field.of(name).health.abandoned_threads == 0


@pytest.mark.parametrize("does", ISOLATED)
def test_what_an_isolated_engine_does_stays_in_its_process(field: Field, does: str) -> None:
    name = field.deploy(f"apart-{does}", at="recommend", does=does)
    assert field.of(name).health.isolated
    refused(field, name, 4 if does == "raise" else 0)
    assert field.client.recommend("a-03", 5, deployment=name).fallback
    health = field.of(name).health
    assert health.state is BreakerState.OPEN and health.abandoned_threads == 0
    field.calm(name)
    assert field.recovers(name) and not field.client.recommend("a-04", 5).fallback


def test_an_isolated_engine_that_is_killed_is_started_again(field: Field) -> None:
    before = set(field.children())
    name = field.deploy("well")
    (pid,) = set(field.children()) - before
    os.kill(pid, signal.SIGKILL)
    assert field.until(lambda: field.of(name).health.state is BreakerState.OPEN)
    assert "SIGKILL" in field.of(name).health.reason
    recorded = field.client.record_events([Event("a-03", "a02", EventKind.PLAY)])
    assert field.recovers(name) and field.until(lambda: field.of(name).log_position == recorded.log_position)


def test_an_isolated_engine_ends_with_its_server(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir), "--isolate", "reckless")
    server.client.recommend("a-03", deployment="reckless")  # until then it sleeps
    (pid,) = Field(server, plugins_dir).children()
    server.kill()
    assert Field(server, plugins_dir).until(lambda: not Path(f"/proc/{pid}").exists())


def test_what_an_isolated_engine_prints_is_in_the_log(field: Field) -> None:
    assert "a line that is no message" in field.server.log


def test_a_generator_that_fails_says_when_to_come_back(field: Field) -> None:
    corpus = field.client.upload_corpus("ore", {"a.txt": b"ore"})
    name = field.deploy("smithy", "smith", at="generate", does="nonsense")
    field.client.train(name, corpus_id=corpus.corpus_id)
    for _ in range(4):
        with pytest.raises(InternalError):
            list(field.client.generate(2, deployment=name))
    with pytest.raises(Unavailable, match=name) as refusal:
        list(field.client.generate(2, deployment=name))
    assert refusal.value.reason == "ENGINE_DOWN" and (refusal.value.retry_after or 0) > 0
    field.calm(name)
    assert field.until(lambda: _makes(field, name))


@pytest.fixture(scope="module")
def blots(field: Field) -> str:
    """A generator that was trained once, and does what its flag says."""
    corpus = field.client.upload_corpus("ink", {"a.txt": b"ink"})
    name = field.deploy("blots", "blot")
    field.client.train(name, corpus_id=corpus.corpus_id)
    return name


def makes(field: Field, name: str, does: str) -> int:
    field.tell(name, does)
    return len(list(field.client.generate(1, deployment=name)))


@pytest.mark.parametrize("does", BLOTS)
def test_a_generator_that_fails_is_named_and_nothing_of_it_is_kept(field: Field, blots: str, does: str) -> None:
    with pytest.raises(InternalError, match="engine 'blot' of plug-in 'wayward'") as fault:
        makes(field, blots, does)
    assert fault.value.metadata["deployment"] == blots and "secret" not in fault.value.message
    assert [makes(field, blots, "well") for _ in range(2)] == [1, 1]


def test_a_generator_that_prints_and_changes_numpy_makes_what_it_makes(field: Field, blots: str) -> None:
    assert makes(field, blots, "print") == makes(field, blots, "well") == 1


def test_a_generator_in_a_process_of_its_own_makes_the_same(field: Field) -> None:
    corpus = field.client.upload_corpus("coal", {"a.txt": b"coal"})
    for name in ("forge", "hearth"):
        field.client.train(field.deploy(name, "smith"), corpus_id=corpus.corpus_id)
    forge, hearth = (
        [one.data.split(b"\n")[0] for one in field.client.generate(40, deployment=d, seed=5)]  # without its provenance
        for d in ("forge", "hearth")
    )
    assert forge == hearth and len(forge) == 40 and field.of("forge").health.isolated


@pytest.fixture(scope="module", params=["pitch", "fenced"])
def pitch(field: Field, request: pytest.FixtureRequest) -> str:
    """A generator that asks another plug-in's rules; `fenced` has a process of its own."""
    corpus = field.client.upload_corpus("grass", {"a.txt": b"grass"})
    field.client.train(request.param, corpus_id=corpus.corpus_id)
    return str(request.param)


@pytest.mark.parametrize("deed", [1, 2, 3], ids=["raise", "exit", "text"])
def test_rules_that_fail_are_named_with_their_plugin_and_not_the_engine(field: Field, pitch: str, deed: int) -> None:
    with pytest.raises(InternalError, match="level-rules 'umpire' of plug-in 'umpire' did something wrong") as fault:
        list(field.client.generate(1, deployment=pitch, seed=deed))
    named = {name: fault.value.metadata[name] for name in ("engine", "plugin", "part")}
    assert named == {"engine": pitch, "plugin": "umpire", "part": "level-rules 'umpire'"}
    assert "secret" not in fault.value.message
    assert [len(list(field.client.generate(1, deployment=pitch, seed=0))) for _ in range(2)] == [1, 1]


def test_a_generator_that_has_nothing_to_stand_for_says_why_and_is_not_at_fault(field: Field, pitch: str) -> None:
    before = field.of(pitch).health
    with pytest.raises(FailedPrecondition, match="it rains; come back tomorrow") as refusal:
        list(field.client.generate(1, deployment=pitch, seed=5))
    assert (refusal.value.reason, field.of(pitch).health.faults) == ("NOT_MADE", before.faults)


def test_a_training_that_rules_made_fail_says_whose_fault_it_was(field: Field) -> None:
    corpus = field.client.upload_corpus("mud", {"a.txt": b"mud"})
    with pytest.raises(Exception, match="level-rules 'umpire' of plug-in 'umpire' raised RuntimeError"):
        field.client.train("pitch", {"trained": "raise"}, corpus_id=corpus.corpus_id)


def test_a_plugin_that_is_isolated_by_its_name_has_every_engine_in_a_process(field: Field) -> None:
    assert [field.of(name).health.isolated for name in ("pitch", "fenced")] == [False, True]
    corpus = field.client.upload_corpus("moss", {"a.txt": b"moss"})
    name = field.client.create_deployment("second-fence", "fenced").name
    field.client.train(name, corpus_id=corpus.corpus_id)
    with pytest.raises(Unavailable):
        list(Client(field.server.address, retry_seconds=0).generate(1, deployment=name, seed=4))  # os._exit
    assert "ended with code 7" in field.of(name).health.reason


def test_a_cancelled_generation_stops_in_its_process(field: Field) -> None:
    corpus = field.client.upload_corpus("tin", {"a.txt": b"tin"})
    name = field.deploy("forger", "smith", at="generate", does="count")
    field.client.train(name, corpus_id=corpus.corpus_id)
    with pytest.raises(DeadlineExceeded):
        list(field.client.generate(1, deployment=name, timeout=0.3))
    field.calm(name)
    assert list(field.client.generate(1, deployment=name)) and field.of(name).health.faults == 0


def test_a_server_starts_and_stops_with_engines_that_hang(server_factory: Start, plugins_dir: Path) -> None:
    limits = ("--plugins-dir", str(plugins_dir), "--engine-seconds", "0.2", "--engine-start-seconds", "0.3")
    server = server_factory(*limits)
    server.client.create_deployment("stuck", "reckless", {"at": "recommend", "does": "sleep"})
    server.client.create_deployment("late", "reckless", {"at": "warm_up", "does": "sleep"})
    assert server.client.recommend("a", deployment="stuck").fallback
    assert server.client.recommend("a", deployment="late").fallback
    assert server.stop() == 0
    again = server_factory(*limits)
    assert "prepared" in {one.name: one.problem for one in again.client.deployments()}["late"]
    assert again.stop() == 0


def _makes(field: Field, name: str) -> bool:
    try:
        return len(list(field.client.generate(2, deployment=name))) == 2
    except Unavailable:
        return False


def _hangs(field: Field, name: str, threads: int) -> bool:
    """Whether so many threads hang by now; asks once more."""
    return field.client.recommend("a-03", deployment=name).fallback and (
        field.of(name).health.abandoned_threads == threads
    )
