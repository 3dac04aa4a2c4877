"""A news page through the public API: two people, morning and afternoon, seven articles, and tastes that change.

The simulation is that of the contextual bandit tutorial of Vowpal Wabbit: Tom likes politics in the morning and music in
the afternoon, Anna sports and politics; then they change. Measured are the click rates of the last thousand visits before
the change and of the first thousand after it.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from side_by_side import footlight_server

import footlight
from footlight import AgentSettings, DictSpace, DiscreteSpace, DriftPolicy, SessionEnd, Step

ARTICLES = ("politics", "sports", "music", "food", "finance", "health", "camping")
BEFORE = {(0, 0): "politics", (0, 1): "music", (1, 0): "sports", (1, 1): "politics"}
"""What is liked, by person (Tom, Anna) and time of day (morning, afternoon)."""
CHANGED = {(0, 0): "music", (0, 1): "camping", (1, 0): "finance", (1, 1): "food"}
"""Nothing of what was liked before is."""


def main() -> None:
    """Run one engine and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="linucb")
    parser.add_argument("--visits", type=int, default=10_000)
    parser.add_argument("--change", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-alarm", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        footlight_server(Path(folder)) as server,
        footlight.Client(server.address) as client,
    ):
        rates = [_play(client, options, seed) for seed in range(options.seeds)]
    found = {
        "engine": options.engine,
        "last_1000_before": [round(before, 4) for before, _ in rates],
        "first_1000_after": [round(after, 4) for _, after in rates],
        "mean_before": round(sum(before for before, _ in rates) / len(rates), 4),
        "mean_after": round(sum(after for _, after in rates) / len(rates), 4),
    }
    print(json.dumps(found) if options.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))


def _play(client: footlight.Client, options: argparse.Namespace, seed: int) -> tuple[float, float]:
    name, rng = f"news-{options.engine}-{seed}", random.Random(seed)
    space = DictSpace({"who": DiscreteSpace(2), "when": DiscreteSpace(2)})
    settings = AgentSettings(drift=DriftPolicy(enabled=not options.no_alarm))
    client.create_agent(name, space, len(ARTICLES), deployment=options.engine, seed=seed, settings=settings)
    clicks: list[float] = []
    with client.interact(name) as stream:
        for visit in range(options.visits):
            who, when = rng.randrange(2), rng.randrange(2)
            liked = (BEFORE if visit < options.change else CHANGED)[who, when]
            decision = stream.step(Step(f"v{visit}", {"who": who, "when": when}))
            clicks.append(float(ARTICLES[decision.action] == liked))
            stream.end(SessionEnd(f"v{visit}", reward=clicks[-1]))
    at = options.change
    return sum(clicks[at - 1_000 : at]) / 1_000, sum(clicks[at : at + 1_000]) / 1_000


if __name__ == "__main__":
    main()
