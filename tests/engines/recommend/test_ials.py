"""iALS: the loss falls, people are folded in, and factors say where a score comes from."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask

from footlight_engines.recommend.ials import Ials, IalsOptions
from footlight_engines.recommend.scorer import taste_of
from footlight_plugins import CallEnded, Events

PEOPLE, ITEMS = 40, 30


def _log(seed: int) -> Events:
    rng = np.random.default_rng(seed)
    return Events.of(rng.integers(PEOPLE, size=300), rng.integers(ITEMS, size=300))


def _fitted(events: Events, iterations: int = 8) -> Ials:
    engine = Ials(IalsOptions(factors=6, iterations=iterations))
    engine.fit(events, RUN)
    return engine


def test_the_loss_falls_with_every_iteration() -> None:
    losses: list[float] = []
    run = replace(RUN, report=lambda fraction, step, metrics: losses.append(metrics["loss"]))
    Ials(IalsOptions(factors=6, iterations=8)).fit(_log(0), run)
    assert len(losses) == 8 and all(later < before for before, later in itertools.pairwise(losses))


def test_a_person_who_is_newer_than_the_model_is_folded_in() -> None:
    engine = _fitted(_log(1))
    taste = taste_of(engine.preferences, ask(5))
    engine.apply(Events.of(np.full(len(taste.item), PEOPLE + 3), taste.item))
    known, new = (engine.recommend(ask(user, ITEMS, ITEMS)) for user in (5, PEOPLE + 3))
    assert known.items.tolist() == new.items.tolist() and known.scores.tolist() == new.scores.tolist()


def test_the_parts_of_a_score_add_up_to_it() -> None:
    engine = _fitted(_log(2))
    engine.apply(Events.of([3], [ITEMS + 7], time=[1_000]))  # an item newer than the model
    query = ask(3, ITEMS, ITEMS)
    ranking = engine.recommend(query)
    parts = engine.parts(taste_of(engine.preferences, query), ranking.items, 0)
    assert np.allclose(parts.sum(axis=1), ranking.scores)


def test_tastes_that_were_made_are_found_again() -> None:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(PEOPLE), 8)
    item = np.concatenate([rng.choice(15, 8, replace=False) + 15 * (person % 2) for person in range(PEOPLE)])
    engine = Ials(IalsOptions(factors=2))
    engine.fit(Events.of(user, item), RUN)
    found = [set((engine.recommend(ask(person, 5, ITEMS)).items // 15).tolist()) for person in range(PEOPLE)]
    assert found == [{person % 2} for person in range(PEOPLE)]


def test_a_training_can_be_stopped() -> None:
    with pytest.raises(CallEnded):
        Ials(IalsOptions(factors=4)).fit(_log(3), replace(RUN, stopping=lambda: True))


def test_a_state_with_another_number_of_factors_is_refused() -> None:
    with pytest.raises(ValueError, match="item_factors"):
        Ials(IalsOptions(factors=5)).load(_fitted(_log(4)).state())
