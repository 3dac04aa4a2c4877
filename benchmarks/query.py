"""One person's top-10 of `item-knn`, warm, called from Python, beside implicit's with the person's row sliced beforehand.

Both answer from neighbours that they computed themselves, k = 50, for the same people in turn, without a short list, as
implicit does it. Then the answers are compared: the scores must agree, and where no two of them tie the items, too.
`item-knn` with its defaults (k = 100, and a short list that is ranked anew) and `user-knn` are timed as well; implicit has
nothing like them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from implicit.nearest_neighbours import CosineRecommender
from item_knn_fit import read
from scipy.sparse import csr_matrix
from shapes import SHAPES

from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_engines.recommend.user_knn import UserKnn, UserKnnOptions
from footlight_plugins import Call, Events, Query, TrainingRun


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("gowalla", "ml-100k", *SHAPES), default="ml1m-shape")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("FOOTLIGHT_DATA", ".")))
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = _measure(chosen)
    print(json.dumps(result, indent=2) if chosen.json else _table(result))
    if result["answers_that_differ"]:
        sys.exit("the answers differ")


def _measure(chosen: argparse.Namespace) -> dict[str, Any]:
    user, item, value = read(chosen)
    events, matrix = Events.of(user, item, value), csr_matrix((value, (user, item)))
    ours = ItemKnn(ItemKnnOptions(k=50, shrinkage=0.0, short_list=0))
    shipped, people_like = ItemKnn(ItemKnnOptions()), UserKnn(UserKnnOptions())
    theirs = CosineRecommender(K=51, num_threads=1)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = TrainingRun(seed=0, directory=Path(folder), report=lambda fraction, step, metrics: None)
        ours.fit(events, run)
        shipped.fit(events, run)
        people_like.fit(events, run)
        theirs.fit(matrix, show_progress=False)
        _leave_out_itself(theirs)
    people = (
        np.random.default_rng(1).choice(matrix.shape[0], min(chosen.people, matrix.shape[0]), replace=False).tolist()
    )
    servable = np.ones(matrix.shape[1], np.bool_)
    queries = [Query(person, 10, servable) for person in people]
    rows = [matrix[person] for person in people]
    asked: dict[str, list[Callable[[], Any]]] = {
        "item-knn": [partial(ours.recommend, query) for query in queries],
        "implicit": [partial(theirs.recommend, person, row, N=10) for person, row in zip(people, rows, strict=True)],
        "defaults": [partial(shipped.recommend, query) for query in queries],
        "user-knn": [partial(people_like.recommend, query) for query in queries],
    }
    asked_at_once: dict[str, list[Callable[[], Any]]] = {"batch": [lambda: ours.recommend_batch(queries, Call())]}
    batch = _interleave(asked_at_once, chosen.rounds)["batch"]["p50"] / len(queries)
    times = _interleave(asked, chosen.rounds)
    return {
        "set": chosen.data,
        "people": len(people),
        "microseconds": times,
        "batch_microseconds_a_person": batch,
        "times_as_fast": times["implicit"]["p50"] / times["item-knn"]["p50"],
        "answers_that_differ": _differing(asked["item-knn"], asked["implicit"]),
        "versions": {name: version(name) for name in ("implicit", "numba", "numpy")},
        "load_at_end": os.getloadavg()[0],
    }


def _leave_out_itself(model: Any) -> None:
    """Drop each item from its own neighbours, of which implicit keeps it as one."""
    similarity = model.similarity.tolil()
    similarity.setdiag(0.0)
    model.similarity = similarity.tocsr()
    model.similarity.eliminate_zeros()
    model.scorer = type(model.scorer)(model.similarity) if getattr(model, "scorer", None) is not None else None


def _interleave(asked: dict[str, list[Callable[[], Any]]], rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds of a call: the contenders in turn, each with all people, over so many rounds."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for n in range(rounds + 1):
        for name, calls in asked.items():
            for call in calls:
                start = time.perf_counter()
                call()
                if n:  # the first round warms up
                    taken[name].append((time.perf_counter() - start) * 1e6)
    return {
        name: dict(zip(("p50", "p99"), np.percentile(t, (50, 99)).tolist(), strict=True)) for name, t in taken.items()
    }


def _differing(ours: list[Callable[[], Any]], theirs: list[Callable[[], Any]]) -> int:
    """How many answers differ: in a score by more than rounding, or in an item whose score no other one ties with."""
    return sum(not _same(a(), b()) for a, b in zip(ours, theirs, strict=True))


def _same(ranking: Any, theirs: Any) -> bool:
    size = len(ranking.items)
    items, scores = theirs[0][:size], theirs[1][:size]
    if not np.allclose(ranking.scores, scores, rtol=1e-6):
        return False
    gaps = np.abs(np.diff(scores)) > 1e-6 * np.abs(scores[1:])
    apart = np.concatenate([[True], gaps]) & np.concatenate(
        [gaps, [False]]
    )  # the last one may tie with what was left out
    return bool((ranking.items == items)[apart].all())


def _table(result: dict[str, Any]) -> str:
    lines = [f"{result['set']}, {result['people']} people, top 10", f"{'':10} {'p50':>9} {'p99':>9}   µs a call"]
    for name, times in result["microseconds"].items():
        lines.append(f"{name:10} {times['p50']:9.1f} {times['p99']:9.1f}")
    lines.append(f"item-knn in a batch: {result['batch_microseconds_a_person']:.1f} µs a person")
    lines.append(f"item-knn is {result['times_as_fast']:.2f} times as fast as implicit with the row sliced beforehand")
    lines.append(f"answers that differ: {result['answers_that_differ']}; load average {result['load_at_end']:.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
