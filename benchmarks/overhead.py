"""The whole chain around an engine that does nothing, beside an empty echo of the same size. Needs h2load.

What is measured is everything between the wire and the engine: conversion, permission, admission, the checks of the
answer, and its record in the log of decisions.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from side_by_side import Load, check_tools, compare, footlight_server, table

import footlight
from footlight.v1 import recommendation_pb2 as pb

ITEMS = 1_000
IDENTITY = '''
"""Answers always the same items."""

from collections.abc import Mapping

import numpy as np

from footlight_plugins import EngineSpec, Events, Options, Query, Ranking, Recommender, State, TrainingRun, Verb, impl


class Identity(Recommender):
    """Ranks nothing."""

    def __init__(self, options: Options) -> None:
        self.items, self.scores = np.arange(1_000, dtype=np.int32), np.arange(1_000.0, 0.0, -1.0)

    def fit(self, events: Events, run: TrainingRun) -> Mapping[str, float]:
        return {}

    def apply(self, events: Events) -> int:
        return 0

    def knows(self, user: int) -> bool:
        return True

    def recommend(self, query: Query) -> Ranking:
        return Ranking(self.items[: query.count], self.scores[: query.count])

    def state(self) -> State:
        return State({}, {})

    def load(self, state: State) -> None:
        pass


@impl
def register_engines() -> list[EngineSpec]:
    return [
        EngineSpec(
            name="identity",
            verb=Verb.RECOMMEND,
            version="1",
            summary="Answers always the same items.",
            factory="identity:Identity",
            inline=True,
            needs_training=False,
        )
    ]
'''


def main() -> None:
    """Run everything and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    check_tools()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder), Load(options.seconds, options.rounds))
    print(json.dumps(figures, indent=2) if options.json else table(figures))


def _measure(folder: Path, load: Load) -> dict[str, float]:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "identity.py").write_text(IDENTITY)
    figures: dict[str, float] = {}
    with footlight_server(folder, "--plugins-dir", str(folder / "plugins")) as server:
        with footlight.Client(server.address) as client:
            client.put_items([footlight.Item(f"item-{n:04}", f"Item {n}") for n in range(ITEMS)])
            client.record_events([footlight.Event("somebody", "item-0999", footlight.EventKind.PLAY)])
        for count in (1, 10):
            request = pb.RecommendRequest(user_id="somebody", deployment="identity", count=count)
            measured = compare(folder, server, request, load)
            for name in ("", "bare_"):
                echo = measured[f"{name}echo_cpu_us_per_call"]
                measured[f"{name}added_cpu_us_per_call"] = measured["recommend_cpu_us_per_call"] - echo
            figures |= {f"items_{count}_{name}": value for name, value in measured.items()}
    return figures


if __name__ == "__main__":
    main()
