"""How fast agents act and learn inside the process: batches of decisions, and learning from each batch.

Told by the clock, and by the processor time of this process, which is what counts on a machine that does other things.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from footlight_engines.act.linucb import LinUcb, LinUcbOptions
from footlight_engines.act.q_learning import QLearning, QLearningOptions
from footlight_plugins import Agent, Box, Discrete, Situations, Spaces, Transitions

BATCH = 1_024


def main() -> None:
    """Run both and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = _speed("q_learning_500x6_steps", _table(), options.seconds)
    found |= _speed("linucb_d32_10_actions_decisions", _bandit(), options.seconds)
    print(json.dumps(found) if options.json else "\n".join(f"{name:45} {value:,.0f}" for name, value in found.items()))


def _speed(name: str, work: Callable[[], int], seconds: float) -> dict[str, int]:
    work()
    done, started, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        done += work()
    by_clock, by_cpu = time.perf_counter() - started, time.process_time() - spent
    return {f"{name}_per_second": round(done / by_clock), f"{name}_per_cpu_second": round(done / by_cpu)}


def _batch(agent: Agent, observation: Any, reward: Any, following: Any, actions: int) -> Callable[[], int]:
    mask, exploit = np.ones((BATCH, actions), np.bool_), np.zeros(BATCH, np.bool_)
    ended, sessions = np.zeros(BATCH, np.bool_), np.arange(BATCH)
    turn = iter(range(1 << 40))

    def work() -> int:
        seeds = np.arange(BATCH, dtype=np.uint64) + np.uint64(next(turn) * BATCH)
        action = agent.decide_batch(Situations(observation, mask), seeds, exploit).action
        agent.learn(Transitions(observation, action, reward, following, ended, mask, session=sessions))
        return BATCH

    return work


def _table() -> Callable[[], int]:
    rng = np.random.default_rng(0)
    agent = QLearning(QLearningOptions(), Spaces(Discrete(500), Discrete(6)))
    return _batch(agent, rng.integers(500, size=BATCH), rng.normal(size=BATCH), rng.integers(500, size=BATCH), 6)


def _bandit() -> Callable[[], int]:
    rng = np.random.default_rng(0)
    space = Box((-np.inf,) * 32, (np.inf,) * 32)
    agent = LinUcb(LinUcbOptions(interactions="none"), Spaces(space, Discrete(10)))
    x = rng.normal(size=(BATCH, 32))
    return _batch(agent, x, rng.normal(size=BATCH), x, 10)


if __name__ == "__main__":
    main()
