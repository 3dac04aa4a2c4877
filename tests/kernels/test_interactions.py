"""The rows of people and items say what a plain dictionary says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footlight_engines.kernels.interactions import RETRACTED
from footlight_engines.recommend import in_parallel
from footlight_engines.recommend.preferences import Preferences
from footlight_plugins import EventKind, Events

_ROW = st.tuples(
    st.integers(0, 4),
    st.integers(0, 6),
    st.sampled_from([EventKind.RATING, EventKind.PLAY, EventKind.RETRACTION, EventKind.SKIP]),
    st.sampled_from([-2.0, 0.0, 0.01, 1.0, 4.5]),
    st.integers(0, 3),
)
_LOGS = st.lists(_ROW, max_size=40)
_Log = list[tuple[int, int, EventKind, float, int]]


def _events(log: _Log) -> Events:
    if not log:
        return Events.empty()
    user, item, kind, value, time = zip(*log, strict=True)
    return Events.of(user, item, value, kind=np.array(kind, np.int8), time=time)


def _oracle(events: Events) -> dict[tuple[int, int], int | None]:
    """The weight that holds for each person and item, None where it was retracted."""
    held: dict[tuple[int, int], int | None] = {}
    for n in np.lexsort((events.tie, events.time)).tolist():
        pair = int(events.user[n]), int(events.item[n])
        if events.kind[n] == EventKind.RETRACTION:
            held[pair] = None
        elif events.kind[n] != EventKind.SKIP:
            held[pair] = int(np.rint(events.value[n] * 16))
    return held


def _by_person(preferences: Preferences) -> dict[tuple[int, int], int | None]:
    x = preferences.data
    found: dict[tuple[int, int], int | None] = {}
    for user in range(preferences.people):
        rows = range(x.person_start[user], x.person_start[user] + x.person_length[user])
        found |= {(user, int(x.item[r])): None if x.slot[r] == RETRACTED else int(x.weight[r]) for r in rows}
        assert x.item[rows.start : rows.stop].tolist() == sorted(set(x.item[rows.start : rows.stop].tolist()))
    return found


def _by_item(preferences: Preferences) -> dict[tuple[int, int], int]:
    x = preferences.data
    found: dict[tuple[int, int], int] = {}
    for item in range(preferences.items):
        rows = range(x.item_start[item], x.item_start[item] + x.item_length[item])
        found |= {(int(x.person[r]), item): int(x.posted[r]) for r in rows}
        assert len({int(x.person[r]) for r in rows}) == len(rows)
    return found


def _nonzero(held: Mapping[tuple[int, int], int | None]) -> dict[tuple[int, int], int]:
    return {pair: weight for pair, weight in held.items() if weight}


def _sums(held: dict[tuple[int, int], int], preferences: Preferences) -> list[list[int]]:
    people, items, fans = [0] * preferences.people, [0] * preferences.items, [0] * preferences.items
    for (user, item), weight in held.items():
        people[user] += weight**2
        items[item] += weight**2
        fans[item] += weight > 0
    return [people, items, fans]


def _assert_holds(preferences: Preferences, held: dict[tuple[int, int], int | None]) -> None:
    x, posted = preferences.data, _nonzero(held)
    assert _by_person(preferences) == held and _by_item(preferences) == posted
    people, items = preferences.people, preferences.items
    sums = [x.person_square[:people].tolist(), x.item_square[:items].tolist(), x.fans[:items].tolist()]
    assert sums == _sums(posted, preferences)


@given(log=_LOGS)
def test_reading_a_log_at_once_holds_the_latest_of_each_pair(log: _Log) -> None:
    preferences = Preferences()
    preferences.replace(_events(log))
    _assert_holds(preferences, _oracle(_events(log)))


@given(log=_LOGS, seed=st.integers(0, 99))
def test_recording_events_in_any_order_holds_the_latest_too(log: _Log, seed: int) -> None:
    events, preferences = _events(log), Preferences()
    shuffled = events.take(np.random.default_rng(seed).permutation(len(events)))
    for n in range(len(shuffled)):
        preferences.record(shuffled.take(slice(n, n + 1)))
    _assert_holds(preferences, _oracle(events))


@given(log=_LOGS, user=st.integers(0, 4))
def test_forgetting_a_person_leaves_the_others_as_they_were(log: _Log, user: int) -> None:
    preferences = Preferences()
    preferences.replace(_events(log))
    preferences.forget(user)
    held = {pair: weight for pair, weight in _oracle(_events(log)).items() if pair[0] != user}
    _assert_holds(preferences, held)


@given(log=_LOGS)
def test_two_events_of_one_time_and_tie_hold_in_either_order(log: _Log) -> None:
    events = _events(log)
    events.tie[:] = 0
    states = []
    for rows in (slice(None), slice(None, None, -1)):
        preferences = Preferences()
        preferences.record(events.take(rows))
        states.append({name: array.tolist() for name, array in preferences.arrays().items()})
    assert states[0] == states[1]


def test_rows_that_grow_keep_what_they_hold() -> None:
    preferences = Preferences()
    events = Events.of(np.arange(300) % 3, np.arange(300) % 50, np.arange(300) % 5 - 2.0)
    for n in range(0, 300, 7):
        preferences.record(events.take(slice(n, n + 7)))
    _assert_holds(preferences, _oracle(events))


def test_no_pool_moves_while_the_log_doubles() -> None:
    preferences, rng = Preferences(), np.random.default_rng(0)
    users, items = rng.integers(0, 100, 4_000), rng.integers(0, 50, 4_000)
    events = Events.of(users + np.arange(4_000) // 40, items + np.arange(4_000) // 100, np.full(4_000, 2.0))
    preferences.replace(events.take(slice(0, 2_000)))
    before = preferences.data
    for n in range(2_000, 4_000, 100):  # new people and items among them
        preferences.record(events.take(slice(n, n + 100)))
    after = preferences.data
    assert (after.item is before.item, after.person is before.person) == (True, True)
    assert len(after.person_start) > len(before.person_start) and len(after.item_start) > len(before.item_start)
    _assert_holds(preferences, _oracle(events))


def test_nothing_of_a_forgotten_person_stays_in_memory() -> None:
    preferences = Preferences()
    preferences.replace(Events.of([0, 0, 1], [4, 5, 4], [1.0, 2.0, 3.0], time=[77, 77, 78]))
    preferences.forget(0)
    x = preferences.data
    assert 77 not in x.time and x.weight.tolist().count(48) == 1 and np.count_nonzero(x.posted) == 1


@pytest.mark.parametrize("threads", [2, 5])
def test_preferences_are_laid_out_alike_by_any_number_of_threads(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    rng = np.random.default_rng(3)
    user, item, value = rng.integers(0, 30, 900), rng.integers(0, 40, 900), rng.integers(-2, 6, 900) * 0.5
    kind = rng.choice([EventKind.RATING, EventKind.RETRACTION, EventKind.SKIP], 900, p=[0.7, 0.2, 0.1])
    events = Events.of(user, item, value, kind=kind.astype(np.int8), time=rng.integers(0, 9, 900))
    alone, together = Preferences(), Preferences()
    alone.replace(events)
    monkeypatch.setattr(in_parallel, "_WORTH_A_THREAD", 100)
    monkeypatch.setattr(in_parallel, "threads", lambda: threads)
    together.replace(events)
    for name, column in alone.data._asdict().items():
        assert np.array_equal(column, getattr(together.data, name)), name
