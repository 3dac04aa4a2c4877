"""Trains a contender on one split, asks it about everybody in the test, and keeps the time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from footlight_plugins.contract import Call, TrainingRun
from footlight_plugins.data import Query
from footlight_plugins.evaluation.contender import Contender
from footlight_plugins.evaluation.dataset import Dataset, Rows, Values, distinct, occurs, within_groups
from footlight_plugins.evaluation.lists import Lists
from footlight_plugins.evaluation.progress import Progress
from footlight_plugins.evaluation.splits import Split, pair_keys
from footlight_plugins.roles import Recommender

BATCH = 1_024
"""How many people are asked about at once."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A recommender that has learned from a split, and how long that took."""

    engine: Recommender
    seconds: float


def train(contender: Contender, data: Dataset, split: Split, values: Values, progress: Progress) -> Trained:
    """Make an engine, tell it the catalogue where it reads it, and let it learn."""

    def report(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
        progress("training", round(1_000 * fraction), 1_000)

    engine, events = contender.make(), data.events(split.train, values)
    progress("training", 0, 1_000)
    started = time.perf_counter()
    if contender.reads_catalogue:
        engine.describe(data.contents)
    with tempfile.TemporaryDirectory(prefix="footlight-evaluate-") as folder:
        engine.fit(events, TrainingRun(split.seed, Path(folder), report))
    while engine.pending:
        engine.settle()
    seconds = time.perf_counter() - started
    progress("training", 1_000, 1_000)
    return Trained(engine, seconds)


def rank(engine: Recommender, data: Dataset, split: Split, count: int, progress: Progress) -> Lists:
    """Ask for a ranking of everybody in the test.

    Raises
    ------
    ValueError
        When the engine answers what it must not.
    """
    people = distinct(data.user[split.test])
    servable = np.ones(data.items, np.bool_) if split.candidates is None else split.candidates
    masked = _by_person(data, split.masked)
    found = np.full((len(people), count), -1, np.int32)
    for start in range(0, len(people), BATCH):
        part = people[start : start + BATCH].tolist()
        queries = [
            Query(user, count, servable, masked.get(user, _NOTHING), seed=split.seed * 1_000_003 + user)
            for user in part
        ]
        for row, answer in enumerate(engine.recommend_batch(queries, Call()), start):
            found[row, : len(answer.items)] = answer.items
        progress("ranking", start + len(part), len(people))
    lists = Lists(people, found)
    _check(lists, data, split, servable)
    return lists


_NOTHING = np.empty(0, np.int32)


def _by_person(data: Dataset, rows: Rows) -> dict[int, NDArray[np.int32]]:
    order = rows[np.argsort(data.user[rows], kind="stable")]
    starts = np.flatnonzero(within_groups(data.user[order]) == 0)
    parts = np.split(data.item[order], starts[1:])
    return dict(zip(data.user[order][starts].tolist(), parts, strict=True)) if len(rows) else {}


def _check(lists: Lists, data: Dataset, split: Split, servable: NDArray[np.bool_]) -> None:
    """Raise ValueError for an answer that would spoil the figures."""
    filled = lists.items >= 0
    if lists.items.max(initial=-1) >= data.items or not servable[lists.items[filled]].all():
        raise ValueError("the engine answered an item that may not be answered")
    ordered = np.sort(lists.items, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("the engine answered an item twice in one list")
    keys = (lists.users[:, None].astype(np.int64) * data.items + lists.items)[filled]
    if occurs(keys, pair_keys(data, np.concatenate([split.train, split.masked]))).any():
        raise ValueError("the engine answered an item that the person has met")


def popular(data: Dataset, split: Split, count: int) -> Lists:
    """What the order of popularity in the training rows would answer: most rows first, the smaller ordinal among equals."""
    people = distinct(data.user[split.test])
    counts = np.bincount(data.item[split.train], minlength=data.items)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    if split.candidates is not None:
        order = order[split.candidates[order]]
    met = _by_person(data, np.concatenate([split.train, split.masked]))
    found, fresh = np.full((len(people), count), -1, np.int32), np.ones(data.items, np.bool_)
    for row, user in enumerate(people.tolist()):
        seen = met.get(user, _NOTHING)
        head = order[: count + len(seen)]
        fresh[seen] = False
        best = head[fresh[head]][:count]
        fresh[seen] = True
        found[row, : len(best)] = best
    return Lists(people, found)


def predict(engine: Recommender, data: Dataset, rows: Rows, progress: Progress) -> NDArray[np.float64]:
    """The ratings that the engine expects of rows, shape (n,), cut to the range of the file's ratings."""
    assert data.value is not None
    order = np.argsort(data.user[rows], kind="stable")
    people, starts = np.unique(data.user[rows][order], return_index=True)
    found = np.empty(len(rows), np.float64)
    for done, (user, part) in enumerate(zip(people.tolist(), np.split(order, starts[1:]), strict=True), 1):
        found[part] = engine.predict(user, data.item[rows[part]])
        if done % BATCH == 0 or done == len(people):
            progress("predicting", done, len(people))
    return np.clip(found, data.value.min(), data.value.max())
