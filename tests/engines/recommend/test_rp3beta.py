"""RP3beta: the walk, its penalty, and where its chances come from."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask

from footlight_engines.recommend.rp3beta import Rp3Beta, Rp3BetaOptions
from footlight_engines.recommend.scorer import taste_of
from footlight_plugins import Events

PEOPLE, ITEMS = 30, 20


def _log(seed: int) -> Events:
    rng = np.random.default_rng(seed)
    return Events.of(rng.integers(PEOPLE, size=200), rng.integers(ITEMS, size=200), rng.choice([-1.0, 1.0, 5.0], 200))


def _fitted(events: Events, people: int = 500, exponent: float = 1.0) -> Rp3Beta:
    engine = Rp3Beta(Rp3BetaOptions(alpha=0.8, beta=0.4, people=people, exponent=exponent))
    engine.fit(events, RUN)
    return engine


@pytest.mark.parametrize("exponent", [1.0, 2.5])
@pytest.mark.parametrize("people", [3, 500])
def test_scores_are_those_of_the_walk(people: int, exponent: float) -> None:
    events, x = _log(0), np.zeros((PEOPLE, ITEMS))
    for user, item, value in zip(events.user, events.item, events.value, strict=True):
        x[user, item] = value > 0
    engine, n, d = _fitted(events, people, exponent), np.maximum(x.sum(0), 1), np.maximum(x.sum(1), 1)
    for user in range(PEOPLE):
        chance = (x * n**-0.8) @ x[user] * d**-0.8
        chance[user] = 0
        best = np.lexsort((np.arange(PEOPLE), -chance))[:people]
        expected = chance[best] ** exponent @ x[best] * n**-0.4
        ranking = engine.recommend(ask(user, ITEMS, ITEMS, include_seen=True))
        assert np.allclose(ranking.scores, np.sort(expected[expected > 0])[::-1])


@pytest.mark.parametrize("exponent", [1.0, 2.5])
def test_the_parts_of_a_score_add_up_to_it(exponent: float) -> None:
    engine = _fitted(_log(1), people=5, exponent=exponent)
    query = ask(2, ITEMS, ITEMS)
    ranking = engine.recommend(query)
    parts = engine.parts(taste_of(engine.preferences, query), ranking.items, 0)
    assert len(ranking) > 0 and np.allclose(parts.sum(axis=1), ranking.scores)


def test_items_that_are_met_together_are_similar() -> None:
    engine = _fitted(Events.of([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 3]))
    assert engine.similar(0, ask(-1)).items.tolist() == [1]
