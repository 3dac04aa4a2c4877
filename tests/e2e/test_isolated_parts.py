"""Parts of a plug-in that is isolated by its name: whatever they do to their process, the server answers and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    AgentSettings,
    BreakerState,
    Event,
    EventKind,
    InternalError,
    InvalidArgument,
    Item,
    PartUse,
    RewardPolicy,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

DEEDS = ("raise", "sleep", "die", "grow")
PATIENCE = 30.0


class Ward:
    """A server that has isolated the plug-in `rash`, and files that say while its parts misbehave."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.client, self.folder = server, server.client, folder

    def asked(self, name: str) -> list[str]:
        """What a deployment answers that ranks the same for everybody."""
        if name not in {one.name for one in self.client.deployments()}:
            self.client.create_deployment(name, "popular")
        return [line.item_id for line in self.client.recommend("somebody", 4, deployment=name)]

    def use(self, name: str) -> PartUse:
        uses = [use for plugin in self.client.plugins() for part in plugin.parts for use in part.uses]
        return next(use for use in uses if use.used_by == name)

    def until(self, done: Callable[[], bool]) -> bool:
        """Whether it comes true in time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not done():
            time.sleep(0.05)
        return done()


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Ward]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("ward")
    parts = ["--rerank", "turned=backwards", "--source", "half=met-last:share=0.5,window_days=9"]
    for deed in DEEDS:
        (folder / deed).touch()
        parts += ["--rerank", f"{deed}=backwards:does={deed},flag={folder / deed}"]
    parts += ["--listener", f"noted:out={folder / 'noted'}", "--part-seconds", "0.5", "--isolate-memory", "256"]
    data = folder / "data"
    isolated = ["--isolate", "plugin:rash", "--isolate", "plugin:umpire"]
    server = Server(data, *shelf.arguments(data), "--plugins-dir", str(PLUGINS), *isolated, *parts)
    server.client.put_items([Item(f"m{number}") for number in range(8)])
    met = [Event(f"p{person}", f"m{item}", EventKind.PLAY) for item in range(8) for person in range(8 - item)]
    server.client.record_events(met)
    yield Ward(server, folder)
    server.kill()


def test_parts_do_their_work_from_a_process(ward: Ward) -> None:
    assert ward.asked("plain") == ["m0", "m1", "m2", "m3"] and ward.asked("turned") == ["m3", "m2", "m1", "m0"]
    assert ward.until(lambda: ward.asked("half")[1] == "m7")
    assert ward.until(lambda: (ward.folder / "noted").exists())
    assert {use.health.isolated for use in (ward.use("turned"), ward.use("half"), ward.use("noted"))} == {True}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_part_does_stays_in_its_process_and_it_is_made_anew(ward: Ward, deed: str) -> None:
    plain, turned = ward.asked("plain"), ward.asked("turned")
    for _ in range(6):
        assert ward.asked(deed) in (plain, turned) if deed == "grow" else ward.asked(deed) == plain
    assert ward.until(lambda: ward.use(deed).health.state is not BreakerState.CLOSED)
    assert ward.use(deed).health.abandoned_threads == 0
    (ward.folder / deed).unlink()
    assert ward.until(lambda: ward.asked(deed) == turned)


def test_what_came_from_a_process_comes_out_again(ward: Ward) -> None:
    ward.asked("half")
    answer = ward.client.recommend("p0", 4, deployment="half", include_seen=True)
    decision = ward.client.get_decision(answer.decision_id, recompute=True)
    assert decision.recomputation is not None and decision.recomputation.outcome == "same"


def test_a_shaper_in_a_process_refuses_spaces_and_shapes_rewards(ward: Ward) -> None:
    shaped = AgentSettings(RewardPolicy(shaper="doubled"))
    with pytest.raises(InvalidArgument, match="up to nine actions"):
        ward.client.create_agent("wide", 2, 12, deployment="q-learning", seed=1, settings=shaped)
    ward.client.create_agent("pupil", 2, 2, deployment="q-learning", seed=1, settings=shaped)
    ward.client.act("pupil", "s", 0)
    ward.client.act("pupil", "s", 1, reward=1.0)
    assert ward.use("agents of q-learning").health.isolated


def test_rules_that_die_are_named_and_not_the_engine_that_asked_and_come_back(ward: Ward) -> None:
    corpus = ward.client.upload_corpus("grass", {"a.txt": b"grass"})
    ward.client.train("pitch", corpus_id=corpus.corpus_id)
    with pytest.raises(InternalError, match="level-rules 'umpire' of plug-in 'umpire' did something wrong"):
        list(ward.client.generate(1, deployment="pitch", seed=4))  # os._exit
    health = ward.use("engines").health
    assert health.isolated and health.state is BreakerState.OPEN and "ended with code 7" in health.reason
    assert ward.until(lambda: ward.use("engines").health.retry_seconds == 0)
    assert len(list(ward.client.generate(1, deployment="pitch", seed=0))) == 1


def test_a_training_whose_rules_die_says_whose_fault_it_was(ward: Ward) -> None:
    corpus = ward.client.upload_corpus("mud", {"a.txt": b"mud"})
    with pytest.raises(Exception, match="level-rules 'umpire' of plug-in 'umpire' did not answer in `judge`"):
        ward.client.train("pitch", {"trained": "die"}, corpus_id=corpus.corpus_id)
