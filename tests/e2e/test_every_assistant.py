"""Whatever one method of an assistant does, the caller reads whose fault it is, and the server goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.e2e.conftest import Refusal

from footlight import BreakerState, Item
from footlight.v1 import assistant_pb2 as pb
from footlight.v1.assistant_pb2_grpc import AssistantServiceStub

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

    from footlight import Deployment

MAKING, ASKED, ASIDE = ("init", "warm_up", "describe"), ("hear", "reply"), ("pending", "settle", "state")
BEFORE = [*itertools.product((*MAKING, *ASKED), ("raise", "exit", "sleep"))]
ANSWERS = [
    *itertools.product(ASKED, ("none", "text", "nan", "foreign", "words")),
    *itertools.product(("hear",), ("mask", "barred", "state", "reward")),
    *itertools.product(("reply",), ("many", "score", "memory", "endless")),
]
BESIDE = [
    *itertools.product(ASIDE, ("raise", "exit", "sleep")),
    *itertools.product(("pending", "state"), ("nan", "text")),
]
APART = [("hear", "raise"), ("reply", "sleep")]
PATIENCE = 20.0
LIMITS = ("--engine-seconds", "0.3", "--engine-start-seconds", "0.6")


class Salon:
    """A server with a gossip for every method and deed."""

    def __init__(self, server: Server, flag: Path) -> None:
        self.server, self.client, self.flag = server, server.client, flag
        self.talking = AssistantServiceStub(server.channel)

    def deployed(self, at: str, does: str, apart: str = "") -> str:
        name = f"{apart}{at}-{does}".replace("_", "-")
        options = {"at": at, "does": does, "flag": str(self.flag)}
        return self.client.create_deployment(name, "gossip", options).name

    def says(self, name: str, text: str = "well?") -> str:
        """What comes of a turn: its text, or the code of a refusal that says whose fault it is, and no secret."""
        try:
            request = pb.ConverseRequest(conversation_id="c", text=text, deployment=name)
            return str(self.talking.Converse(request, timeout=10).text)
        except grpc.RpcError as fault:
            refusal = Refusal(fault)
            assert "engine 'gossip' of plug-in 'wayward'" in refusal.message and "secret" not in refusal.message
            assert refusal.info.metadata["plugin"] == "wayward"
            return refusal.code

    @contextmanager
    def calm(self) -> Iterator[None]:
        """A while in which all of them behave."""
        away = self.flag.rename(self.flag.with_suffix(".away"))
        yield
        away.rename(self.flag)

    def until(self, done: Callable[[], bool]) -> bool:
        """Whether it comes true in time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not done():
            time.sleep(0.05)
        return done()

    def of(self, name: str) -> Deployment:
        return next(one for one in self.client.deployments() if one.name == name)


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Salon]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("gossip")
    (folder / "flag").touch()
    apart = [word for at, does in APART for word in ("--isolate", f"apart-{at}-{does}")]
    server = Server(folder / "data", *shelf.arguments(folder / "data"), "--plugins-dir", str(PLUGINS), *LIMITS, *apart)
    server.client.put_items([Item(f"i{n}") for n in range(12)])
    yield Salon(server, folder / "flag")
    server.kill()


@pytest.mark.parametrize(("at", "does"), [*BEFORE, *ANSWERS])
def test_an_assistant_that_fails_at_a_turn_is_named(salon: Salon, at: str, does: str) -> None:
    name = salon.deployed(at, does)
    assert salon.says(name) == ("UNAVAILABLE" if does == "sleep" else "INTERNAL")
    assert salon.of(name).health.faults >= 1 and len(salon.client.deployments()) > 1


@pytest.mark.parametrize(("at", "does"), BESIDE)
def test_an_assistant_that_fails_beside_its_turns_answers_them(salon: Salon, at: str, does: str) -> None:
    name = salon.deployed(at, does)
    assert {salon.says(name) for _ in range(3)} <= {"well?", "UNAVAILABLE"}
    assert salon.until(lambda: salon.of(name).health.faults >= 1)


@pytest.mark.parametrize("at", ["hear", "reply", "describe", "settle"])
def test_an_assistant_that_prints_and_changes_numpy_is_answered_from(salon: Salon, at: str) -> None:
    name = salon.deployed(at, "print")
    assert salon.says(name) == "well?" and salon.of(name).health.faults == 0


def test_an_assistant_that_fails_again_and_again_is_left_alone_and_comes_back(salon: Salon) -> None:
    name = salon.deployed("reply", "raise", "again-")
    assert [salon.says(name) for _ in range(6)] == ["INTERNAL"] * 4 + ["UNAVAILABLE"] * 2
    health = salon.of(name).health
    assert health.state is BreakerState.OPEN and "raised RuntimeError" in health.reason
    with salon.calm():
        assert salon.until(lambda: salon.says(name) == "well?") and salon.of(name).health.state is BreakerState.CLOSED


def test_an_assistant_that_hangs_is_made_anew(salon: Salon) -> None:
    name = salon.deployed("describe", "sleep", "anew-")
    assert salon.says(name) == "UNAVAILABLE" and salon.of(name).health.abandoned_threads == 1
    with salon.calm():
        assert salon.until(lambda: salon.says(name) == "well?") and salon.of(name).health.restarts == 1


@pytest.mark.parametrize(("at", "does"), APART)
def test_what_an_isolated_assistant_does_stays_in_its_process(salon: Salon, at: str, does: str) -> None:
    name = salon.deployed(at, does, "apart-")
    assert salon.says(name) in ("INTERNAL", "UNAVAILABLE")
    health = salon.of(name).health
    assert health.isolated and health.faults >= 1 and health.abandoned_threads == 0
    with salon.calm():
        assert salon.until(lambda: salon.says(name) == "well?")


def test_a_deployment_that_was_made_again_has_the_options_it_was_given_last(salon: Salon) -> None:
    name = salon.deployed("hear", "raise", "renewed-")
    assert salon.says(name) == "INTERNAL"
    salon.client.delete_deployment(name)
    salon.client.create_deployment(name, "gossip")
    assert salon.says(name) == "well?"
