"""Item-based recommendations: the formula, its reasons, and answers that stay exact while events come in."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.engines.recommend.logs import RUN, ask, bits, random_log, state_bits

from footlight_engines.kernels.item_scores import BLOCK, SMALL
from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_plugins import Basis, Call, EventKind, Events, History, Query, State

_STARS = np.array([[3, 1, 2, 3, 3], [4, 3, 4, 3, 5], [3, 3, 1, 5, 4], [1, 5, 5, 2, 1]])
"""Four people and five items: Jannach et al. (2010), Recommender Systems, table 2.1 without Alice."""


class TightItemKnn(ItemKnn):
    """Keeps one spare candidate, so that bounds are tested hard."""

    spare_candidates = 1


def _fitted(events: Events, **options: Any) -> ItemKnn:
    engine = TightItemKnn(ItemKnnOptions(**{"k": 50, "shrinkage": 0.0} | options))
    engine.fit(events, RUN)
    return engine


def _stars() -> Events:
    user, item = np.nonzero(_STARS)
    return Events.of(user, item, _STARS[user, item])


def test_similarity_is_the_cosine_of_the_columns() -> None:
    ranking = _fitted(_stars()).similar(0, ask(-1))
    norms = np.linalg.norm(_STARS, axis=0)
    cosines = (_STARS.T @ _STARS[:, 0] / (norms * norms[0]))[ranking.items]
    np.testing.assert_allclose(ranking.scores, cosines, rtol=1e-15)
    assert ranking.items[0] == 4 and round(float(ranking.scores[0]), 3) == 0.994  # (9+20+12+1) / sqrt(35 * 51)


def test_shrinkage_is_added_to_the_denominator_in_squared_preferences() -> None:
    ranking = _fitted(_stars(), shrinkage=10.0).similar(0, ask(-1))
    assert ranking.scores[0] == pytest.approx(42 / (np.sqrt(35 * 51) + 10))


def test_a_score_is_the_sum_of_similarities_times_preferences() -> None:
    events = Events.concatenate(_stars(), Events.of([9, 9], [0, 1], [4.0, -2.0]))
    engine = _fitted(events)
    ranking = engine.recommend(ask(9, count=1))
    best = int(ranking.items[0])
    similar = dict(zip(*(column.tolist() for column in _columns(engine, best)), strict=True))
    assert ranking.scores[0] == pytest.approx(4.0 * similar[0] - 2.0 * similar[1], rel=1e-15)


def _columns(engine: ItemKnn, item: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    ranking = engine.similar(item, ask(-1))
    return ranking.items, ranking.scores


@pytest.mark.parametrize("short_list", [0, 25])
def test_what_counts_are_the_neighbours_of_the_history_or_of_the_items_on_a_short_list(short_list: int) -> None:
    engine = _fitted(random_log(3, 400, people=40, items=25), k=3, short_list=short_list)
    similar = np.zeros((25, 25))
    for item in range(25):
        near = engine.similar(item, ask(-1))
        similar[item, near.items] = near.scores
    liked, weight, _ = engine._preferences.met(7)
    scores = (similar[:, liked] if short_list else similar[liked].T) @ (weight / 16)
    scores *= (similar[liked].T @ weight) > 0  # only these can come onto the list
    ranking = engine.recommend(ask(7, include_seen=True))
    np.testing.assert_allclose(ranking.scores, np.sort(scores[scores > 0])[::-1][: len(ranking)], rtol=1e-12)


def test_the_items_on_a_short_list_are_those_that_the_history_puts_first() -> None:
    log = random_log(3, 900, people=40, items=25)
    short, plain = _fitted(log, k=5, short_list=4), _fitted(log, k=5, short_list=0)
    for user in range(40):
        answers = (set(engine.recommend(ask(user, count=4)).items.tolist()) for engine in (short, plain))
        assert next(answers) <= next(answers)


def test_reasons_are_the_items_that_add_most_with_their_shares() -> None:
    engine = _fitted(Events.concatenate(_stars(), Events.of([9, 9], [0, 1], [1.0, 5.0])))
    ranking = engine.recommend(ask(9))
    assert ranking.basis is Basis.BECAUSE_OF_ITEM and ranking.because is not None and ranking.shares is not None
    assert ranking.because[0].tolist() == [1, 0, -1]
    assert ranking.shares.sum(axis=1) == pytest.approx(1.0)


def test_fewer_reasons_are_the_first_of_more_and_none_are_left_out() -> None:
    engine = _fitted(Events.concatenate(_stars(), Events.of([9, 9], [0, 1], [1.0, 5.0])))
    three, one, none = (engine.recommend(ask(9, reasons=n)) for n in (3, 1, 0))
    assert three.because is not None and one.because is not None and none.because is None
    assert one.because.tolist() == three.because[:, :1].tolist() and none.scores.tolist() == three.scores.tolist()


def test_only_the_k_most_similar_items_are_neighbours() -> None:
    everything, few = _columns(_fitted(_stars()), 2)[0], _columns(_fitted(_stars(), k=2), 2)[0]
    assert few.tolist() == everything[:2].tolist()


def test_items_below_the_least_similarity_are_no_neighbours() -> None:
    assert (_columns(_fitted(_stars(), min_similarity=0.9), 0)[1] >= 0.9).all()
    assert len(_columns(_fitted(_stars(), min_similarity=0.9), 0)[0]) < 4


def test_items_that_are_out_are_not_named_as_similar() -> None:
    ranking = _fitted(_stars()).similar(0, ask(-1, items=4, exclude=np.array([1], np.int32)))
    assert set(ranking.items.tolist()) == {2, 3}


def test_a_person_who_only_dislikes_gets_no_answer_from_what_goes_along() -> None:
    engine = _fitted(Events.concatenate(_stars(), Events.of([9], [0], [-4.0])))
    assert engine.knows(9) and len(engine.recommend(ask(9))) == 0


def test_a_preference_of_zero_is_seen_but_nothing_to_go_by() -> None:
    engine = _fitted(Events.concatenate(_stars(), Events.of([9, 8, 8], [0, 0, 1], [0.0, 0.0, 3.0])))
    assert not engine.knows(9) and len(engine.recommend(ask(9))) == 0
    assert engine.knows(8) and 0 not in engine.recommend(ask(8)).items


@settings(max_examples=60)
@given(
    seed=st.integers(0, 100_000),
    rows=st.integers(20, 700),
    k=st.integers(1, 6),
    short_list=st.sampled_from([0, 3, 100]),
    shrinkage=st.sampled_from([0.0, 1.5]),
    min_similarity=st.sampled_from([0.0, 0.0, 0.2]),
    cuts=st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_updates_in_any_batches_answer_as_a_new_training_does(
    seed: int, rows: int, k: int, short_list: int, shrinkage: float, min_similarity: float, cuts: list[float]
) -> None:
    options = {"k": k, "short_list": short_list, "shrinkage": shrinkage, "min_similarity": min_similarity}
    events = random_log(seed, rows, people=5 + seed % 60, items=30)
    edges = [*sorted(int(cut * rows) for cut in cuts), rows]
    engine = _fitted(events.take(slice(0, edges[0])), **options)
    for start, end in itertools.pairwise(edges):
        engine.apply(events.take(slice(max(0, start - 10), end)))  # ten events are delivered twice
        _assert_same_answers(engine, _fitted(events.take(slice(0, end)), **options))


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000), rows=st.integers(20, 700), k=st.integers(1, 6))
def test_forgetting_people_between_updates_answers_as_if_they_had_never_been(seed: int, rows: int, k: int) -> None:
    people = 5 + seed % 40
    events, rng = random_log(seed, rows, people, items=30), np.random.default_rng(seed)
    engine, held = _fitted(events.take(slice(0, rows // 3)), k=k), events.take(slice(0, rows // 3))
    for start in range(rows // 3, rows, max(1, rows // 5)):
        user, more = int(rng.integers(people)), events.take(slice(start, start + max(1, rows // 5)))
        engine.forget(user)
        engine.apply(more)
        held = Events.concatenate(held.take(held.user != user), more)
        expected = _fitted(held, k=k)
        _assert_same_answers(engine, expected)
    assert state_bits(engine.state()) == state_bits(expected.state())


@settings(max_examples=25)
@given(seed=st.integers(0, 100_000), k=st.integers(1, 3), shrinkage=st.sampled_from([0.0, 1.5]))
def test_retractions_of_popular_items_answer_as_a_new_training_does(seed: int, k: int, shrinkage: float) -> None:
    rng, options = np.random.default_rng(seed), {"k": k, "shrinkage": shrinkage}
    user, item = np.nonzero(rng.random((200, 12)) < rng.uniform(0.3, 0.7, 12))  # each item has 60 to 140 people
    events = Events.of(user, item, rng.integers(1, 6, len(user)))
    engine = _fitted(events, **options)
    for n in range(4):
        rows = rng.integers(len(user), size=150 >> n)
        back = Events.of(user[rows], item[rows], kind=EventKind.RETRACTION, time=10_000 * (n + 1) + rows)
        engine.apply(back)
        events = Events.concatenate(events, back)
        _assert_same_answers(engine, _fitted(events, **options))


def test_an_item_that_loses_its_other_fans_becomes_the_nearest() -> None:
    people = [np.arange(100), np.arange(60), np.arange(50), np.arange(20, 1_100)]  # of items 0 to 3
    events = Events.of(np.concatenate(people), np.repeat(np.arange(4), [len(row) for row in people]))
    engine, others = _fitted(events, k=1), np.arange(100, 1_100)
    assert engine.similar(0, ask(-1)).items.tolist() == [1]
    for part in np.split(others, 10):  # nobody here has item 0, so its row is not touched
        engine.apply(Events.of(part, np.full(len(part), 3), kind=EventKind.RETRACTION, time=10_000 + part))
    assert engine.similar(0, ask(-1)).items.tolist() == [3]


def _assert_same_answers(engine: ItemKnn, expected: ItemKnn) -> None:
    for user in range(-1, 70):
        query = ask(user, count=5, include_seen=user % 2 == 0)
        assert bits(engine.recommend(query)) == bits(expected.recommend(query))
    for item in range(32):
        assert bits(engine.similar(item, ask(-1))) == bits(expected.similar(item, ask(-1)))


def test_taking_an_event_back_restores_the_state_bit_for_bit() -> None:
    events = random_log(1, 400, people=30, items=25)
    engine, before = _fitted(events), _fitted(events).state()
    engine.apply(Events.of([77, 77], [3, 90], [5.0, 2.0], time=[100, 100]))
    engine.forget(77)
    assert state_bits(engine.state()) == state_bits(before)


@pytest.mark.parametrize("items", [100, 5_000])
def test_an_update_touches_in_proportion_to_the_history_not_the_catalogue(items: int) -> None:
    rng = np.random.default_rng(0)
    crowd = Events.of(rng.integers(1, 400, 20_000), rng.integers(items, size=20_000))
    history = Events.of(np.zeros(30, np.int32), np.arange(30))
    engine = _fitted(Events.concatenate(crowd, history))
    assert 0 < engine.apply(Events.of([0], [40], [1.0], time=[10**6])) <= 2 * 30 + 2


def test_an_event_that_changes_nothing_touches_one_entry() -> None:
    engine = _fitted(_stars())
    assert engine.apply(Events.of([0], [0], [3.0], time=[10**6])) == 1
    assert engine.apply(Events.of([0], [0], [1.0], kind=EventKind.SKIP, time=[10**7])) == 0


@pytest.mark.parametrize("items", [10, 500])
def test_new_people_and_items_may_come_at_any_time(items: int) -> None:
    engine = _fitted(_stars())
    engine.apply(Events.of([1_000, 1_000], [0, items], [5.0, 5.0], time=[10**6, 10**6]))
    assert items in engine.similar(0, ask(-1, items=items + 1)).items


def test_a_state_of_other_options_is_refused() -> None:
    with pytest.raises(ValueError, match="k must be 7, got 50"):
        TightItemKnn(ItemKnnOptions(k=7)).load(_fitted(_stars()).state())


@pytest.mark.parametrize("name", ["person_ptr", "item", "weight", "neighbour_ptr", "neighbour", "overlap", "complete"])
def test_a_state_with_a_damaged_array_is_refused(name: str) -> None:
    state = _fitted(_stars()).state()
    damaged = State({**state.arrays, name: state.arrays[name][:-1]}, state.meta)
    with pytest.raises(ValueError, match=r"must|state"):
        TightItemKnn(ItemKnnOptions(k=50, shrinkage=0.0)).load(damaged)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("user", -1, "user must be 0 or more"), ("item", -2, "item must be 0 or more"), ("value", 1e9, "value must be")],
)
def test_malformed_events_are_refused_by_name(column: str, value: float, message: str) -> None:
    events = _stars()
    getattr(events, column)[3] = value
    with pytest.raises(ValueError, match=message):
        _fitted(events)


def test_answers_do_not_depend_on_the_size_of_the_catalogue() -> None:
    """Beyond so many blocks of items only those that a query meets are looked at."""
    rng = np.random.default_rng(5)
    user, item = rng.integers(0, 40, 600), rng.integers(0, 90, 600)
    far = np.sort(rng.choice(BLOCK * (SMALL + 50), 90, replace=False)).astype(np.int32)
    near, spread = ItemKnn(ItemKnnOptions(k=5)), ItemKnn(ItemKnnOptions(k=5))
    near.apply(Events.of(user, item))
    spread.apply(Events.of(user, far[item]))
    for person in range(40):
        small = near.recommend(Query(person, 7, np.ones(90, np.bool_), np.array([3], np.int32)))
        large = spread.recommend(Query(person, 7, np.ones(far[-1] + 1, np.bool_), far[[3]]))
        assert (far[small.items].tolist(), small.scores.tolist()) == (large.items.tolist(), large.scores.tolist())


def test_items_that_may_not_be_answered_make_room_for_the_next() -> None:
    """The best of many blocks set a bar; where those may not be answered, items below it must come up."""
    engine = ItemKnn(ItemKnnOptions(k=50))
    items = np.arange(40) * BLOCK
    engine.apply(Events.of(np.repeat([0, 1], 40), np.tile(items, 2)))
    engine.apply(Events.of([2], [0]))
    servable = np.zeros(40 * BLOCK, np.bool_)
    servable[items[20:25]] = True
    assert engine.recommend(Query(2, 10, servable)).items.tolist() == items[20:25].tolist()


def test_a_visitor_is_answered_as_a_person_of_the_same_history() -> None:
    engine = _fitted(random_log(5, 400, people=30, items=25))
    for user in range(30):
        item, weight, time = engine._preferences.met(user)
        unknown = (
            np.append(item, np.int32(900)),
            np.append(weight / 16, 5.0),
            np.append(time, 99),
        )  # nobody knows item 900
        visitor, person = engine.recommend(ask(-1, history=History(*unknown))), engine.recommend(ask(user))
        assert visitor.items.tolist() == person.items.tolist()
        np.testing.assert_allclose(visitor.scores, person.scores, rtol=1e-12)  # parts may be added up in another order
        if len(person):
            assert visitor.shares is not None and person.shares is not None
            columns = visitor.shares.shape[1]  # as many as there are items that say something
            np.testing.assert_allclose(visitor.shares, person.shares[:, :columns], rtol=1e-12)


def test_after_a_half_life_a_preference_counts_half() -> None:
    day = 86_400 * 10**6
    log = Events.concatenate(_stars(), Events.of([9, 9], [0, 1], [4.0, 4.0], time=[0, 10 * day]))
    engine, plain = _fitted(log, half_life_days=10.0), _fitted(log)
    similar = {
        liked: dict(zip(*(column.tolist() for column in _columns(plain, liked)), strict=True)) for liked in (0, 1)
    }
    for time, factor in ((0, 1.0), (20 * day, 0.5)):
        ranking = engine.recommend(ask(9, count=1, time=time))
        best = int(ranking.items[0])
        assert ranking.scores[0] == pytest.approx(factor * (2.0 * similar[0][best] + 4.0 * similar[1][best]), rel=1e-12)


def test_people_who_ask_alike_are_answered_in_one_go_as_one_by_one() -> None:
    engine, servable = _fitted(random_log(6, 600, people=40, items=25)), np.ones(25, np.bool_)
    queries = [Query(user, 5, servable, include_seen=user % 3 == 0) for user in range(-1, 45)]
    together = engine.recommend_batch(queries, Call())
    assert [bits(ranking) for ranking in together] == [bits(engine.recommend(query)) for query in queries]


def test_a_large_batch_is_followed_by_one_computation_of_all_rows() -> None:
    first, large, last = (random_log(seed, rows, people=60, items=40) for seed, rows in ((0, 300), (4, 2_000), (8, 20)))
    large.time[:] += 100
    last.time[:] += 200
    engine = _fitted(first)
    engine.apply(large)
    assert engine.pending > 0
    engine.forget(7)
    engine.apply(last)
    everything = Events.concatenate(Events.concatenate(first, large), last)
    kept = np.arange(len(everything)) >= len(first) + len(large)
    expected = _fitted(everything.take(kept | (everything.user != 7)))
    _assert_same_answers(engine, expected)
    assert engine.pending == 0


def test_a_batch_that_is_put_off_is_settled_when_asked() -> None:
    engine = _fitted(random_log(0, 300, people=60, items=40))
    engine.apply(random_log(4, 2_000, people=60, items=40))
    engine.settle()
    assert engine.pending == 0
