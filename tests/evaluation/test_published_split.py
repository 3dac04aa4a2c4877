"""The split and the figures are those of Microsoft's recommenders: its SAR comes out to the last published digit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from footlight_plugins import Events, Options, Query, Ranking, Recommender, State, TrainingRun
from footlight_plugins.evaluation import Evaluation, evaluate
from footlight_plugins.evaluation.published import PUBLISHED

THIRTY_DAYS = 30 * 24 * 3600 * 1e6


class Sar(Recommender):
    """Simple Algorithm for Recommendation: affinity that halves in 30 days, times the Jaccard similarity of items."""

    def __init__(self, options: Options) -> None:
        self.scores = np.zeros((0, 0))
        self.seen = np.zeros((0, 0), np.bool_)

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

    def apply(self, events: Events) -> int:
        raise NotImplementedError

    def knows(self, user: int) -> bool:
        return True

    def state(self) -> State:
        return State({})

    def load(self, state: State) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def measured(data_dir: Path) -> Evaluation:
    return evaluate(Sar, data_dir / "ml-100k", "ms-ml100k", values="keep")


@pytest.mark.parametrize("metric", ["ndcg@10", "precision@10", "recall@10", "map@10"])
def test_sar_comes_out_as_published(measured: Evaluation, metric: str) -> None:
    row = next(row for row in PUBLISHED["ms-ml100k"] if row.model == "SAR")
    assert round(measured.metrics[metric].mean, 6) == row.metrics[metric]


def test_the_split_has_the_published_sizes(measured: Evaluation) -> None:
    assert (measured.data["train_rows"], measured.data["test_rows"]) == (75_066, 24_934)
