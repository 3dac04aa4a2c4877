"""Whatever a recommender lives through, its state stays what its update class promises."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footlight_engines import recommend
from footlight_engines.recommend.item_knn import ItemKnn
from footlight_plugins import EventKind, Events, Recommender
from footlight_plugins.testing import RecommenderSuite
from footlight_plugins.testing.histories import Arrival, Forgetting, History, Restart

PEOPLE, ITEMS, TIMES = 5, 7, 4
_SPECS = {spec.name: spec for spec in recommend.register_engines()}


class _Suite(RecommenderSuite):
    __test__ = False  # only the tests of this module are wanted
    people, items = PEOPLE, ITEMS


class _UserKnn(_Suite):
    spec = _SPECS["user-knn"]
    options: ClassVar = {"k": 2, "shrinkage": 1.5}


class _Popular(_Suite):
    spec = _SPECS["popular"]


class _Ease(_Suite):
    spec = _SPECS["ease"]
    options: ClassVar = {"l2": 3.0}
    bound = 1e-9


class _Sequence(_Suite):
    spec = _SPECS["sequence"]
    options: ClassVar = {"gaps": 2, "recent": 3}


class _Trending(_Suite):
    spec = _SPECS["trending"]
    options: ClassVar = {"half_life_hours": 1e-10}  # a landmark serves for about six microseconds


class _Blend(_Suite):
    spec = _SPECS["blend"]
    bound = 1e-6


class _Rp3Beta(_Suite):
    spec = _SPECS["rp3beta"]
    options: ClassVar = {"people": 2}


class _NarrowItemKnn(ItemKnn):
    """So few candidates that rows run short and have to be proven or rebuilt."""

    spare_candidates = 1


class _ItemKnn(_Suite):
    spec = _SPECS["item-knn"]
    options: ClassVar = {"k": 2}

    def engine(self) -> Recommender:
        return _NarrowItemKnn(self.chosen_options())


class _DampedItemKnn(_ItemKnn):
    options: ClassVar = {"k": 1, "shrinkage": 2.5, "min_similarity": 0.1}


SUITES = {
    "item-knn": _ItemKnn(),
    "item-knn, damped": _DampedItemKnn(),
    "user-knn": _UserKnn(),
    "popular": _Popular(),
    "ease": _Ease(),
    "rp3beta": _Rp3Beta(),
    "blend": _Blend(),
    "trending": _Trending(),
    "sequence": _Sequence(),
}

ROWS = st.tuples(
    st.integers(0, PEOPLE - 1),
    st.integers(0, ITEMS - 1),
    st.sampled_from([int(kind) for kind in EventKind]),
    st.sampled_from([-1.0, 0.0, 0.5, 1.0, 3.0]),
    st.integers(0, TIMES),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Batches of events, their times in no order, some once more; in between people are forgotten and it restarts."""
    rows = draw(st.lists(ROWS, min_size=1, max_size=40))
    ties = draw(st.permutations(range(len(rows))))
    log = [(*row, tie) for row, tie in zip(rows, ties, strict=True)]
    batches = st.lists(st.sampled_from(log), max_size=8).map(lambda batch: Arrival(_events(batch)))
    forgetting = st.integers(0, PEOPLE).map(Forgetting)  # the last is unknown
    return draw(st.lists(batches | batches | forgetting | st.just(Restart()), min_size=1, max_size=14))


def _events(rows: list[tuple[int, int, int, float, int, int]]) -> Events:
    if not rows:
        return Events.empty()
    user, item, kind, value, time, tie = zip(*rows, strict=True)
    plain = Events.of(user, item, value, kind=kind, time=time)
    plain.tie[:] = tie
    return plain


@pytest.mark.parametrize("name", SUITES)
@settings(deadline=None, max_examples=60)
@given(history=histories())
def test_any_history_comes_to_the_same_as_a_fresh_fit(name: str, history: History) -> None:
    SUITES[name].assert_history(history)
