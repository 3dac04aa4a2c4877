"""After an erasure nothing in a state says that there was somebody: its hash is that of a log that never held them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.recommend.logs import RUN, random_log

from footlight_plugins import EngineSpec, Events, Options, Recommender, State, UpdateClass, Verb
from footlight_plugins.factories import resolve_factory
from footlight_plugins.loader import load_plugins

EXACT = (UpdateClass.BITWISE, UpdateClass.CERTIFIED)
PEOPLE = 25


def exact_engines() -> list[EngineSpec]:
    """The built-in recommenders that promise the same state as a new training."""
    specs = load_plugins().engines.values()
    return [s for s in specs if s.verb is Verb.RECOMMEND and s.can_forget and s.update_class in EXACT]


def made(spec: EngineSpec) -> Recommender:
    engine_class = resolve_factory(spec)
    return cast(Callable[[Options], Recommender], engine_class)(engine_class.options_type())


def fitted(spec: EngineSpec, events: Events) -> Recommender:
    engine = made(spec)
    engine.fit(events, RUN)
    return engine


def state_hash(state: State) -> str:
    """Over every array with its name, type and shape, and over the rest."""
    digest = hashlib.sha256(json.dumps(dict(state.meta), sort_keys=True).encode())
    for name, array in sorted(state.arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def test_the_engines_that_promise_it_are_here() -> None:
    assert {"item-knn", "user-knn", "popular"} <= {spec.name for spec in exact_engines()}


@pytest.mark.parametrize("spec", exact_engines(), ids=lambda spec: spec.name)
@settings(max_examples=25)
@given(
    seed=st.integers(0, 100_000),
    rows=st.integers(1, 400),
    gone=st.sets(st.integers(0, PEOPLE), min_size=1, max_size=4),
    cut=st.floats(0, 1),
)
def test_the_hash_is_that_of_a_log_that_never_held_them(
    spec: EngineSpec, seed: int, rows: int, gone: set[int], cut: float
) -> None:
    """A model of an old log is stored; people are erased; it is loaded, scrubbed, and follows the rest of the log."""
    events = random_log(seed, rows, PEOPLE, items=30)
    stayed = events.take(~np.isin(events.user, list(gone)))
    engine = made(spec)
    engine.load(fitted(spec, events.take(slice(0, int(cut * rows)))).state())
    for user in gone:
        engine.forget(user)
    engine.apply(stayed)  # those before the cut are delivered twice
    assert state_hash(engine.state()) == state_hash(fitted(spec, stayed).state())


@pytest.mark.parametrize("spec", exact_engines(), ids=lambda spec: spec.name)
def test_an_erasure_does_change_the_hash(spec: EngineSpec) -> None:
    events = random_log(1, 300, PEOPLE, items=30)
    engine = fitted(spec, events)
    engine.forget(int(events.user[0]))
    assert state_hash(engine.state()) != state_hash(fitted(spec, events).state())
