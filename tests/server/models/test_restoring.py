"""A long replay is given up for a fit, where both come to the same answers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from footlight_plugins import EngineSpec, Events, ItemContent, Query, UpdateClass, Verb
from footlight_server.models import restoring
from footlight_server.models.replaying import Advance
from footlight_server.models.restoring import Restorer, made, worth_refitting
from footlight_server.models.store import Manifest, ModelStore

KNN = "footlight_engines.recommend.item_knn:ItemKnn"
EVENTS = 5_000


class Log:
    """Five thousand ratings."""

    position, epoch = EVENTS, 0

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        users, items, stars = rng.integers(0, 60, EVENTS), rng.integers(0, 40, EVENTS), rng.integers(1, 6, EVENTS)
        self.events = Events.of(users, items, stars.astype(float), time=np.arange(EVENTS))

    def read(self, after: int, upto: int | None) -> Events:
        return self.events.take(slice(after, upto))

    def erasures_since(self, epoch: int) -> Sequence[tuple[int, int]]:
        return []

    def contents(self, after: int | None = None) -> tuple[Sequence[ItemContent], int]:
        return [], 0


def spec(update_class: UpdateClass = UpdateClass.CERTIFIED) -> EngineSpec:
    return EngineSpec("item-knn", Verb.RECOMMEND, "1", "Knows.", KNN, update_class=update_class, can_forget=True)


def at_pace(events_a_second: float, seconds: float, total: int = 100_000) -> Advance:
    """A replay that has come so far."""
    advance = Advance("'a' replays", total, itertools.count(0.0, seconds).__next__)
    advance.tell(int(events_a_second * seconds))
    return advance


@pytest.mark.parametrize(
    ("update_class", "replayed", "worth"),
    [
        (UpdateClass.CERTIFIED, at_pace(3_000, 1.5), True),
        (UpdateClass.BITWISE, at_pace(3_000, 1.5), True),
        (UpdateClass.BOUNDED, at_pace(3_000, 1.5), False),  # a fit gives other answers
        (UpdateClass.CERTIFIED, at_pace(3_000, 0.5), False),  # nobody knows yet
        (UpdateClass.CERTIFIED, at_pace(50_000, 1.5), False),  # the replay is nearly done
    ],
)
def test_a_fit_takes_the_place_of_a_replay_that_would_take_long(
    update_class: UpdateClass, replayed: Advance, worth: bool
) -> None:
    assert worth_refitting(spec(update_class), 200_000, replayed) is worth


def test_a_replay_that_is_given_up_for_a_fit_leads_to_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, models = Log(), ModelStore(tmp_path)
    restorer = Restorer("knn", spec(), log, models, made)
    trained = restorer.fitted(Manifest("item-knn", "1", {"k": 10}), 1_000)
    models.save("knn", trained.engine.state(), Manifest("item-knn", "1", {"k": 10}, log_position=1_000))
    replayed = restorer.restore(1, trained.engine.options_type())
    monkeypatch.setattr(restoring, "worth_refitting", lambda *_: True)
    fitted = restorer.restore(1, trained.engine.options_type())
    assert (replayed.stored.position, fitted.stored.position, fitted.position) == (1_000, 0, EVENTS)
    servable = np.ones(40, np.bool_)
    for user in range(60):
        query = Query(user, 10, servable, np.empty(0, np.int32))
        one, other = replayed.engine.recommend(query), fitted.engine.recommend(query)
        assert (one.items.tolist(), one.scores.tolist()) == (other.items.tolist(), other.scores.tolist())
