"""Splits and figures are those of the published tables: their models come out at the published digits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Events, Options, Query, Ranking, Recommender, State, TrainingRun
from footlight_plugins.evaluation import Evaluation, evaluate
from footlight_plugins.evaluation.published import PUBLISHED

THIRTY_DAYS = 30 * 24 * 3600 * 1e6


class Oracle(Recommender):
    """What an oracle need not do."""

    def __init__(self, options: Options) -> None:
        pass

    def apply(self, events: Events) -> int:
        raise NotImplementedError

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        raise NotImplementedError

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        raise NotImplementedError


class Sar(Oracle):
    """Simple Algorithm for Recommendation: affinity that halves in 30 days, times the Jaccard similarity of items."""

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        self.seen = np.zeros((events.user.max() + 1, events.item.max() + 1), np.bool_)
        self.seen[events.user, events.item] = True
        affinity = np.zeros(self.seen.shape)
        affinity[events.user, events.item] = events.value * 0.5 ** ((events.time.max() - events.time) / THIRTY_DAYS)
        together = self.seen.T.astype(np.float64) @ self.seen
        alone = np.diag(together)
        with np.errstate(invalid="ignore"):
            likeness = np.nan_to_num(together / (alone[:, None] + alone - together))
        self.scores = affinity @ likeness
        return {}

    def recommend(self, query: Query) -> Ranking:
        scores = np.where(self.seen[query.user], -np.inf, self.scores[query.user])
        best = np.argsort(-scores, kind="stable")[: query.count].astype(np.int32)
        return Ranking(best, scores[best])


class Baselines(Oracle):
    """A mean, and what a person and an item add to it, by ten rounds of alternating least squares (Koren 2010)."""

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        user, item, value = events.user, events.item, events.value
        self.mean, people, items = value.mean(), user.max() + 1, item.max() + 1
        self.person, self.item = np.zeros(people), np.zeros(items)
        for _ in range(10):
            rest = value - self.mean - self.person[user]
            self.item = np.bincount(item, rest, items) / (10 + np.bincount(item, minlength=items))
            rest = value - self.mean - self.item[item]
            self.person = np.bincount(user, rest, people) / (15 + np.bincount(user, minlength=people))
        return {}

    def predict(self, user: int, items: NDArray[np.int32]) -> NDArray[np.float64]:
        known = items < len(self.item)
        found: NDArray[np.float64] = self.mean + self.person[user] + np.where(known, self.item[items * known], 0.0)
        return found


@pytest.fixture(scope="module")
def measured(data_dir: Path) -> Evaluation:
    return evaluate(Sar, data_dir / "ml-100k", "ms-ml100k", values="keep")


@pytest.mark.parametrize("metric", ["ndcg@10", "precision@10", "recall@10", "map@10"])
def test_sar_comes_out_as_published(measured: Evaluation, metric: str) -> None:
    row = next(row for row in PUBLISHED["ms-ml100k"] if row.model == "SAR")
    assert round(measured.metrics[metric].mean, 6) == row.metrics[metric]


def test_the_split_has_the_published_sizes(measured: Evaluation) -> None:
    assert (measured.data["train_rows"], measured.data["test_rows"]) == (75_066, 24_934)


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_baselines_come_out_as_published_by_surprise(data_dir: Path, metric: str) -> None:
    found = evaluate(Baselines, data_dir / "ml-100k", "surprise-5fold")
    row = next(row for row in PUBLISHED["surprise-5fold"] if row.model == "BaselineOnly")
    assert round(found.metrics[metric].mean, 3) == row.metrics[metric] and len(found.metrics[metric].values) == 5
