"""How long each engine takes to take in one event, and to forget one person, at the size of MovieLens-1M.

Called from Python in this process, on a synthetic log. Each engine is fitted to all of it; then people drawn at random do
one more thing each, and are forgotten. An engine that was asked to forget somebody must not know the person afterwards. What
reads pay later for what became stale is measured as well: the first answer after each event. ``--meanwhile`` lets other
people's events, drawn from the log, come in before each of them, whose rows nobody has read since.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from shapes import SHAPES, draw

from footlight_engines.recommend.ease import Ease, EaseOptions
from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_engines.recommend.popular import Popular
from footlight_engines.recommend.sequence import Sequence, SequenceOptions
from footlight_engines.recommend.user_knn import UserKnn, UserKnnOptions
from footlight_plugins import Events, Options, Query, TrainingRun

Figures = dict[str, dict[str, float]]


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=tuple(SHAPES), default="ml1m-shape")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--meanwhile", type=int, default=0, help="events of others before each measured one")
    parser.add_argument("--engines", default="item-knn,user-knn,popular,sequence,ease")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    user, item, value = draw(SHAPES[chosen.data], chosen.seed)
    shuffled = np.random.default_rng(0).permutation(len(user))
    events = Events.of(user[shuffled], item[shuffled], value[shuffled])
    people = np.random.default_rng(1).choice(int(user.max()) + 1, chosen.people, replace=False).tolist()
    engines = {
        "item-knn": ItemKnn(ItemKnnOptions()),
        "user-knn": UserKnn(UserKnnOptions()),
        "popular": Popular(Options()),
        "sequence": Sequence(SequenceOptions()),
        "ease": Ease(EaseOptions()),
    }
    measured = partial(_measured, events=events, people=people, meanwhile=chosen.meanwhile)
    result = {name: measured(engines[name]) for name in chosen.engines.split(",")}
    print(json.dumps(result, indent=2) if chosen.json else _table(result))


def _measured(engine: Any, events: Events, people: list[int], meanwhile: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        run = TrainingRun(seed=0, directory=Path(folder), report=lambda fraction, step, metrics: None)
        engine.fit(events, run)
    servable = np.ones(int(events.item.max()) + 1, np.bool_)
    queries = [Query(person, 10, servable) for person in people]
    items = np.random.default_rng(2).integers(len(servable), size=len(people))
    more = [Events.of([person], [int(item)], [5.0]) for person, item in zip(people, items, strict=True)]
    engine.recommend(queries[0])
    applied, asked = [], []
    for n, (event, query) in enumerate(zip(more, queries, strict=True)):
        for other in _events_of_others(events, meanwhile, n):
            engine.apply(other)
        applied.append(_timed(partial(engine.apply, event)))
        asked.append(_timed(partial(engine.recommend, query)))
    forgotten = [_timed(partial(engine.forget, person)) for person in people]
    if any(engine.knows(person) for person in people):
        sys.exit(f"{type(engine).__name__} still knows somebody whom it has forgotten")
    changed = [a + b for a, b in zip(applied, asked, strict=True)]
    figures = {"apply_ms": applied, "answer_ms": asked, "event_to_answer_ms": changed, "forget_ms": forgotten}
    return {name: _quantiles(took) for name, took in figures.items()}


def _events_of_others(events: Events, count: int, seed: int) -> Iterator[Events]:
    """People and items of the log, drawn apart from each other: most of the pairs are new."""
    rng = np.random.default_rng(1_000 + seed)
    users, items = (column[rng.integers(len(column), size=count)] for column in (events.user, events.item))
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        yield Events.of([user], [item], [4.0])


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def _quantiles(took: list[float]) -> dict[str, float]:
    return dict(zip(("p50", "p99", "most"), np.percentile(took, (50, 99, 100)).tolist(), strict=True))


def _table(result: dict[str, Figures]) -> str:
    whats = ("apply_ms", "answer_ms", "event_to_answer_ms", "forget_ms")
    lines = [f"{'ms (p50, p99, most)':<20}" + "".join(f"{what:>28}" for what in whats)]
    for name, figures in result.items():
        cells = [", ".join(f"{one:.3f}" for one in figures[what].values()) for what in whats]
        lines.append(f"{name:<20}" + "".join(f"{cell:>28}" for cell in cells))
    return "\n".join([*lines, f"load average {os.getloadavg()[0]:.2f}"])


if __name__ == "__main__":
    main()
