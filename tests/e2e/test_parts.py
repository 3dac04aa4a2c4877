"""Parts of plug-ins: answers pass through them, and go out without those that fail."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import BreakerState, PartUse, Recommendations

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

RERANKER_DEEDS = ("init", "raise", "exit", "sleep", "nothing", "floats", "nan", "foreign", "many", "twice", "write")
PATIENCE = 20.0


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
    options = [word for order in rerank for word in ("--rerank", order)]
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
