"""Fitting item-item cosine neighbours: `item-knn` beside implicit and sparse_dot_topn, in turn, on the same preferences.

The clock of "table" starts where the peers' starts, with the preferences in memory by person, and stops when the table is
there that is then served and updated: candidates beyond k, overlaps, bounds. That of "log" starts with the events in random
order, and so includes building the preferences by person and by item. implicit starts from a CSR matrix; sparse_dot_topn
from the same, scaled to unit columns in float32 within the clock. All use the same number of threads. Processor time is
noted beside the clock: on a machine that others use as well its ratio is the steadier one. Memory is the growth of the peak
of a process of its own, which does nothing else, over what it held when the fit began.

Then the k best similarities of every item are compared: the sorted values must agree, so items may differ only where they
tie at rank k. (The peers let an item be its own neighbour: they are asked for one more, and the item itself is dropped.)
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
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
from scipy.sparse import csr_matrix, diags
from shapes import SHAPES, draw
from sparse_dot_topn import sp_matmul_topn

from footlight_engines.recommend.item_knn import ItemKnn, ItemKnnOptions
from footlight_plugins import Events, Query, TrainingRun

Log = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Contenders = dict[str, Callable[[], Any]]

_ROUNDING = {"implicit": 1e-9, "sparse_dot_topn": 1e-3}
"""By how much similarities may differ: sparse_dot_topn sums tens of thousands of terms in float32."""


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("gowalla", "ml-100k", *SHAPES), default="gowalla")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("FOOTLIGHT_DATA", ".")))
    parser.add_argument("--binary", action="store_true", help="let every value be 1")
    parser.add_argument("--seed", type=int, default=20, help="of the synthetic sets")
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time, and print JSON")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])  # ours takes one thread a core
    user, item, value = read(chosen)
    result = _measure((user, item, np.ones(len(user)) if chosen.binary else value), chosen)
    print(json.dumps(result, indent=2) if chosen.json or chosen.memory else _table(result))
    if not chosen.memory and any(result["worst_difference"][peer] > bound for peer, bound in _ROUNDING.items()):
        sys.exit("the similarities differ")


def read(chosen: argparse.Namespace) -> Log:
    """Users, items and values."""
    if chosen.data in SHAPES:
        return draw(SHAPES[chosen.data], chosen.seed)
    if chosen.data == "ml-100k":
        ratings = np.loadtxt(chosen.folder / "ml-100k" / "ml-100k.inter", skiprows=1)
        return (ratings[:, 0] - 1).astype(np.int32), (ratings[:, 1] - 1).astype(np.int32), ratings[:, 2]
    with np.load(chosen.folder / "gowalla" / "gowalla.npz", allow_pickle=False) as stored:
        items = stored["train_items"]
        users = np.repeat(np.arange(len(stored["train_indptr"]) - 1, dtype=np.int32), np.diff(stored["train_indptr"]))
    return users, items, np.ones(len(items))


def _measure(log: Log, chosen: argparse.Namespace) -> dict[str, Any]:
    user, item, value = log
    shuffled = np.random.default_rng(0).permutation(len(user))  # a log is in no order of people or items
    events = Events.of(user[shuffled], item[shuffled], value[shuffled])
    matrix, ours = csr_matrix((value, (user, item))), ItemKnn(ItemKnnOptions(k=chosen.k, shrinkage=0.0))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # implicit's, on its own matrix format
        run = TrainingRun(seed=0, directory=Path(folder), report=lambda fraction, step, metrics: None)
        few = events.take(slice(0, 10_000))
        contenders: Contenders = {
            "log": lambda: ours.fit(events, run),
            "table": lambda: ours.refit(run),
            "implicit": lambda: _implicit(matrix, chosen),
            "sparse_dot_topn": lambda: _sparse_dot_topn(matrix, chosen),
        }

        def warm_up() -> None:
            ItemKnn(ItemKnnOptions(k=chosen.k, shrinkage=0.0)).fit(few, run)

        if chosen.memory:
            return {
                "set": chosen.data,
                "memory_mb": {name: _memory_of(name, contenders, warm_up) for name in contenders},
            }
        warm_up()
        ours.fit(events, run)
        times, made = _interleave(contenders, chosen.rounds)
    differences = {peer: _worst_difference(ours, made[peer], chosen.k) for peer in ("implicit", "sparse_dot_topn")}
    best, least = (min(times[peer][of] for peer in _ROUNDING) for of in ("median", "processor"))
    return {
        "set": chosen.data + (" binary" if chosen.binary else ""),
        "people": int(matrix.shape[0]),
        "items": int(matrix.shape[1]),
        "preferences": len(user),
        "k": chosen.k,
        "threads": chosen.threads,
        "rounds": chosen.rounds,
        "seconds": times,
        "times_as_fast_as_best_peer": {name: best / times[name]["median"] for name in ("table", "log")},
        "times_as_fast_by_processor_time": {name: least / times[name]["processor"] for name in ("table", "log")},
        "worst_difference": differences,
        "versions": {name: version(name) for name in ("implicit", "sparse_dot_topn", "numba", "numpy", "scipy")},
        "python": platform.python_version(),
        "load_at_end": os.getloadavg()[0],
    }


def _implicit(matrix: Any, chosen: argparse.Namespace) -> Any:
    model = CosineRecommender(K=chosen.k + 1, num_threads=chosen.threads)
    model.fit(matrix, show_progress=False)
    return model.similarity


def _sparse_dot_topn(matrix: Any, chosen: argparse.Namespace) -> Any:
    columns = matrix.astype(np.float32)
    norms = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0))).ravel()
    columns = columns @ diags(1.0 / np.maximum(norms, 1e-30).astype(np.float32))
    return sp_matmul_topn(columns.T.tocsr(), columns.tocsr(), top_n=chosen.k + 1, n_threads=chosen.threads)


def _interleave(contenders: Contenders, rounds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Seconds and results of each, in turn, so that what else the machine does falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    busy: dict[str, list[float]] = {name: [] for name in contenders}
    made: dict[str, Any] = {}
    for _ in range(rounds):
        for name, fit in contenders.items():
            made.pop(name, None)
            start, before = time.perf_counter(), time.process_time()
            made[name] = fit()
            seconds[name].append(time.perf_counter() - start)
            busy[name].append(time.process_time() - before)
    times = {
        n: {"median": statistics.median(s), "min": min(s), "max": max(s), "processor": statistics.median(busy[n])}
        for n, s in seconds.items()
    }
    return times, made


def _memory_of(name: str, contenders: Contenders, warm_up: Callable[[], Any]) -> float:
    """By how many MB the peak of a process of its own grows while it fits.

    It is a copy of this one, which must not have started threads.
    """
    context = multiprocessing.get_context("fork")
    found, told = context.Pipe(duplex=False)

    def fit_there() -> None:
        warm_up()  # compiles, or reads the compiled code
        if name == "table":
            contenders["log"]()
        ctypes.CDLL(None).malloc_trim(0)  # what was freed is not to be used again unseen
        before = _start_peak()
        contenders[name]()
        told.send(_status("VmHWM") - before)

    process = context.Process(target=fit_there)
    process.start()
    growth = float(found.recv())
    process.join()
    return growth


def _start_peak() -> float:
    """Let the peak of this process begin anew; return what it holds now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def _worst_difference(ours: ItemKnn, theirs: Any, k: int) -> float:
    """The largest difference of the sorted k best similarities, over all items."""
    query, worst = Query(-1, 1_000, np.ones(theirs.shape[1], np.bool_)), 0.0
    for item in range(theirs.shape[0]):
        row = slice(theirs.indptr[item], theirs.indptr[item + 1])
        values, others = theirs.data[row], theirs.indices[row]
        expected = np.sort(values[(others != item) & (values > 0)])[::-1][:k]
        found = ours.similar(item, query).scores
        if len(found) != len(expected):
            return float("inf")
        worst = max(worst, float(np.abs(found - expected).max(initial=0.0)))
    return worst


def _table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['set']}: {result['people']:,} people, {result['items']:,} items, {result['preferences']:,} preferences; "
        f"k = {result['k']}, {result['threads']} threads, {result['rounds']} rounds in turn",
        f"{'':16} {'median':>9} {'min':>9} {'max':>9} {'processor':>9}   seconds",
    ]
    for name, times in result["seconds"].items():
        figures = " ".join(f"{times[of]:9.3f}" for of in ("median", "min", "max", "processor"))
        lines.append(f"{name:16} {figures}")
    ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in result["times_as_fast_as_best_peer"].items())
    ratios += ", by processor time " + ", ".join(
        f"{name} {ratio:.2f}" for name, ratio in result["times_as_fast_by_processor_time"].items()
    )
    lines.append(f"times as fast as the better peer: {ratios}")
    differences = ", ".join(f"{name} {worst:.1e}" for name, worst in result["worst_difference"].items())
    lines.append(f"largest difference of a similarity: {differences}")
    named = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines.append(f"Python {result['python']}, {named}; load average {result['load_at_end']:.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
