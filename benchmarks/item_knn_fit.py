"""Fitting item-item cosine neighbours: `item-knn` beside implicit's CosineRecommender, in turn, on the same log.

Ours starts from events and is timed until everything is there that is then served and updated: preferences by person and
by item, and the table of candidates with their bounds. implicit starts from a CSR matrix that is built outside the clock.
Both use the same number of threads. Then the k best similarities of every item are compared: the sorted values of both
must agree, so items may differ only where they tie at rank k. (implicit lets an item be its own neighbour: it is asked
for one more, and the item itself is dropped.)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from implicit.nearest_neighbours import CosineRecommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_plugins import Events, Query, TrainingRun


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("FOOTLIGHT_DATA", ".")))
    parser.add_argument("--set", choices=("gowalla", "ml-100k"), default="gowalla")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])  # ours takes one thread a core
    result = _measure(_read(chosen.data, chosen.set), chosen)
    print(json.dumps(result, indent=2) if chosen.json else _table(result))
    if result["worst_difference"] > 1e-9:
        sys.exit("the similarities differ")


def _read(data: Path, name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Users, items and values."""
    if name == "ml-100k":
        ratings = np.loadtxt(data / "ml-100k" / "ml-100k.inter", skiprows=1)
        return (ratings[:, 0] - 1).astype(np.int32), (ratings[:, 1] - 1).astype(np.int32), ratings[:, 2]
    with np.load(data / "gowalla" / "gowalla.npz", allow_pickle=False) as stored:
        items = stored["train_items"]
        users = np.repeat(np.arange(len(stored["train_indptr"]) - 1, dtype=np.int32), np.diff(stored["train_indptr"]))
    return users, items, np.ones(len(items))


def _measure(log: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], chosen: argparse.Namespace) -> dict[str, Any]:
    user, item, value = log
    shuffled = np.random.default_rng(0).permutation(len(user))  # a log is in no order of people or items
    events = Events.of(user[shuffled], item[shuffled], value[shuffled])
    matrix = csr_matrix((value, (user, item)))
    ours = ItemKnn(ItemKnnOptions(k=chosen.k))
    theirs = CosineRecommender(K=chosen.k, num_threads=chosen.threads)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # implicit's, on its own matrix format
        run = TrainingRun(seed=0, directory=Path(folder), report=lambda fraction, step, metrics: None)
        ours.fit(events, run)  # compiles, or reads the compiled code
        times = _interleave(
            {"item-knn": lambda: ours.fit(events, run), "implicit": lambda: theirs.fit(matrix, show_progress=False)},
            chosen.rounds,
        )
        difference = _worst_difference(ours, matrix, chosen)
    return {
        "set": chosen.set,
        "people": int(matrix.shape[0]),
        "items": int(matrix.shape[1]),
        "preferences": len(user),
        "k": chosen.k,
        "threads": chosen.threads,
        "rounds": chosen.rounds,
        "seconds": times,
        "ratio_of_medians": times["implicit"]["median"] / times["item-knn"]["median"],
        "worst_difference": difference,
        "versions": {name: version(name) for name in ("implicit", "numba", "numpy", "scipy")},
        "python": platform.python_version(),
        "load_at_end": os.getloadavg()[0],
    }


def _interleave(fits: dict[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of each fit, the fits in turn, so that what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in fits}
    for _ in range(rounds):
        for name, fit in fits.items():
            start = time.perf_counter()
            fit()
            seconds[name].append(time.perf_counter() - start)
    return {n: {"median": statistics.median(s), "min": min(s), "max": max(s)} for n, s in seconds.items()}


def _worst_difference(ours: ItemKnn, matrix: Any, chosen: argparse.Namespace) -> float:
    """The largest difference of the sorted k best similarities, over all items."""
    theirs = CosineRecommender(K=chosen.k + 1, num_threads=chosen.threads)
    theirs.fit(matrix, show_progress=False)
    query, worst = Query(-1, 1_000, np.ones(matrix.shape[1], np.bool_)), 0.0
    for item in range(matrix.shape[1]):
        row = theirs.similarity[item]
        expected = np.sort(row.data[(row.indices != item) & (row.data > 0)])[::-1][: chosen.k]
        found = ours.similar(item, query).scores
        if len(found) != len(expected):
            return float("inf")
        worst = max(worst, float(np.abs(found - expected).max(initial=0.0)))
    return worst


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['set']}: {result['people']:,} people, {result['items']:,} items, {result['preferences']:,} preferences; "
        f"k = {result['k']}, {result['threads']} threads, {result['rounds']} rounds in turn",
        f"{'':10} {'median':>9} {'min':>9} {'max':>9}   seconds",
    ]
    for name, times in result["seconds"].items():
        lines.append(f"{name:10} {times['median']:9.3f} {times['min']:9.3f} {times['max']:9.3f}")
    lines.append(
        f"ratio of medians {result['ratio_of_medians']:.2f}; largest difference {result['worst_difference']:.1e}"
    )
    named = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines.append(f"Python {result['python']}, {named}; load average {result['load_at_end']:.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
