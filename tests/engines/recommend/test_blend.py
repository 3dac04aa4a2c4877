"""Blend: members on one scale, weights from held-out likes, reasons through all members."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask

from footlight_engines.recommend.blend import Blend, BlendOptions, held_out_likes, without
from footlight_engines.recommend.blend_weights import Examples, learn_weights
from footlight_engines.recommend.members import reciprocal_ranks, scaled
from footlight_engines.recommend.preferences import Preferences
from footlight_engines.recommend.scorer import taste_of
from footlight_plugins import Events
from footlight_plugins.options import OptionError, options_of
from footlight_plugins.testing.recommender import settle

PEOPLE, ITEMS = 150, 30
NOBODY = np.empty(0, np.int32)


def _log(seed: int, people: int = PEOPLE) -> Events:
    """Two groups of people, each of which likes its own half of the items."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(people), 8)
    item = np.concatenate([rng.choice(15, 8, replace=False) + 15 * (person % 2) for person in range(people)])
    return Events.of(user, item)


def _fitted(events: Events, **options: Any) -> Blend:
    engine = Blend(options_of(Blend, options))
    engine.fit(events, RUN)
    return engine


def test_scores_are_divided_by_the_mean_of_the_ten_highest_that_were_not_met() -> None:
    scores = np.array([100.0, -np.inf, *range(1, 13)])
    assert scaled(scores, np.array([0], np.int32), 15)[2:14].tolist() == [n / 7.5 for n in range(1, 13)]
    assert scaled(scores, NOBODY, 15)[[1, 14]].tolist() == [0.0, 0.0]


def test_an_engine_that_says_nothing_good_says_nothing() -> None:
    assert not scaled(np.array([-3.0, -1.0]), NOBODY, 2).any()


def test_ranks_begin_with_the_best_that_was_not_met() -> None:
    fused = reciprocal_ranks(np.array([5.0, 9.0, 7.0, -np.inf]), np.array([1], np.int32), 5)
    assert fused.tolist() == [20 / 22, 0.0, 20 / 21, 0.0, 0.0]


def test_the_member_that_finds_what_was_held_out_gets_the_weight() -> None:
    rng, examples = np.random.default_rng(0), Examples(2)
    for _ in range(50):
        held_out = rng.choice(40, 3, replace=False).astype(np.int32)
        good, bad = rng.random(40) * 0.5, rng.random(40)
        good[held_out] += 0.4
        examples.add(np.stack([bad, good]), held_out, NOBODY)
    weights, reached = learn_weights(examples, np.ones(2))
    assert weights[1] == 1.0 and weights[0] < 0.5 and reached > examples.ndcg(np.ones(2)).mean()


def test_weights_stay_where_nobody_surely_gains_by_others() -> None:
    rng, examples = np.random.default_rng(1), Examples(2)
    for _ in range(100):
        examples.add(rng.random((2, 40)), rng.choice(40, 3, replace=False).astype(np.int32), NOBODY)
    weights, _ = learn_weights(examples, np.array([1.0, 0.5]))
    assert weights.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("fusion", ["score", "rank"])
def test_the_parts_of_a_score_add_up_to_it(fusion: str) -> None:
    engine = _fitted(_log(1), fusion=fusion)
    query = ask(3, ITEMS, ITEMS)
    ranking = engine.recommend(query)
    parts = engine.parts(taste_of(engine.preferences, query), ranking.items, 0)
    assert len(ranking) > 0 and np.allclose(parts.sum(axis=1), ranking.scores)


def test_weights_are_learned_from_enough_people_and_are_part_of_the_state() -> None:
    engine = Blend(BlendOptions())
    figures = engine.fit(_log(2), RUN)
    again = Blend(BlendOptions())
    again.load(engine.state())
    assert figures["held_out_people"] == PEOPLE and figures["held_out_ndcg@50"] > 0.5
    assert again.recommend(ask(5)).scores.tolist() == engine.recommend(ask(5)).scores.tolist()


def test_few_people_leave_the_weights_as_the_options_say() -> None:
    figures = Blend(BlendOptions()).fit(_log(2, people=50), RUN)
    names = ("ease", "rp3beta", "user-knn", "sequence", "sequence_2")
    assert [figures[f"weight_{name}"] for name in names] == [1.0, 0.3, 0.3, 0.5, 0.1]


def test_what_is_held_out_is_a_share_of_each_persons_likes_and_follows_from_the_seed() -> None:
    preferences, events = Preferences(), _log(3)
    preferences.record(events)
    held_out = held_out_likes(preferences, 0.25, seed=1)
    again = held_out_likes(preferences, 0.25, seed=1)
    assert [items.tolist() for items in held_out.values()] == [items.tolist() for items in again.values()]
    assert {len(items) for items in held_out.values()} == {2} and len(without(events, held_out)) == 6 * PEOPLE


def test_what_is_held_out_may_be_the_latest() -> None:
    preferences = Preferences()
    preferences.record(Events.of(np.zeros(10, np.int32), np.arange(10), time=np.arange(10)[::-1]))
    assert held_out_likes(preferences, 0.3, seed=1, latest=True)[0].tolist() == [0, 1, 2]


def test_a_member_for_whom_the_catalogue_is_too_large_is_left_out() -> None:
    small = {"engine": "ease", "options": {"max_items": 5}}
    engine, alone = (
        _fitted(_log(4), members=[small, {"engine": "rp3beta"}]),
        _fitted(_log(4), members=[{"engine": "rp3beta"}]),
    )
    assert engine.recommend(ask(1)).scores.tolist() == alone.recommend(ask(1)).scores.tolist()


def test_events_reach_all_members() -> None:
    engine = _fitted(_log(5), learn_weights=False)
    engine.apply(Events.of([900] * 3, [1, 2, 3], time=[10**9] * 3))
    assert engine.pending == 3 and set((engine.recommend(ask(900, 5)).items // 15).tolist()) == {0}
    settle(engine)
    assert engine.pending == 0


@pytest.mark.parametrize("name", ["no-engine", "json:loads", "no.module:Class"])
def test_an_unknown_member_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name.split(":")[0]):
        Blend(options_of(Blend, {"members": [{"engine": name}]}))


def test_a_wrong_option_of_a_member_is_named() -> None:
    with pytest.raises(OptionError, match="l2"):
        Blend(options_of(Blend, {"members": [{"engine": "ease", "options": {"l2": -1}}]}))
