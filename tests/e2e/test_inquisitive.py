"""What the server owes an engine that reads the catalogue, explores, predicts and puts work off; also in a process apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import PLUGINS

from footlight import Client, Event, EventKind, Item, ItemFilter, RecomputationOutcome

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Shelf

ENGINE = "inquisitive"


@pytest.fixture(scope="module", params=[(), ("--isolate", ENGINE)], ids=["together", "isolated"])
def asked(
    request: pytest.FixtureRequest, trained_data: Any, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf
) -> Iterator[Client]:
    """A server on the trained data whose engine may be told anything."""
    from tests.e2e.conftest import Server

    data_dir = tmp_path_factory.mktemp("inquisitive") / "data"
    shelf.copy(trained_data, data_dir)
    server: Server = Server(data_dir, *shelf.arguments(data_dir), "--plugins-dir", str(PLUGINS), *request.param)
    server.client.recommend("a-03", deployment=ENGINE)  # wakes it
    yield server.client
    server.kill()


def ids(answer: Any) -> list[str]:
    return [line.item_id for line in answer]


def test_the_seed_decides_what_is_explored_and_is_told(asked: Client) -> None:
    first = asked.recommend("a-03", 8, deployment=ENGINE)
    again = asked.recommend("a-03", 8, deployment=ENGINE, seed=first.seed)
    assert first.seed is not None and ids(again) == ids(first)
    assert ids(asked.recommend("a-03", 8, deployment=ENGINE)) != ids(first)


def test_propensities_come_with_the_answer_and_stay_with_the_decision(asked: Client) -> None:
    answer = asked.recommend("a-03", 3, deployment=ENGINE)
    told = [line.propensity for line in answer]
    assert all(chance is not None and 0 < chance < 1 for chance in told)
    found = asked.get_decision(answer.decision_id, recompute=True)
    assert [line.propensity for line in found.items] == pytest.approx(told)
    assert found.recomputation is not None and found.recomputation.outcome is RecomputationOutcome.SAME


def test_each_person_of_a_batch_has_a_seed_of_their_own(asked: Client) -> None:
    batch = asked.recommend_batch(["a-03", "a-03", "a-03"], 8, deployment=ENGINE, seed=40)
    assert [answer.seed for answer in batch] == [40, 41, 42]
    assert ids(batch[1]) == ids(asked.recommend("a-03", 8, deployment=ENGINE, seed=41)) != ids(batch[0])


def test_a_history_is_what_it_goes_by(asked: Client) -> None:
    answer = asked.recommend(history=["a00", "d00"], count=100, deployment=ENGINE)
    assert not answer.fallback and not {"a00", "d00"} & set(ids(answer)) and len(answer) == asked_size(asked) - 2


def asked_size(client: Client) -> int:
    return sum(1 for _ in client.items())


def test_it_hears_of_an_item_within_a_moment(asked: Client) -> None:
    asked.put_items([Item("starry", attributes={"stars": 4.5})])
    started = time.monotonic()
    while asked.predict_ratings("a-03", ["starry", "a00"]).ratings != {"starry": 4.5, "a00": 2.5}:
        assert time.monotonic() - started < 10
    asked.put_items([Item("starry", attributes={"stars": 1})])
    while asked.predict_ratings("a-03", ["starry"]).ratings["starry"] != 1.0:
        assert time.monotonic() - started < 20


def test_what_it_puts_off_is_told_and_worked_off(asked: Client) -> None:
    asked.record_events([Event("a-05", f"d{n:02}", EventKind.VIEW) for n in range(20)])
    end = time.monotonic() + 20
    while (one := next(d for d in asked.deployments() if d.name == ENGINE)).pending_events or one.log_lag:
        assert time.monotonic() < end
    assert asked.recommend("a-05", 3, deployment=ENGINE).pending_events == 0


def test_it_is_listed_with_what_it_can_do(asked: Client) -> None:
    assert next(engine for engine in asked.engines() if engine.name == ENGINE).can_predict


def test_filters_hold_for_it_as_for_any(asked: Client) -> None:
    chosen = ItemFilter(tags_all=("drama",))
    assert all(item.startswith("d") for item in ids(asked.recommend("a-03", 10, deployment=ENGINE, filter=chosen)))
