"""The conformance suite of recommenders."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import (
    Call,
    CallEnded,
    EventKind,
    Events,
    Query,
    Ranking,
    Recommender,
    State,
    UpdateClass,
)
from footlight_plugins.data import PREFERENCES
from footlight_plugins.testing.engine import CancelledAfter, EngineSuite, same_state, stored, training_run
from footlight_plugins.testing.histories import Arrival, History, Restart, some_history

_SPLITS = ((0,), (1,), (100,), (299,), (50, 51, 250))
"""Where a stream of events is cut into a fit and the updates after it."""


class RecommenderSuite(EngineSuite):
    """What every recommender must do.

    Example
    -------
    ::

        from footlight_plugins.testing import RecommenderSuite
        from my_package import register_engines

        class TestNewest(RecommenderSuite):
            spec = register_engines()[0]
    """

    people: ClassVar[int] = 12
    items: ClassVar[int] = 15
    bound: ClassVar[float] = 0.0
    """The largest difference of scores that a BOUNDED engine promises."""

    def events(self, seed: int) -> Events:
        """A log of 300 rows in the order of their arrival, with ties in time, changed minds and events that say nothing."""
        rng, n = np.random.default_rng(seed), 300
        chances = [0.15, 0.15, 0.15, 0.3, 0.05, 0.05, 0.05, 0.1]  # in the order of EventKind
        return Events(
            user=rng.integers(self.people, size=n).astype(np.int32),
            item=np.minimum(rng.geometric(0.15, size=n) - 1, self.items - 1).astype(np.int32),
            kind=rng.choice([int(kind) for kind in EventKind], size=n, p=chances).astype(np.int8),
            value=rng.choice([-1.0, 0.0, 0.5, 1.0, 2.0, 4.5, 5.0], size=n),
            time=rng.integers(40, size=n),
            tie=rng.permutation(n).astype(np.int64),
        )

    def engine(self) -> Recommender:
        """An engine that knows nothing."""
        made: Recommender = self.engine_class()(self.chosen_options())
        return made

    def fitted(self, events: Events, seed: int = 0) -> Recommender:
        """An engine that was trained on the events."""
        engine = self.engine()
        with training_run(seed) as run:
            engine.fit(events, run)
        return engine

    def query(self, user: int, **changes: Any) -> Query:
        """Ask for every item, unless something is changed."""
        return replace(Query(user, self.items, np.ones(self.items, np.bool_)), **changes)

    def queries(self) -> list[Query]:
        """Questions of every person, of an unknown one and of nobody; long and short, with and without what was seen."""
        odd = np.arange(self.items) % 2 == 1
        asked = []
        for user in (*range(self.people), self.people + 1_000, -1):
            asked += [self.query(user, reasons=3), self.query(user, count=3), self.query(user, include_seen=True)]
            asked += [self.query(user, servable=odd), self.query(user, exclude=np.array([0, 2, 10_000], np.int32))]
        return asked

    def answers(self, engine: Recommender) -> list[Ranking]:
        """What it answers to all questions."""
        return [engine.recommend(query) for query in self.queries()]

    def assert_same(self, engine: Recommender, expected: Recommender) -> None:
        """Hold two engines against each other as closely as the declared update class promises."""
        for either in (engine, expected):
            settle(either)
        if self.spec.update_class is UpdateClass.BITWISE:
            assert same_state(engine.state(), expected.state())
        if self.spec.update_class is UpdateClass.BOUNDED:
            return self._assert_near(engine, expected)
        for ranking, other in zip(self.answers(engine), self.answers(expected), strict=True):
            assert same_ranking(ranking, other)

    def _assert_near(self, engine: Recommender, expected: Recommender) -> None:
        for ranking, other in zip(self.answers(engine), self.answers(expected), strict=True):
            scores = dict(zip(other.items.tolist(), other.scores.tolist(), strict=True))
            near = [
                abs(s - scores[i]) <= self.bound
                for i, s in zip(ranking.items, ranking.scores, strict=True)
                if i in scores
            ]
            assert len(ranking) == len(other) and all(near)

    def prepared(self, folder: Path) -> State:
        return self.fitted(self.events(0)).state()

    def loaded(self, state: State) -> Recommender:
        engine = self.engine()
        engine.load(state)
        return engine

    def asked(self, engine: Recommender) -> list[list[int]]:
        return [ranking.items.tolist() for ranking in self.answers(engine)]

    def test_the_state_survives_storing_and_loading(self) -> None:
        engine, again = self.fitted(self.events(0)), self.engine()
        again.load(stored(engine.state()))
        assert all(map(same_ranking, self.answers(engine), self.answers(again)))

    def test_a_loaded_engine_follows_the_log(self) -> None:
        if self.spec.update_class is UpdateClass.REFIT:
            pytest.skip("it is only ever trained anew")
        events, engine = self.events(0), self.engine()
        engine.load(stored(self.fitted(events.take(slice(0, 200))).state()))
        engine.apply(events.take(slice(200, None)))
        self.assert_same(engine, self.fitted(events))

    def test_a_foreign_state_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"."):
            self.engine().load(State({"foreign": np.zeros(3)}, {"foreign": 1}))

    def test_the_same_seed_gives_the_same_state(self) -> None:
        first, second = self.fitted(self.events(1), seed=7), self.fitted(self.events(1), seed=7)
        assert same_state(first.state(), second.state())

    def test_the_order_of_arrival_does_not_matter(self) -> None:
        events = self.events(2)
        shuffled = events.take(np.random.default_rng(2).permutation(len(events)))
        self.assert_same(self.fitted(shuffled), self.fitted(events))

    @pytest.mark.parametrize("splits", _SPLITS)
    @pytest.mark.parametrize("seed", [0, 1])
    def test_updating_comes_to_the_same_as_training_anew(self, seed: int, splits: tuple[int, ...]) -> None:
        if self.spec.update_class is UpdateClass.REFIT:
            pytest.skip("it is only ever trained anew")
        events = self.events(seed)
        edges = [*splits, len(events)]
        engine = self.fitted(events.take(slice(0, splits[0])))
        for start, end in itertools.pairwise(edges):
            assert engine.apply(events.take(slice(start, end))) >= 0
        self.assert_same(engine, self.fitted(events))

    def assert_history(self, history: History) -> None:
        """Hold an engine that lived through a history against one that is fitted to what is left in the end."""
        engine, left = self.fitted(Events.empty()), Events.empty()
        for step in history:
            if isinstance(step, Arrival):
                engine.apply(step.events)
                left = Events.concatenate(left, step.events)
            elif isinstance(step, Restart):
                engine, old = self.engine(), engine
                engine.load(stored(old.state()))
            elif self.spec.can_forget:
                engine.forget(step.user)
                left = left.take(left.user != step.user)
        self.assert_same(engine, self.fitted(left))

    @pytest.mark.parametrize("seed", range(6))
    def test_any_history_comes_to_the_same_as_training_anew(self, seed: int) -> None:
        if self.spec.update_class is UpdateClass.REFIT:
            pytest.skip("it is only ever trained anew")
        self.assert_history(some_history(self.events(seed), seed))

    def test_an_engine_without_training_follows_the_log_from_the_start(self) -> None:
        if self.spec.needs_training:
            pytest.skip("it needs training")
        engine = self.engine()
        engine.apply(self.events(3))
        self.assert_same(engine, self.fitted(self.events(3)))

    def test_forgetting_a_person_equals_never_having_seen_them(self) -> None:
        if not self.spec.can_forget:
            pytest.skip("it cannot forget")
        events = self.events(4)
        for user in (0, self.people - 1):
            engine = self.fitted(events)
            assert engine.forget(user) > 0
            never = self.fitted(events.take(events.user != user))
            assert all(map(same_ranking, self.answers(engine), self.answers(never)))
            assert engine.knows(user) == never.knows(user)

    def test_a_forgotten_person_may_come_back(self) -> None:
        if not self.spec.can_forget or self.spec.update_class is UpdateClass.REFIT:
            pytest.skip("it cannot forget, or is only ever trained anew")
        events = self.events(5)
        engine = self.fitted(events)
        engine.forget(3)
        engine.apply(events.take(events.user == 3))
        self.assert_same(engine, self.fitted(events))

    def test_forgetting_an_unknown_person_changes_nothing(self) -> None:
        if not self.spec.can_forget:
            with pytest.raises(NotImplementedError):
                self.fitted(self.events(0)).forget(0)
            return
        engine, expected = self.fitted(self.events(0)), self.fitted(self.events(0))
        engine.forget(self.people + 1_000)
        self.assert_same(engine, expected)

    def test_a_batch_answers_as_single_calls_do(self) -> None:
        engine = self.fitted(self.events(6))
        assert all(map(same_ranking, engine.recommend_batch(self.queries(), Call()), self.answers(engine)))

    def test_a_call_that_nobody_waits_for_is_ended(self) -> None:
        engine = self.fitted(self.events(6))
        for call in (Call(cancelled=lambda: True), Call(deadline=0.0)):
            with pytest.raises(CallEnded):
                engine.recommend_batch(self.queries(), call)

    def test_a_call_that_is_cancelled_ends_at_the_next_check(self) -> None:
        engine = self.fitted(self.events(6))
        for times in (1, 2, 5):
            asked = CancelledAfter(times)
            with suppress(CallEnded):  # it may be done before it asks so often
                engine.recommend_batch(self.queries(), Call(cancelled=asked))
            assert 0 < asked.count <= times, "it went on after it had heard that nobody waits"

    def test_a_huge_question_is_answered_in_good_order(self) -> None:
        engine, n = self.fitted(self.events(0)), 200_000
        wide = replace(self.query(0), count=1_000, servable=np.ones(n, np.bool_))
        assert_well_formed(engine.recommend(wide))
        assert_well_formed(engine.recommend(replace(wide, exclude=np.arange(10, n, dtype=np.int32))))
        assert_well_formed(engine.recommend(replace(wide, user=2**31 - 1)))

    def test_the_strongest_and_the_latest_events_there_can_be_are_taken(self) -> None:
        events = self.events(0)
        extreme = replace(
            events,
            value=np.where(events.value > 1, 1_000.0, np.where(events.value < 0, -1_000.0, events.value)),
            time=np.where(events.time > 20, 4_000_000_000_000_000, events.time),
        )
        for ranking in self.answers(self.fitted(extreme)):
            assert_well_formed(ranking)

    def test_it_answers_somebody_and_in_good_order(self) -> None:
        rankings = self.answers(self.fitted(self.events(7)))
        assert any(len(ranking) > 0 for ranking in rankings), "the log has 300 events and nobody gets an answer"
        for ranking in rankings:
            assert_well_formed(ranking)

    def test_answers_keep_to_what_was_asked(self) -> None:
        events = self.events(8)
        engine, preferred = self.fitted(events), _preferred(events)
        for query in self.queries():
            items = set(engine.recommend(query).items.tolist())
            assert len(items) <= query.count and items <= set(np.flatnonzero(query.servable).tolist())
            assert not items & set(query.exclude.tolist())
            assert query.include_seen or not items & preferred.get(query.user, set())

    def test_a_short_answer_is_the_head_of_a_long_one(self) -> None:
        engine = self.fitted(self.events(9))
        for user in range(self.people):
            short, long = engine.recommend(self.query(user, count=3)), engine.recommend(self.query(user))
            assert short.items.tolist() == long.items[:3].tolist()

    def test_reasons_are_no_more_than_asked_and_change_nothing_else(self) -> None:
        engine = self.fitted(self.events(0))
        for user in range(self.people):
            plain, explained = engine.recommend(self.query(user)), engine.recommend(self.query(user, reasons=2))
            assert plain.items.tolist() == explained.items.tolist()
            assert plain.scores.tolist() == explained.scores.tolist()
            assert explained.because is None or explained.because.shape[1] <= 2

    def test_an_unknown_person_is_for_the_fallback(self) -> None:
        engine = self.fitted(self.events(0))
        for user in (-1, self.people + 1_000):
            assert (len(engine.recommend(self.query(user))) > 0) == self.spec.fallback

    def test_an_empty_log_gives_empty_answers(self) -> None:
        if self.spec.fallback:
            pytest.skip("a fallback may answer from the catalogue alone")
        engine = self.fitted(Events.empty())
        assert all(len(ranking) == 0 for ranking in self.answers(engine))

    def test_applying_nothing_changes_nothing(self) -> None:
        if self.spec.update_class is UpdateClass.REFIT:
            pytest.skip("it is only ever trained anew")
        engine, expected = self.fitted(self.events(0)), self.fitted(self.events(0))
        engine.apply(Events.empty())
        self.assert_same(engine, expected)

    def test_nothing_is_left_when_every_item_is_out(self) -> None:
        engine, every = self.fitted(self.events(0)), np.arange(self.items, dtype=np.int32)
        assert len(engine.recommend(self.query(0, exclude=every))) == 0
        assert len(engine.recommend(self.query(0, servable=np.zeros(self.items, np.bool_)))) == 0
        assert len(engine.recommend(self.query(0, servable=np.zeros(0, np.bool_)))) == 0

    def test_asking_for_more_than_there_is_gives_what_there_is(self) -> None:
        engine = self.fitted(self.events(0))
        wide = np.ones(self.items + 50, np.bool_)  # items of the catalogue that the log does not know
        for user in range(self.people):
            assert_well_formed(engine.recommend(self.query(user, count=1_000, servable=wide)))
            assert len(engine.recommend(self.query(user, count=1_000))) <= self.items

    def test_similar_items_leave_out_the_item_itself(self) -> None:
        engine = self.fitted(self.events(0))
        odd = np.arange(self.items) % 2 == 1
        try:
            rankings = {item: engine.similar(item, self.query(-1, servable=odd)) for item in range(self.items)}
        except NotImplementedError:
            pytest.skip("it does not compare items")
        for item, ranking in rankings.items():
            assert_well_formed(ranking)
            assert item not in ranking.items and all(odd[ranking.items])


def settle(engine: Recommender) -> None:
    """Let an engine work off what it put off."""
    for _ in range(1_000_000):
        if not engine.pending:
            return
        engine.settle()
    raise AssertionError("settle must come to an end")


def same_ranking(first: Ranking, second: Ranking) -> bool:
    """Whether two rankings name the same items in the same order with the same scores, up to rounding, and reasons."""
    if first.items.tolist() != second.items.tolist() or first.basis != second.basis:
        return False
    return np.allclose(first.scores, second.scores, rtol=1e-9, atol=1e-12)


def assert_well_formed(ranking: Ranking) -> None:
    """Hold a ranking to what `Ranking` promises."""
    m, scores, items = len(ranking), ranking.scores, ranking.items
    assert scores.shape == (m,) and np.isfinite(scores).all()
    assert len(set(items.tolist())) == m, "an item comes twice"
    assert [*zip((-scores).tolist(), items.tolist(), strict=True)] == sorted(
        zip((-scores).tolist(), items.tolist(), strict=True)
    ), "the order must be score descending, then ordinal ascending"
    for extra in (ranking.because, ranking.shares, ranking.people):
        assert extra is None or len(extra) == m
    if ranking.shares is not None:
        assert _within_unit(ranking.shares), "shares must be 0 to 1"


def _within_unit(shares: NDArray[np.float64]) -> bool:
    return bool(((shares >= 0) & (shares <= 1 + 1e-9)).all())


def _preferred(events: Events) -> dict[int, set[int]]:
    """Who likes what by the end of the log; a preference of 0 or less counts as well: the person has met the item."""
    liked: dict[int, set[int]] = {}
    for row in np.lexsort((events.tie, events.time)).tolist():
        user, item = int(events.user[row]), int(events.item[row])
        if events.kind[row] in PREFERENCES:
            liked.setdefault(user, set()).add(item)
        elif events.kind[row] == EventKind.RETRACTION:
            liked.get(user, set()).discard(item)
    return liked
