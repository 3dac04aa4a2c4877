"""The member of a blend that goes by the nearest people: the engine `user-knn` over likes, with parts that add up."""

from __future__ import annotations

import numpy as np
from tests.engines.recommend.logs import RUN, ask

from footlight_engines.recommend.like_minded import LikeMinded, LikeMindedOptions
from footlight_engines.recommend.scorer import taste_of
from footlight_engines.recommend.user_knn import UserKnn, UserKnnOptions
from footlight_plugins import Events


def _likes() -> Events:
    rng = np.random.default_rng(4)
    user, item = np.nonzero(rng.random((60, 40)) < rng.uniform(0.05, 0.4, 40))
    return Events.of(user, item)


def test_it_scores_as_the_nearest_people_by_cosine_up_to_a_factor_for_all_items() -> None:
    member, engine = LikeMinded(LikeMindedOptions(k=60)), UserKnn(UserKnnOptions(k=60, exponent=2.5))
    member.fit(_likes(), RUN)
    engine.fit(_likes(), RUN)
    for user in range(20):
        one, other = member.recommend(ask(user, 40, 40)), engine.recommend(ask(user, 40, 40))
        scores = dict(zip(other.items.tolist(), other.scores.tolist(), strict=True))
        factors = [score / scores[item] for item, score in zip(one.items.tolist(), one.scores.tolist(), strict=True)]
        assert set(one.items.tolist()) == set(scores)
        np.testing.assert_allclose(factors, factors[0], rtol=1e-9)


def test_the_parts_of_its_scores_add_up() -> None:
    member = LikeMinded(LikeMindedOptions(k=7, exponent=3.0))
    member.fit(_likes(), RUN)
    ranking = member.recommend(ask(3, 40, 40))
    parts = member.parts(taste_of(member.preferences, ask(3, 40, 40)), ranking.items, 0)
    np.testing.assert_allclose(parts.sum(axis=1), ranking.scores, rtol=1e-12)
