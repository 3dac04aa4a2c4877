"""The kernels of Q-learning and SARSA against slow, obvious oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels import tabular
from footlight_engines.kernels import temporal_difference as td
from footlight_engines.kernels.compiling import kernel

epsilon_greedy, move_towards = kernel()(tabular.epsilon_greedy), kernel()(td.move_towards)

GAMMA, RATE = 0.9, np.array([0.3, 0.0, 0.0])
S, A = 5, 3


class Walk:
    """Steps of two sessions that take turns, some of which end."""

    def __init__(self, seed: int, n: int = 40) -> None:
        rng = np.random.default_rng(seed)
        self.slot = np.arange(n) % 2
        self.fresh = np.zeros(n, np.bool_)
        self.action, self.reward = rng.integers(A, size=n), rng.normal(size=n)
        self.following = rng.integers(S, size=n)
        self.observation = np.concatenate([rng.integers(S, size=2), self.following[:-2]])
        self.terminated, cut = rng.random(n) < 0.15, rng.random(n) < 0.1
        self.over = self.terminated | cut
        self.mask = rng.random((n, A)) < 0.6
        self.mask[np.arange(n), rng.integers(A, size=n)] = True

    def columns(self) -> Any:
        names = ("slot", "fresh", "observation", "action", "reward", "following", "terminated", "over", "mask")
        return tuple(getattr(self, name) for name in names)


def tables(count: int = 1) -> NDArray[np.float64]:
    return np.full((count, S, A), 0.5)


def scratch(steps: int) -> Any:
    """Counts and traces for two sessions."""
    return np.zeros((S, A), np.int64), np.zeros((2, steps, 2), np.int64), np.zeros((2, steps)), np.zeros(2, np.int64)


def off_policy(walk: Walk, steps: int, epsilon: float = 0.0, count: int = 1) -> NDArray[np.float64]:
    q, n = tables(count), len(walk.action)
    learner = np.arange(n) % count
    arguments: Any = (q, *scratch(steps), *walk.columns(), learner, np.full(n, epsilon), RATE, GAMMA)
    td.learn_off_policy(*arguments)
    return q


def worth(row: NDArray[np.float64], judge: NDArray[np.float64], mask: NDArray[np.bool_], epsilon: float) -> float:
    """What an observation is worth if one goes on epsilon-greedily."""
    allowed = [a for a in range(A) if mask[a]]
    best = max(allowed, key=lambda a: row[a])
    return float((1 - epsilon) * judge[best] + epsilon * np.mean([judge[a] for a in allowed]))


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("count", [1, 2])
def test_one_step_learning_is_that_of_the_formula(epsilon: float, count: int) -> None:
    walk, q = Walk(1), tables(count)
    for i, (s, a, r) in enumerate(zip(walk.observation, walk.action, walk.reward, strict=True)):
        me, other = i % count, (i % count + 1) % count
        following = worth(q[me, walk.following[i]], q[other, walk.following[i]], walk.mask[i], epsilon)
        target = r if walk.terminated[i] else r + GAMMA * following
        q[me, s, a] += 0.3 * (target - q[me, s, a])
    np.testing.assert_allclose(off_policy(walk, 1, epsilon, count), q, rtol=1e-12)


@pytest.mark.parametrize("steps", [2, 3])
def test_a_return_of_many_rewards_is_that_of_the_formula(steps: int) -> None:
    walk, q = Walk(2), tables()
    held: dict[int, list[tuple[int, int, float]]] = {0: [], 1: []}
    for i, slot in enumerate(walk.slot.tolist()):
        trace = held[slot]
        trace.append((int(walk.observation[i]), int(walk.action[i]), float(walk.reward[i])))
        if len(trace) < steps and not walk.over[i]:
            continue
        row = q[0, walk.following[i]]
        end = 0.0 if walk.terminated[i] else worth(row, row, walk.mask[i], 0.0)
        while trace:
            target = sum(GAMMA**k * r for k, (_, _, r) in enumerate(trace)) + GAMMA ** len(trace) * end
            s, a, _ = trace.pop(0)
            q[0, s, a] += 0.3 * (target - q[0, s, a])
            if not walk.over[i]:
                break
    np.testing.assert_allclose(off_policy(walk, steps), q, rtol=1e-12)


def test_sarsa_counts_the_action_that_was_really_taken() -> None:
    walk, q = Walk(3), tables()
    pending: dict[int, tuple[int, int, float]] = {}
    for i, slot in enumerate(walk.slot.tolist()):
        s, a, r = int(walk.observation[i]), int(walk.action[i]), float(walk.reward[i])
        if slot in pending:
            s0, a0, r0 = pending.pop(slot)
            q[0, s0, a0] += 0.3 * (r0 + GAMMA * q[0, s, a] - q[0, s0, a0])
        if not walk.over[i]:
            pending[slot] = (s, a, r)
            continue
        row = q[0, walk.following[i]]
        end = 0.0 if walk.terminated[i] else worth(row, row, walk.mask[i], 0.2)
        q[0, s, a] += 0.3 * (r + GAMMA * end - q[0, s, a])
    assert np.allclose(on_policy(walk), q, rtol=1e-12)


def on_policy(walk: Walk) -> NDArray[np.float64]:
    q, n = tables(), len(walk.action)
    counts, *traces = scratch(1)
    awaited, mask = np.zeros(2, np.int64), np.ones((2, A), np.bool_)
    arguments: Any = (q, counts, *traces, awaited, mask, *walk.columns(), np.full(n, 0.2), RATE, GAMMA)
    td.learn_on_policy(*arguments)
    return q


def test_sarsa_expects_the_mean_where_a_step_in_between_is_missing() -> None:
    walk = Walk(4, n=4)
    walk.over[:] = walk.terminated[:] = False
    walk.observation[2] = (walk.following[0] + 1) % S
    q, row = tables(), tables()[0, 0]
    target = walk.reward[0] + GAMMA * worth(row, row, walk.mask[0], 0.2)
    q[0, walk.observation[0], walk.action[0]] += 0.3 * (target - 0.5)
    learned = on_policy(walk)
    assert learned[0, walk.observation[0], walk.action[0]] == pytest.approx(q[0, walk.observation[0], walk.action[0]])


def test_the_rate_falls_with_the_count_down_to_its_floor() -> None:
    q, counts = np.zeros((1, 1, 1)), np.zeros((1, 1), np.int64)
    for _ in range(4):
        move_towards(q, counts, 0, 0, 0, 1.0, np.array([1.0, 1.0, 0.4]))
    assert q[0, 0, 0] == 1.0 and counts[0, 0] == 4  # the first step goes all the way
    move_towards(q, counts, 0, 0, 0, 0.0, np.array([1.0, 1.0, 0.4]))
    assert q[0, 0, 0] == pytest.approx(0.6)


def test_many_observations_are_decided_as_single_ones() -> None:
    rng = np.random.default_rng(5)
    q, mask = rng.normal(size=(2, S, A)), Walk(5).mask
    observation, epsilon = rng.integers(S, size=len(mask)), rng.random(len(mask))
    distribution, values = tabular.epsilon_greedy_rows(q, observation, mask, epsilon)
    mean = np.ascontiguousarray(q.mean(axis=0))
    single = [epsilon_greedy(mean, o, m, e) for o, m, e in zip(observation, mask, epsilon, strict=True)]
    np.testing.assert_allclose(distribution, single, rtol=1e-12)
    np.testing.assert_allclose(values, mean[observation], rtol=1e-12)


def test_rows_are_drawn_as_single_ones() -> None:
    rows = np.random.default_rng(6).dirichlet(np.ones(4), size=50)
    uniform = np.random.default_rng(7).random(50)
    drawn = tabular.draw_rows(rows, uniform)
    assert drawn.tolist() == [tabular.draw(row, u) for row, u in zip(rows, uniform, strict=True)]


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("count", [1, 2])
def test_a_single_step_is_learned_to_the_bit_as_among_others(epsilon: float, count: int) -> None:
    walk, q, counts = Walk(1), tables(count), np.zeros((S, A), np.int64)
    columns = (walk.observation, walk.action, walk.reward, walk.following, walk.terminated, walk.mask)
    for i, row in enumerate(zip(*columns, strict=True)):
        arguments: Any = (q, counts, *row, i % count, epsilon, RATE, GAMMA)
        td.learn_single(*arguments)
    assert np.array_equal(off_policy(walk, 1, epsilon, count), q) and counts.sum() == len(walk.action)
