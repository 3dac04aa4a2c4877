"""A whole evaluation, from the file to the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Events, ItemContent, Options, Query, Ranking, Recommender, State, TrainingRun
from footlight_plugins.evaluation import PROTOCOLS, Dataset, Plan, contender, evaluate, evaluate_with

RANKING = tuple(name for name, protocol in PROTOCOLS.items() if not protocol.predicts)


class Oracle(Recommender):
    """Answers what each person has met by looking it up; the tests fill in what it may know."""

    known: ClassVar[Mapping[int, list[int]]] = {}
    answers_seen = False
    told: ClassVar[list[int]] = []

    def __init__(self, options: Options) -> None:
        self.events = Events.empty()

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.events = events
        return {}

    def apply(self, events: Events) -> int:
        return 0

    def describe(self, contents: object) -> None:
        type(self).told = [content.item for content in contents if isinstance(content, ItemContent)]  # type: ignore[attr-defined]

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        met = set() if self.answers_seen else set(self.events.item[self.events.user == query.user].tolist())
        met |= set(query.exclude.tolist())
        items = [item for item in self.known.get(query.user, []) if query.servable[item] and item not in met]
        return Ranking(
            np.array(items[: query.count], np.int32), -np.arange(len(items[: query.count]), dtype=np.float64)
        )

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        return np.full(len(items), 100.0)

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        return None


@pytest.fixture
def oracle(small: Dataset) -> type[Oracle]:
    """Knows everything that everybody will meet."""
    known = {user: small.item[small.user == user].tolist() for user in range(small.users)}
    return type("Knowing", (Oracle,), {"known": known})


@pytest.fixture
def prepared(small: Dataset) -> Dataset:
    return replace(small, test=np.arange(len(small)) % 12 >= 10)


@pytest.mark.parametrize("name", RANKING)
def test_who_knows_the_future_has_full_marks(prepared: Dataset, oracle: type[Oracle], name: str) -> None:
    found = evaluate(oracle, prepared, name)
    assert {k: found.metrics[k].mean for k in ("ndcg@20", "recall@20", "map@20", "mrr@5", "hit@5")} == pytest.approx(
        dict.fromkeys(("ndcg@20", "recall@20", "map@20", "mrr@5", "hit@5"), 1.0)
    )


def test_who_answers_nothing_has_none(prepared: Dataset) -> None:
    found = evaluate(Oracle, prepared, "leave-last")
    assert found.metrics["ndcg@10"].mean == found.metrics["coverage@10"].mean == 0.0


def test_validation_rows_are_masked_in_the_test_of_recbole(small: Dataset, oracle: type[Oracle]) -> None:
    found = evaluate(oracle, small, "recbole-ml100k", cutoffs=(1,), seeds=(1,))
    assert found.metrics["precision@1"].mean == 1.0


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [({"answers_seen": True}, "has met"), ({"known": {user: [3, 3] for user in range(40)}}, "twice")],
)
def test_an_engine_that_breaks_the_contract_gets_no_figures(small: Dataset, wrong: object, complaint: str) -> None:
    known = {user: small.item[small.user == user].tolist() for user in range(small.users)}
    engine = type("Wrong", (Oracle,), {"known": known, **wrong})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=complaint):
        evaluate(engine, small, "leave-last")


def test_predictions_are_cut_to_the_range_of_the_ratings(small: Dataset) -> None:
    found = evaluate(Oracle, small, "surprise-5fold")
    assert small.value is not None
    assert found.metrics["mae"].mean == pytest.approx((5 - small.value).mean(), abs=0.01)


@pytest.mark.parametrize("values", ["keep", "binary"])
def test_the_engine_gets_ratings_or_plays(small: Dataset, values: str) -> None:
    events = small.events(np.arange(len(small)), values)  # type: ignore[arg-type]
    expected = (set(range(1, 6)), {4}) if values == "keep" else ({1}, {2})
    assert (set(events.value), set(events.kind)) == expected


def test_the_catalogue_is_told_to_who_reads_it(small: Dataset) -> None:
    contents = (ItemContent(3, "Three", tags=("odd",)),)
    evaluate(Oracle, replace(small, contents=contents), "leave-last")
    assert Oracle.told == [3]


def test_of_several_seeds_the_mean_is_that_of_the_single_figures(small: Dataset) -> None:
    both = evaluate("popular", small, "holdout", seeds=(1, 2)).metrics["ndcg@10"]
    single = [evaluate("popular", small, "holdout", seeds=(seed,)).metrics["ndcg@10"].mean for seed in (1, 2)]
    assert both.values == tuple(single) and both.mean == pytest.approx(np.mean(single))


def test_an_evaluation_can_be_repeated(small: Dataset) -> None:
    first, second = (evaluate("user-knn", small, "cold-people").json()["metrics"] for _ in range(2))
    assert first == second


def test_the_order_of_popularity_is_what_the_engine_popular_answers(small: Dataset) -> None:
    found = evaluate("popular", small, "holdout")
    beside = found.baselines["popular"]
    assert {name: found.metrics[name].mean for name in beside} == {name: one.mean for name, one in beside.items()}


def test_a_random_order_is_expected_to_find_its_share_of_new_items(small: Dataset) -> None:
    found = evaluate(Oracle, small, "cold-items", cutoffs=(2,))
    assert found.baselines["random"]["recall@2"].mean == pytest.approx(2 / 3)


def test_rows_that_repeat_what_was_learned_are_counted(small: Dataset) -> None:
    user, item = (np.append(column, column[:1]) for column in (small.user, small.item))
    again = Dataset("again", user, item, None, None, small.users, small.items)
    found = evaluate("popular", again, "leave-last")
    assert (found.data["tested_people"], found.data["repeats_left_out"]) == (39, 1)


def test_the_validation_part_measures_accuracy_alone(small: Dataset) -> None:
    found = evaluate_with(contender("popular"), small, Plan(PROTOCOLS["holdout"], validation=True))
    assert found.json()["part"] == "validation" and not found.baselines and "coverage@10" not in found.metrics


@pytest.mark.parametrize(
    ("engine", "protocol", "complaint"),
    [
        ("nobody", "holdout", "there is no recommender 'nobody'; there are .*popular"),
        ("popular", "lottery", "there is no protocol 'lottery'; there are ms-ml100k"),
        ("popular", "gowalla", "expected a file with a test part"),
        ("popular", "surprise-5fold", "popular predicts no ratings"),
    ],
)
def test_what_cannot_be_done_is_said(small: Dataset, engine: str, protocol: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        evaluate(engine, small, protocol)


def test_a_file_is_read_where_a_path_is_given(inter: Path) -> None:
    found = evaluate("popular", inter.parent, "leave-last").json()
    assert found["data"]["file"] == str(inter) and found["data"]["described_items"] == 30


def test_ratings_that_are_not_there_cannot_be_kept(small: Dataset) -> None:
    with pytest.raises(ValueError, match="has no ratings to keep"):
        evaluate("popular", replace(small, value=None), "holdout", values="keep")


def test_an_engine_that_raises_is_named_with_the_place(small: Dataset) -> None:
    def broken(self: object, query: Query) -> Ranking:
        raise ZeroDivisionError("by nothing")

    engine = type("Broken", (Oracle,), {"recommend": broken})
    with pytest.raises(
        ValueError, match=r"Broken raised ZeroDivisionError: by nothing \(.*test_evaluate\.py, line \d+\)"
    ):
        evaluate(engine, small, "leave-last")
