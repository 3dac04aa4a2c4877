"""An agent whose engine raises, hangs or dies hurts only its own answers; what it had learned comes back from its log."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from tests.e2e.conftest import Refusal
from tests.e2e.test_engine_host import Field

from footlight import (
    BoxSpace,
    BreakerState,
    Candidate,
    CandidateSpace,
    DeadlineExceeded,
    Event,
    EventKind,
    InternalError,
    Item,
    Unavailable,
)
from footlight.v1 import interaction_pb2 as pb
from footlight.v1.interaction_pb2_grpc import InteractionServiceStub

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

LIMITS = ("--engine-seconds", "0.4", "--isolate", "moody")
SIZES = (4, 2)


class Yard(Field):
    """A server with reckless agents."""

    def agent(self, name: str, deployment: str, **options: Any) -> str:
        """An agent that misbehaves until it is `calm`."""
        flag = self._folder / name
        flag.touch()
        self.client.create_agent(name, *SIZES, deployment=deployment, options={"flag": str(flag), **options})
        return name

    def act(self, agent: str, reward: float | None = None) -> int:
        return self.client.act(agent, "s", 1, reward=reward).action

    def fails(self, agent: str, times: int) -> None:
        for _ in range(times):
            with pytest.raises(InternalError):
                self.act(agent)

    def refused(self, agent: str, reward: float | None = None) -> str:
        """Why the next step is refused; asked once, without the client's patience."""
        request = pb.ActRequest(agent_id=agent, session_id="s", observation=pb.Value(discrete=1))
        if reward is not None:
            request.outcome.reward = reward
        with pytest.raises(grpc.RpcError) as caught:
            InteractionServiceStub(self.server.channel).Act(request)
        refusal = Refusal(caught.value)
        assert refusal.code == "UNAVAILABLE" and agent in refusal.message
        return str(refusal.info.reason)

    def well_again(self, agent: str) -> bool:
        """Whether it decides again; the client waits for as long as it is told."""
        self.calm(agent)
        return self.until(lambda: self._acts(agent))

    def _acts(self, agent: str) -> bool:
        try:
            return self.act(agent) == 0
        except Unavailable:
            return False


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Yard]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("yard")
    server = Server(folder / "data", "--plugins-dir", str(PLUGINS), *LIMITS)
    server.client.create_deployment("moody-here", "moody")
    yield Yard(server, folder)
    server.kill()


@pytest.mark.parametrize("deployment", ["jumpy", "moody-here", "moody"])
@pytest.mark.parametrize(("at", "does"), [("act", "raise"), ("act", "nonsense"), ("learn", "exit")])
def test_an_agent_that_fails_again_and_again_is_left_alone(yard: Yard, deployment: str, at: str, does: str) -> None:
    bad, good = yard.agent(f"{deployment}-{at}-{does}", deployment, at=at, does=does), f"good-{deployment}-{at}-{does}"
    yard.client.create_agent(good, *SIZES, deployment=deployment)
    if at == "learn":
        yard.act(bad)
    for _ in range(4):
        with pytest.raises(InternalError):
            yard.act(bad, reward=1.0 if at == "learn" else None)
        assert yard.act(good) == 0
    assert yard.refused(bad, reward=1.0 if at == "learn" else None) == "ENGINE_DOWN"
    health = yard.of(deployment).health
    assert health.state is BreakerState.OPEN and bad in health.reason and yard.act(good) == 0
    assert yard.well_again(bad) and yard.of(deployment).health.restarts >= 5


def test_an_agent_that_cannot_be_made_again_is_left_alone(yard: Yard) -> None:
    bad = yard.agent("bad-learner", "moody-here", at="learn", does="raise")
    yard.calm(bad)
    for reward in (None, 1.0, 1.0):
        yard.act(bad, reward)
    (yard._folder / bad).touch()
    with pytest.raises(InternalError):
        yard.act(bad, 1.0)
    assert yard.refused(bad, 1.0) == "ENGINE_DOWN"  # replaying its log fails as well
    assert yard.well_again(bad) and yard.client.agent(bad).learned_steps == 4  # nothing is lost


@pytest.mark.parametrize("deployment", ["moody-here", "moody"])
def test_an_agent_that_hangs_is_given_up_and_the_others_go_on(yard: Yard, deployment: str) -> None:
    bad, good = yard.agent(f"hangs-{deployment}", deployment, at="act", does="sleep"), f"waits-{deployment}"
    yard.client.create_agent(good, *SIZES, deployment=deployment)
    assert yard.refused(bad) == "ENGINE_DOWN"
    assert yard.act(good) == 0
    health = yard.of(deployment).health
    assert "took more than" in health.reason and health.abandoned_threads == (deployment != "moody")
    assert yard.well_again(bad)


def test_a_step_that_nobody_waits_for_any_more_is_written_all_the_same(yard: Yard) -> None:
    slow = yard.agent("slow", "moody-here", at="act", does="nap")
    with pytest.raises(DeadlineExceeded):
        yard.client.act(slow, "s", 1, request_id="r-1", timeout=0.1)
    yard.calm(slow)
    again = yard.client.act(slow, "s", 2, request_id="r-1")
    assert again.decision_id == yard.client.act(slow, "s", 3, request_id="r-1").decision_id
    assert yard.client.act(slow, "s", 1, reward=1.0).learned_steps == 1


