"""Parts of plug-ins: answers pass through them, and go out without those that fail."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import BreakerState, Event, EventKind, Item, PartUse, ReasonKind, Recommendations

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

RERANKER_DEEDS = ("init", "raise", "exit", "sleep", "nothing", "floats", "nan", "foreign", "many", "twice", "write")
SOURCE_DEEDS = ("init", "raise", "exit", "sleep", "nothing", "floats", "nan", "foreign", "many", "twice", "write")
PATIENCE = 20.0
TRENDING = ReasonKind.TRENDING


class Ensemble:
    """A server whose deployments have rash parts, and files that say while they misbehave."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.client, self._folder = server, server.client, folder

    def deployed(self, name: str) -> str:
        """A deployment of the engine that ranks the same for everybody."""
        if name not in {one.name for one in self.client.deployments()}:
            self.client.create_deployment(name, "popular")
        return name

    def asked(self, name: str, **how: Any) -> Recommendations:
        return self.client.recommend("a-03", 6, deployment=self.deployed(name), **how)

    def use(self, name: str) -> PartUse:
        """The part that a deployment has."""
        uses = [use for plugin in self.client.plugins() for part in plugin.parts for use in part.uses]
        return next(use for use in uses if use.used_by == name)

    def calm(self, name: str) -> None:
        (self._folder / name).unlink()

    def until(self, done: Callable[[], bool]) -> bool:
        """Whether it comes true in time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not done():
            time.sleep(0.05)
        return done()


@pytest.fixture(scope="module")
def ensemble(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Ensemble]:
    from tests.e2e.conftest import PLUGINS, Server

    folder = tmp_path_factory.mktemp("rash")
    shelf.copy(trained_data, folder / "data")
    rerank = ["turned=backwards", "lost=lost", "needy=needy"]
    for deed in RERANKER_DEEDS:
        (folder / f"r-{deed}").touch()
        rerank.append(f"r-{deed}=backwards:does={deed},flag={folder / f'r-{deed}'}")
    source = ["filling=met-last", "half=met-last:share=0.5", "heard=met-last:share=0.5,window_days=1"]
    source.append(f"s-hear=met-last:share=0.5,window_days=1,does=hear,flag={folder / 's-hear'}")
    (folder / "s-hear").touch()
    for deed in SOURCE_DEEDS:
        (folder / f"s-{deed}").touch()
        source.append(f"s-{deed}=met-last:share=0.5,does={deed},flag={folder / f's-{deed}'}")
    options = [word for order in rerank for word in ("--rerank", order)]
    options += [word for order in source for word in ("--source", order)]
    options += ["--plugins-dir", str(PLUGINS), "--part-seconds", "0.3", "--metrics-listen", "127.0.0.1:0"]
    server = Server(folder / "data", *shelf.arguments(folder / "data"), *options)
    yield Ensemble(server, folder)
    server.kill()


def items(answer: Recommendations) -> list[str]:
    return [line.item_id for line in answer]


def test_an_answer_passes_through_the_reranker_of_its_deployment(ensemble: Ensemble) -> None:
    plain, turned = items(ensemble.asked("plain")), items(ensemble.asked("turned"))
    assert turned == plain[::-1]


def test_a_batch_passes_through_it_as_single_answers_do(ensemble: Ensemble) -> None:
    people = ["a-03", "d-05", "somebody new"]
    alone = [items(ensemble.client.recommend(p, 6, deployment=ensemble.deployed("turned"))) for p in people]
    assert [items(one) for one in ensemble.client.recommend_batch(people, 6, deployment="turned")] == alone


def test_what_passed_through_a_reranker_comes_out_again(ensemble: Ensemble) -> None:
    for answer in (ensemble.asked("turned"), ensemble.asked("turned", diversity=0.5)):
        decision = ensemble.client.get_decision(answer.decision_id, recompute=True)
        assert decision.recomputation is not None and decision.recomputation.outcome == "same"


@pytest.mark.parametrize("deed", RERANKER_DEEDS)
def test_an_answer_goes_out_without_a_reranker_that_fails(ensemble: Ensemble, deed: str) -> None:
    plain, answer = ensemble.asked("plain"), ensemble.asked(f"r-{deed}")
    assert items(answer) == items(plain) and not answer.fallback
    use = ensemble.use(f"r-{deed}")
    assert use.health.faults >= 1 and (use.problem or use.health.reason or use.health.state is BreakerState.CLOSED)
    assert "re-ranker 'backwards' of plug-in 'rash'" in ensemble.server.log


def test_a_reranker_that_fails_again_and_again_is_left_alone_and_comes_back(ensemble: Ensemble) -> None:
    assert all(items(ensemble.asked("r-raise")) == items(ensemble.asked("plain")) for _ in range(6))
    assert ensemble.use("r-raise").health.state is not BreakerState.CLOSED
    assert "secret of a part" in ensemble.use("r-raise").health.reason
    ensemble.calm("r-raise")
    turned = items(ensemble.asked("turned"))
    assert ensemble.until(lambda: items(ensemble.asked("r-raise")) == turned)


def test_a_reranker_that_hangs_is_made_anew(ensemble: Ensemble) -> None:
    ensemble.asked("r-sleep")
    ensemble.calm("r-sleep")
    turned = items(ensemble.asked("turned"))
    assert ensemble.until(lambda: items(ensemble.asked("r-sleep")) == turned)
    health = ensemble.use("r-sleep").health
    assert health.restarts >= 1 and health.abandoned_threads >= 1


@pytest.mark.parametrize(("name", "problem"), [("lost", "Nowhere"), ("needy", "needs no_such_library")])
def test_a_part_that_cannot_be_had_says_why(ensemble: Ensemble, name: str, problem: str) -> None:
    assert items(ensemble.asked(name)) == items(ensemble.asked("plain"))
    assert problem in ensemble.use(name).problem


def test_parts_that_fail_show_in_the_metrics_with_their_plugin(ensemble: Ensemble) -> None:
    ensemble.asked("r-nan")
    with urllib.request.urlopen(f"{ensemble.server.metrics}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    label = '{part="backwards",plugin="rash",role="re-ranker"}'
    faults = next(line for line in lines if line.startswith("footlight_part_faults_total" + label))
    assert float(faults.split()[-1]) >= 1 and f"footlight_part_ready{label} 0.0" in lines


def test_a_share_of_the_places_is_the_sources(ensemble: Ensemble) -> None:
    plain, half = ensemble.asked("plain"), ensemble.asked("half")
    assert items(half)[::2] == items(plain)[:3] and items(half)[1::2] == ["d19", "d18", "d17"]
    assert [line.filled for line in half] == [False] * 6
    assert [line.reasons[0].kind for line in ensemble.asked("half", reasons=1)][1::2] == [TRENDING] * 3


def test_a_source_fills_up_before_what_was_put_last_does(ensemble: Ensemble) -> None:
    ensemble.client.put_items([Item("n0"), Item("n1")])  # nobody has met them
    answer = ensemble.client.recommend("a-03", 60, deployment=ensemble.deployed("filling"), include_seen=True)
    ensemble.client.delete_item("n0")
    ensemble.client.delete_item("n1")
    filled = [line for line in answer if line.filled]
    assert [(line.item_id, line.reasons[0].kind) for line in filled] == [("n1", TRENDING), ("n0", TRENDING)]


def test_a_source_hears_of_what_happens_and_of_nobody_who_was_erased(ensemble: Ensemble) -> None:
    client = ensemble.client
    plain = items(ensemble.asked("plain"))
    assert items(ensemble.asked("heard")) == plain  # what is in the log happened years ago
    client.record_events([Event("somebody", "d13", EventKind.PLAY)])
    assert ensemble.until(lambda: items(ensemble.asked("heard"))[1] == "d13")
    client.forget_user("somebody")
    assert ensemble.until(lambda: items(ensemble.asked("heard")) == plain)


def test_what_a_source_took_part_in_comes_out_again(ensemble: Ensemble) -> None:
    for name in ("half", "filling"):
        answer = ensemble.client.recommend("a-03", 30, deployment=ensemble.deployed(name))
        decision = ensemble.client.get_decision(answer.decision_id, recompute=True)
        assert decision.recomputation is not None and decision.recomputation.outcome == "same"


@pytest.mark.parametrize("deed", SOURCE_DEEDS)
def test_an_answer_goes_out_without_a_source_that_fails(ensemble: Ensemble, deed: str) -> None:
    plain, answer = ensemble.asked("plain"), ensemble.asked(f"s-{deed}")
    assert items(answer) == items(plain) and ensemble.use(f"s-{deed}").health.faults >= 1
    assert "candidate-source 'met-last' of plug-in 'rash'" in ensemble.server.log


def test_a_source_that_cannot_hear_is_made_anew_until_it_can(ensemble: Ensemble) -> None:
    ensemble.deployed("s-hear")
    ensemble.client.record_events([Event("listened", "d12", EventKind.PLAY)])
    assert ensemble.until(lambda: ensemble.use("s-hear").health.faults >= 1)
    ensemble.calm("s-hear")
    assert ensemble.until(lambda: items(ensemble.asked("s-hear"))[1] == "d12")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("nowhere", "no plug-in offers the re-ranker 'nowhere'; there are: "),
        ("backwards:haste=1", "option 'haste': expected one of does, flag"),
        ("a=b=c", "must read [DEPLOYMENT=]NAME[:OPTION=VALUE,...]"),
    ],
)
def test_a_reranker_that_cannot_be_meant_stops_the_start(
    server_factory: Start, plugins_dir: Path, option: str, said: str
) -> None:
    with pytest.raises(RuntimeError) as fault:
        server_factory("--plugins-dir", str(plugins_dir), "--rerank", option)
    assert said in " ".join(str(fault.value).split())
