"""What a part of a plug-in adds to a call: python benchmarks/parts.py --rounds 40

Parts that do next to nothing, so that what is measured is the way to them and back: the thread, the checks, the record.
Calls with and without a part are made in turn, one after the other; the figure is the median of the differences.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from side_by_side import footlight_server

from footlight import AgentSettings, Client, Event, EventKind, Item, RewardPolicy

ITEMS = 1_000
PARTS = '''
"""Parts that do next to nothing."""

import numpy as np

from footlight_plugins import (
    CandidateSource, EventListener, Options, PartRole, PartSpec, Query, Ranking, ReRanker, RewardShaper, Shortlist,
    Transitions, impl,
)


class AsItIs(ReRanker):
    def __init__(self, options: Options) -> None:
        """Knows nothing."""

    def order(self, shortlist: Shortlist):
        return np.arange(shortlist.count)


class Last(CandidateSource):
    def __init__(self, options: Options) -> None:
        """Knows nothing."""

    def propose(self, query: Query) -> Ranking:
        best = np.array([len(query.servable) - 1, len(query.servable) - 2], np.int32)[: query.count]
        return Ranking(best, np.zeros(len(best)))


class Bare(RewardShaper):
    def __init__(self, options: Options) -> None:
        """Knows nothing."""

    def shape(self, steps: Transitions):
        return steps.reward.copy()


class Deaf(EventListener):
    def __init__(self, options: Options) -> None:
        """Knows nothing."""

    def hear(self, happened) -> None:
        """Pass it on to nobody."""

    def forget(self, user: int) -> None:
        """There is nothing to forget."""


@impl
def register_parts():
    return [
        PartSpec("as-it-is", PartRole.RE_RANKER, "1", "Changes nothing.", "idle:AsItIs"),
        PartSpec("last", PartRole.CANDIDATE_SOURCE, "1", "What was put last.", "idle:Last"),
        PartSpec("bare", PartRole.REWARD_SHAPER, "1", "Changes nothing.", "idle:Bare"),
        PartSpec("deaf", PartRole.EVENT_LISTENER, "1", "Hears and does nothing.", "idle:Deaf"),
    ]
'''
ORDERS = (
    *("--rerank", "reranked=as-it-is", "--rerank", "both=as-it-is"),
    *("--source", "sourced=last:share=0.2", "--source", "both=last:share=0.2"),
)
Call = Callable[[], Any]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=40,
        help="how often each call is made 50 times in a row (a batch: 5)",
    )
    parser.add_argument("--isolated", action="store_true", help="give each part a process of its own")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    home = ("--isolate", "plugin:idle") if options.isolated else ()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        figures = measure(Path(folder), servers, options.rounds, home)
    print(json.dumps(figures, indent=2) if options.json else table(figures))


def measure(folder: Path, servers: ExitStack, rounds: int, home: tuple[str, ...] = ()) -> dict[str, dict[str, float]]:
    """Microseconds of each call, and what the part adds to them."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "idle.py").write_text(PARTS)
    both = (("a", home), ("b", ("--listener", "deaf", *home)))
    here, there = (_client(folder, servers, name, more) for name, more in both)
    for name in ("plain", "reranked", "sourced", "both"):
        here.create_deployment(name, "popular")
    recommends = {name: _recommend(here, name) for name in ("plain", "reranked", "sourced", "both")}
    batches = {name: _batch(here, name) for name in ("plain", "reranked", "sourced", "both")}
    acts = {name: _act(here, name) for name in ("bare rewards", "shaped rewards")}
    rewards = {name: _reward(here, name) for name in acts}
    records = {"no listener": _record(here), "a listener": _record(there)}
    figures: dict[str, dict[str, float]] = {}
    kinds = {"Recommend": recommends, "BatchRecommend, 64": batches, "Act": acts, "Act, Reward": rewards}
    for what, calls in {**kinds, "RecordEvents": records}.items():
        compared = _compared(calls, rounds, 5 if what.startswith("Batch") else 50)
        figures |= {f"{what}: {name}": found for name, found in compared.items()}
    return figures


def _client(folder: Path, servers: ExitStack, name: str, more: Sequence[str]) -> Client:
    """A client of a server with a catalogue and some events."""
    (folder / name).mkdir()
    options = ("--plugins-dir", str(folder / "plugins"), *ORDERS, *more)
    server = servers.enter_context(footlight_server(folder / name, *options))
    client = servers.enter_context(Client(server.address))
    client.put_items([Item(f"item-{n:04}") for n in range(ITEMS)])
    client.record_events([Event(f"p{n % 100}", f"item-{n % 700:04}", EventKind.PLAY) for n in range(2_000)])
    return client


def _recommend(client: Client, name: str) -> Call:
    return lambda: client.recommend("p1", 10, deployment=name)


def _batch(client: Client, name: str) -> Call:
    people = [f"p{n}" for n in range(64)]
    return lambda: client.recommend_batch(people, 10, deployment=name)


def _agent(client: Client, name: str, what: str) -> str:
    policy = RewardPolicy(shaper="bare") if name.startswith("shaped") else RewardPolicy()
    # A deployment for each: all agents of one are asked on a thread where one of them is shaped.
    deployment = client.create_deployment(f"{what}-{name}".replace(" ", "-"), "q-learning").name
    return client.create_agent(deployment, 8, 3, deployment=deployment, settings=AgentSettings(reward=policy)).agent_id


def _act(client: Client, name: str) -> Call:
    """A step that brings the reward of the one before."""
    agent = _agent(client, name, "acts")
    client.act(agent, "s", 0)
    return lambda: client.act(agent, "s", 1, reward=1.0)


def _reward(client: Client, name: str) -> Call:
    """A step, and then its reward."""
    agent = _agent(client, name, "is paid")
    return lambda: client.reward(client.act(agent, "s", 1).decision_id, 1.0)


def _record(client: Client) -> Call:
    return lambda: client.record_events([Event("p1", "item-0001", EventKind.PLAY)])


def _compared(calls: Mapping[str, Call], rounds: int, times: int) -> dict[str, dict[str, float]]:
    """Of each call the median round in microseconds, and the median of what it takes more than the first."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(rounds + 1):
        for name, call in calls.items():
            seconds = _timed(call, times)
            if round_number:  # the first one warms up
                taken[name].append(seconds * 1e6)
    first = next(iter(taken.values()))
    return {
        name: {
            "call_us": round(statistics.median(found), 1),
            "added_us": round(statistics.median(a - b for a, b in zip(found, first, strict=True)), 1),
        }
        for name, found in taken.items()
    }


def _timed(call: Call, times: int) -> float:
    """Seconds of one of several calls in a row."""
    begin = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - begin) / times


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """A line a call."""
    lines = [f"{'':36} {'us a call':>12} {'added':>10}"]
    lines += [f"{name:36} {found['call_us']:12,.0f} {found['added_us']:10,.0f}" for name, found in figures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