@pytest.mark.parametrize("does", ["quit", "segfault"])
def test_agents_whose_process_dies_are_replayed_in_the_next(yard: Yard, does: str) -> None:
    bad, good = yard.agent(f"dies-{does}", "moody", at="act", does=does), f"lives-{does}"
    yard.client.create_agent(good, *SIZES, deployment="moody")
    for reward in (None, 1.0, 1.0):
        yard.act(good, reward)
    assert yard.refused(bad) == "ENGINE_DOWN"
    assert yard.client.act(good, "s", 1, reward=1.0).learned_steps == 3
    assert yard.of("moody").health.isolated and yard.well_again(bad)


@pytest.mark.parametrize(("deployment", "verb"), [("jumpy", "act"), ("hasty", "recommend")])
def test_an_inline_engine_that_holds_the_loop_is_interrupted_and_gets_a_thread(
    server_factory: Start, plugins_dir: Path, tmp_path: Path, deployment: str, verb: str
) -> None:
    yard = Yard(server_factory("--plugins-dir", str(plugins_dir), *LIMITS), tmp_path)
    yard.client.put_items([Item("a01")])
    yard.client.record_events([Event("a-03", "a01", EventKind.PLAY)])
    assert yard.of(deployment).health.inline
    if verb == "act":
        held = deployment
        yard.agent("holds", held, at="act", does="sleep")
        Timer(1.0, yard.calm, ("holds",)).start()  # the first call hangs all the same
        assert yard.act("holds") == 0  # the client was told when to come back
    else:
        held = yard.deploy("holder", deployment, at="recommend", does="sleep")
        assert yard.client.recommend("a-03", 5, deployment=held).fallback
        yard.calm(held)
        assert yard.recovers(held)
    health = yard.of(held).health
    assert "stopped the event loop" in health.demotion and not health.inline and health.abandoned_threads == 0


def test_an_inline_engine_that_cannot_be_interrupted_has_a_thread_after_the_next_start(
    server_factory: Start, plugins_dir: Path, tmp_path: Path
) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir), *LIMITS)
    yard = Yard(server, tmp_path)
    yard.agent("locked", "jumpy", at="act", does="deadlock")
    with pytest.raises(Unavailable):
        yard.client.act("locked", "s", 1, timeout=20)
    assert server.process.wait() == 70 and "'jumpy' holds the event loop" in server.log
    again = Yard(server_factory("--plugins-dir", str(plugins_dir), *LIMITS), tmp_path)
    assert "stopped the event loop" in again.of("jumpy").health.demotion
    again.calm("locked")
    assert again.act("locked") == 0


def test_agents_in_a_process_decide_and_learn_as_those_in_the_server(server_factory: Start) -> None:
    server = server_factory("--isolate", "apart")
    server.client.create_deployment("apart", "q-learning")
    played = [_played(server, name) for name in ("apart", "q-learning")]
    (child,) = Field(server, server.data_dir).children()
    os.kill(child, signal.SIGKILL)
    assert played[0] == played[1]
    further = [_further(server, name) for name in ("apart", "q-learning")]
    assert further[0] == further[1]


def _played(server: Server, deployment: str) -> list[tuple[int, bytes, int]]:
    agent = server.client.create_agent(f"of-{deployment}", 8, 3, deployment=deployment, seed=7).agent_id
    return [_step(server, agent, k) for k in range(20)]


def _further(server: Server, deployment: str) -> list[tuple[int, bytes, int]]:
    return [_step(server, f"of-{deployment}", k) for k in range(20, 30)]


def _step(server: Server, agent: str, k: int) -> tuple[int, bytes, int]:
    answer = server.client.act(agent, "s", k % 8, reward=float(k % 3) if k else None)
    return answer.action, np.asarray(answer.distribution).tobytes(), answer.learned_steps


BANDITS = ("linucb", "lin-thompson", "squarecb")


def test_agents_with_features_and_candidates_decide_in_a_process_as_in_the_server(server_factory: Start) -> None:
    server = server_factory(*(word for engine in BANDITS for word in ("--isolate", f"apart-{engine}")))
    for engine in BANDITS:
        server.client.create_deployment(f"apart-{engine}", engine)
        here, apart = (_visited(server, name) for name in (engine, f"apart-{engine}"))
        assert here == apart and here[-1][2] == 30, engine


def _visited(server: Server, deployment: str) -> list[tuple[int, bytes, int]]:
    """Visits of people, each offered three candidates by their features, and paid for the one that fits."""
    rng, client, found = np.random.default_rng(4), server.client, []
    client.create_agent(deployment, BoxSpace([2]), CandidateSpace(3), deployment=deployment, seed=7)
    for k in range(31):
        person, offered = rng.normal(size=2).tolist(), rng.normal(size=(3, 3)).tolist()
        answer = client.act(deployment, f"visit {k}", person, candidates=[Candidate(row) for row in offered])
        found.append((answer.action, np.asarray(answer.distribution).tobytes(), answer.learned_steps))
        client.reward(answer.decision_id, offered[answer.action][0])
    return found
