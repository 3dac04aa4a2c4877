"""Whatever one method of an engine does, the others answer, the operator reads whose fault it is, and the server goes on."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.e2e.conftest import Refusal

from footlight import BreakerState, Deployment, Event, EventKind, Item, TrainingFailed
from footlight.v1 import interaction_pb2 as acts
from footlight.v1 import recommendation_pb2 as ranks
from footlight.v1.interaction_pb2_grpc import InteractionServiceStub
from footlight.v1.recommendation_pb2_grpc import RecommendationServiceStub

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

RANKING = (
    "init",
    "fit",
    "apply",
    "forget",
    "knows",
    "recommend",
    "similar",
    "predict",
    "describe",
    "pending",
    "settle",
)
OUTSIDE = ("apply", "forget", "predict", "describe", "pending", "settle")
"""What is called beside the answers; that those may hang is tested in test_engine_host.py."""
FAULTS, ANSWERS, NUMBERS = ("exit",), ("none", "nan"), ("text", "huge", "less")
RANKING_CASES = [
    *itertools.product((*RANKING, "recommend_batch", "warm_up"), (*FAULTS, *ANSWERS)),
    *itertools.product(OUTSIDE, ("sleep",)),
    *itertools.product(("forget", "pending"), NUMBERS),
]
ACTING_CASES = [
    *itertools.product(("decide", "decide_batch", "learn_one", "learned_steps"), (*FAULTS, *ANSWERS)),
    *itertools.product(("learned_steps",), ("sleep", *NUMBERS)),
]
CODES = {"OK", "INTERNAL", "UNAVAILABLE"}
PATIENCE = 20.0


def named(at: str, does: str) -> str:
    return f"{at.replace('_', '-')}-{does}"


def answered(call: Callable[[], Any]) -> str:
    """What a call comes to: OK, or the code of a refusal that tells no secret."""
    try:
        call()
    except grpc.RpcError as fault:
        refusal = Refusal(fault)
        assert "secret" not in refusal.message
        return str(refusal.code)
    return "OK"


class Fleet:
    """A server with a wayward deployment for every method and deed."""

    def __init__(self, server: Server, flag: Path) -> None:
        self.server, self.client, self.flag = server, server.client, flag
        self.ranking, self.acting = RecommendationServiceStub(server.channel), InteractionServiceStub(server.channel)

    def deploy(self) -> None:
        self.client.put_items([Item(f"i{n}") for n in range(12)])
        self.client.record_events([Event(f"p{n}", f"i{n}", EventKind.LIKE) for n in range(6)])
        for at, does in RANKING_CASES:
            options = {"at": at, "does": does, "flag": str(self.flag)}
            self.client.create_deployment(named(at, does), "wayward", options)
        self.client.recommend_batch(["p1"], 3, deployment="popular")

    def ask(self, name: str) -> list[str]:
        """Everything that a recommender can be asked."""
        one = ranks.RecommendRequest(user_id="p1", count=3, deployment=name)
        many = ranks.BatchRecommendRequest(user_ids=["p1", "p2"], count=3, deployment=name)
        calls: list[Callable[[], Any]] = [
            lambda: self.ranking.Recommend(one, timeout=10),
            lambda: self.ranking.BatchRecommend(many, timeout=10),
            lambda: self.ranking.ListSimilarItems(
                ranks.ListSimilarItemsRequest(item_id="i1", count=3, deployment=name), timeout=10
            ),
            lambda: self.ranking.PredictRatings(
                ranks.PredictRatingsRequest(user_id="p1", item_ids=["i1"], deployment=name), timeout=10
            ),
        ]
        return [answered(call) for call in calls]

    def of(self, name: str) -> Deployment:
        return next(one for one in self.client.deployments() if one.name == name)

    def until(self, done: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not done():
            time.sleep(0.05)
        return done()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Fleet]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("wayward")
    (folder / "flag").touch()
    limits = ("--engine-seconds", "0.3", "--engine-start-seconds", "0.5")
    server = Server(folder / "data", *shelf.arguments(folder / "data"), "--plugins-dir", str(PLUGINS), *limits)
    made = Fleet(server, folder / "flag")
    made.deploy()
    yield made
    server.kill()


@pytest.mark.parametrize(("at", "does"), RANKING_CASES)
def test_whatever_a_recommender_does_the_server_goes_on(fleet: Fleet, at: str, does: str) -> None:
    name = named(at, does)
    codes = fleet.ask(name)
    fleet.client.record_events([Event("p1", "i2", EventKind.LIKE), Event(f"gone-{name}", "i1", EventKind.LIKE)])
    fleet.client.put_items([Item("i3", title=f"for {name}")])
    assert fleet.client.forget_user(f"gone-{name}").events == 1
    assert set(codes) | set(fleet.ask(name)) <= CODES
    assert len(fleet.client.recommend("p2", 3, deployment="popular")) == 3
    if at == "recommend_batch":
        assert f"one by one: engine '{name}'" in fleet.server.log
    if at == "recommend_batch" or does in ("exit", "sleep"):
        assert fleet.until(lambda: fleet.of(name).health.faults > 0 or bool(fleet.of(name).problem))


@pytest.mark.parametrize(
    ("at", "does", "said"),
    [
        ("fit", "exit", "engine 'wayward' raised SystemExit: 3"),
        ("fit", "text", "`fit` answered 'text', expected figures by name"),
        ("state", "raise", "engine 'wayward' raised RuntimeError: secret of state"),
        ("state", "none", "`state` answered None, expected State"),
        ("load", "exit", "version 1 was made but cannot serve: engine 'load-exit' raised SystemExit: 3"),
    ],
)
def test_a_training_that_fails_says_what_the_engine_did(fleet: Fleet, at: str, does: str, said: str) -> None:
    options = {"at": at, "does": does, "flag": str(fleet.flag)}
    if named(at, does) not in {one.name for one in fleet.client.deployments()}:
        fleet.client.create_deployment(named(at, does), "wayward", options)
    with pytest.raises(TrainingFailed, match=re.escape(said)):
        fleet.client.train(named(at, does))
    assert len(fleet.client.recommend("p2", 3, deployment="popular")) == 3


def asked_for_six(fleet: Fleet, does: str) -> Deployment:
    """A deployment that fails with batches alone, after six batches of one person."""
    options = {"at": "recommend_batch", "does": does, "flag": str(fleet.flag)}
    name = fleet.client.create_deployment(f"six-{does}", "wayward", options).name
    for _ in range(6):
        fleet.client.recommend_batch(["p1"], 3, deployment=name)
    return fleet.of(name)


def test_an_engine_that_fails_at_every_batch_is_left_alone(fleet: Fleet) -> None:
    health = asked_for_six(fleet, "raise").health
    assert health.state is BreakerState.OPEN and health.faults == 5 and "recommend_batch" in health.reason


def test_a_batch_that_is_interrupted_costs_no_engine(fleet: Fleet) -> None:
    health = asked_for_six(fleet, "overrun").health
    assert health.state is BreakerState.CLOSED and (health.faults, health.restarts) == (0, 0)


def agent(fleet: Fleet, at: str, does: str) -> str:
    fleet.client.create_deployment(
        f"fickle-{named(at, does)}", "fickle", {"at": at, "does": does, "flag": str(fleet.flag)}
    )
    fleet.flag.rename(fleet.flag.with_suffix(".away"))  # it is made without a fault
    try:
        fleet.client.create_agent(f"a-{named(at, does)}", 3, 2, deployment=f"fickle-{named(at, does)}")
    finally:
        fleet.flag.with_suffix(".away").rename(fleet.flag)
    return f"a-{named(at, does)}"


@pytest.mark.parametrize(("at", "does"), ACTING_CASES)
def test_whatever_an_agent_does_the_server_goes_on(fleet: Fleet, at: str, does: str) -> None:
    name = agent(fleet, at, does)
    codes = []
    for reward in (None, 1.0, 1.0):
        act = acts.ActRequest(agent_id=name, session_id="s", observation=acts.Value(discrete=1))
        if reward is not None:
            act.outcome.reward = reward
        codes.append(answered(partial(fleet.acting.Act, act, timeout=10)))
    both = [acts.ActRequest(session_id=one, observation=acts.Value(discrete=0)) for one in ("t", "u")]
    codes.append(answered(lambda: fleet.acting.BatchAct(acts.BatchActRequest(agent_id=name, acts=both), timeout=10)))
    assert set(codes) <= {*CODES, "FAILED_PRECONDITION"}
    assert len(fleet.client.recommend("p2", 3, deployment="popular")) == 3
    if at != "learn_one" or does in FAULTS:
        health = fleet.of(f"fickle-{named(at, does)}").health
        assert health.faults > 0 and (health.state is BreakerState.CLOSED or name in health.reason)


def test_all_of_them_come_back_when_they_behave(fleet: Fleet) -> None:
    fleet.flag.unlink()
    names = [named(at, does) for at, does in RANKING_CASES if does == "exit"]
    assert fleet.until(lambda: all(fleet.ask(name) == ["OK"] * 4 for name in names))
