"""The recommenders on MovieLens 100K: what goes with what, and exactness at a realistic size."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.engines.recommend.logs import RUN, ask, bits

from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_engines.recommend.user_knn import UserKnn, UserKnnOptions
from footlight_plugins import Events


@pytest.fixture(scope="module")
def ratings(data_dir: Path) -> Events:
    """All 100,000 ratings, ordinals as in the data less 1."""
    path = data_dir / "ml-100k" / "ml-100k.inter"
    if not path.is_file():
        pytest.skip("FOOTLIGHT_DATA has no ml-100k/ml-100k.inter")
    table = np.loadtxt(path, skiprows=1)
    return Events.of(table[:, 0] - 1, table[:, 1] - 1, table[:, 2], time=table[:, 3])


@pytest.fixture(scope="module")
def titles(data_dir: Path) -> list[str]:
    """Titles by ordinal."""
    with (data_dir / "ml-100k" / "ml-100k.item").open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [title for _, title in sorted((int(row[0]), row[1]) for row in rows)]


def test_star_wars_goes_with_its_sequel(ratings: Events, titles: list[str]) -> None:
    engine = ItemKnn(ItemKnnOptions())
    engine.fit(ratings, RUN)
    similar = engine.similar(titles.index("Star Wars"), ask(-1, count=3, items=1_682))
    assert "Return of the Jedi" in [titles[item] for item in similar.items]


def test_held_out_likes_are_found_far_more_often_than_by_chance(ratings: Events) -> None:
    held_out = (np.arange(len(ratings)) % 10 == 0) & (ratings.value >= 4)
    engines = (ItemKnn(ItemKnnOptions()), UserKnn(UserKnnOptions()))
    for engine in engines:
        engine.fit(ratings.take(~held_out), RUN)
        asked = np.unique(ratings.user[held_out])[:200]
        answers = {int(user): set(engine.recommend(ask(int(user), items=1_682)).items.tolist()) for user in asked}
        pairs = [(int(u), int(i)) for u, i in zip(ratings.user[held_out], ratings.item[held_out], strict=True)]
        hits = [item in answers[user] for user, item in pairs if user in answers]
        assert np.mean(hits) > 10 * (10 / 1_682)


def test_following_the_last_ratings_answers_as_a_new_training_does(ratings: Events) -> None:
    order = np.argsort(ratings.time, kind="stable")
    engine, expected = ItemKnn(ItemKnnOptions(k=20)), ItemKnn(ItemKnnOptions(k=20))
    engine.fit(ratings.take(order[:95_000]), RUN)
    for start in range(95_000, 100_000, 1_000):
        engine.apply(ratings.take(order[start : start + 1_000]))
        engine.recommend(ask(start % 943, items=1_682))
    expected.fit(ratings, RUN)
    assert [bits(engine.recommend(ask(user, items=1_682))) for user in range(943)] == [
        bits(expected.recommend(ask(user, items=1_682))) for user in range(943)
    ]
