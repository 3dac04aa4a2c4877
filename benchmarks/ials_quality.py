"""The quality of `ials` beside implicit's ALS at equal factors: the same splits, the same people, full ranking.

Both get the same search: every combination of a few values of their two options that matter most, on the validation part
of each protocol. Then the test is measured once with the best, and with the defaults that each ships with.

    python benchmarks/ials_quality.py [--factors 64] [--protocols ms-ml100k,recbole-ml100k] [--json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from pydantic import Field
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix

from footlight_engines.recommend.ials import Ials
from footlight_plugins import Events, Options, Query, Ranking, Recommender, State, TrainingRun
from footlight_plugins.evaluation import Plan, contender, differences, evaluate_with, protocol_named, read_dataset

OURS: Mapping[str, tuple[float, ...]] = {"unobserved": (4.0, 8.0, 16.0, 32.0), "regularisation": (0.005, 0.01, 0.02)}
THEIRS: Mapping[str, tuple[float, ...]] = {"alpha": (0.1, 0.3, 1.0, 3.0), "regularization": (1.0, 3.0, 10.0, 30.0)}


class ImplicitOptions(Options):
    """Those of implicit's ALS, with its defaults."""

    factors: int = Field(default=100)
    iterations: int = Field(default=15)
    alpha: float = Field(default=1.0)
    regularization: float = Field(default=0.01)


class ImplicitAls(Recommender):
    """implicit's `AlternatingLeastSquares`, asked for its scores of everything."""

    options_type: ClassVar[type[Options]] = ImplicitOptions

    def __init__(self, options: Options) -> None:
        """Know nothing yet."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model = AlternatingLeastSquares(**options.model_dump(), random_state=0, num_threads=1)
        self._likes = csr_matrix((0, 0))

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        """Train on everything that was liked."""
        self._likes = csr_matrix((np.ones(len(events), np.float32), (events.user, events.item)))
        self._model.fit(self._likes, show_progress=False)
        return {}

    def knows(self, user: int) -> bool:
        """Whether the person was there in training."""
        return 0 <= user < self._likes.shape[0] and bool(self._likes[user].nnz)

    def recommend(self, query: Query) -> Ranking:
        """The best items that the person has not met."""
        if not self.knows(query.user):
            return Ranking.empty()
        scores = self._model.item_factors @ self._model.user_factors[query.user]
        scores[self._likes[query.user].indices] = -np.inf
        scores[query.exclude[query.exclude < len(scores)]] = -np.inf
        best = np.argsort(-scores, kind="stable")[: query.count]
        return Ranking(best.astype(np.int32), scores[best].astype(np.float64))

    def apply(self, events: Events) -> int:
        """Nothing: it is trained once."""
        return 0

    def state(self) -> State:
        """Nothing: it is not stored."""
        return State({}, {})

    def load(self, state: State) -> None:
        """Nothing."""


def best_options(
    engine: Any, grid: Mapping[str, tuple[float, ...]], fixed: dict[str, Any], data: Any, plan: Plan
) -> Any:
    """The combination with the best figure on the validation part, of the first seed."""
    looking = replace(plan, validation=True, seeds=plan.protocol.seeds[:1])
    found: dict[tuple[float, ...], float] = {}
    for values in itertools.product(*grid.values()):
        options = fixed | dict(zip(grid, values, strict=True))
        found[values] = evaluate_with(contender(engine, options), data, looking).metrics[plan.metric].mean
        print(f"  {engine.__name__} {options}: {found[values]:.4f}", file=sys.stderr)
    best, _ = max(found.items(), key=lambda pair: pair[1])
    return fixed | dict(zip(grid, best, strict=True))


def compare(protocol: str, factors: int, folder: Path) -> dict[str, Any]:
    """Both engines' figures on the test, and their difference."""
    data, plan, fixed = read_dataset(folder), Plan(protocol_named(protocol)), {"factors": factors}
    runs = {}
    for name, engine, grid in (("ials", Ials, OURS), ("implicit", ImplicitAls, THEIRS)):
        chosen = best_options(engine, grid, fixed, data, plan)
        for case, options in (("defaults", fixed), ("tuned", chosen)):
            runs[name, case] = evaluate_with(contender(engine, options), data, plan)
    metric = plan.metric
    rows = [
        {"engine": name, "case": case, "options": dict(run.contender.options), **run.metrics[metric].json()}
        for (name, case), run in runs.items()
    ]
    apart = {
        case: differences(runs["ials", case], runs["implicit", case])[metric].json() for case in ("defaults", "tuned")
    }
    return {"protocol": protocol, "metric": metric, "rows": rows, "ials_minus_implicit": apart}


def table_of(result: Mapping[str, Any]) -> Table:
    """The figures for people."""
    table = Table(title=f"{result['protocol']}, {result['metric']}")
    for column in ("engine", "options", "mean", "95 % interval"):
        table.add_column(column)
    for row in result["rows"]:
        low, high = row["ci95"]
        table.add_row(row["engine"], row["case"], f"{row['mean']:.4f}", f"{low:.4f} to {high:.4f}")
    for case, apart in result["ials_minus_implicit"].items():
        low, high = apart["ci95"]
        table.add_row("ials - implicit", case, f"{apart['mean']:+.4f}", f"{low:+.4f} to {high:+.4f}")
    return table


def main() -> None:
    """Compare by each protocol."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--protocols", default="ms-ml100k,recbole-ml100k")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    given = parser.parse_args()
    folder = Path(os.environ.get("FOOTLIGHT_DATA") or sys.exit("set FOOTLIGHT_DATA to the folder of the data sets"))
    results = [compare(protocol, given.factors, folder / "ml-100k") for protocol in given.protocols.split(",")]
    if not given.json:
        for result in results:
            Console(width=110).print(table_of(result))
    versions = {name: version(name) for name in ("implicit", "numpy")}
    print(json.dumps({"factors": given.factors, "versions": versions, "results": results}))


if __name__ == "__main__":
    main()
