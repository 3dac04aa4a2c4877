"""Planning against dense linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels import planning

S, A, GAMMA = 4, 3, 0.9


class World:
    """A dense random world in which every pair has led somewhere, one of which ends the episode at times."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.chance = rng.dirichlet(np.ones(S + 1), size=S * A)[:, :S]
        self.reward = rng.normal(size=S * A)

    def sparse(self) -> Any:
        start = np.arange(S * A + 1) * S
        target = np.tile(np.arange(S), S * A)
        return start, target, self.chance.ravel(), self.reward, np.ones(S * A, np.bool_), np.ones((S, A), np.bool_)

    def q(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        return (self.reward + GAMMA * self.chance @ value).reshape(S, A)


def evaluated(policy: NDArray[np.float64], entropy: float) -> NDArray[np.float64]:
    value = np.zeros(S)
    arguments: Any = (*World().sparse(), value, policy, GAMMA, 0.0, entropy, 1e-13, 10_000)
    planning.evaluate(*arguments)
    return value


def test_the_value_of_a_policy_solves_its_equation() -> None:
    world, policy = World(), np.random.default_rng(4).dirichlet(np.ones(A), size=S)
    p = np.einsum("sa,sat->st", policy, world.chance.reshape(S, A, S))
    r = (policy * world.reward.reshape(S, A)).sum(axis=1)
    np.testing.assert_allclose(evaluated(policy, 0.0), np.linalg.solve(np.eye(S) - GAMMA * p, r), rtol=1e-9)


def planned(kind: int, temperature: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    value, policy, world = np.zeros(S), np.full((S, A), 1 / A), World().sparse()
    for _ in range(200):
        entropy = temperature if kind == planning.SOFT else 0.0
        evaluation: Any = (*world, value, policy, GAMMA, 0.0, entropy, 1e-13, 10_000)
        improvement: Any = (*world, value, policy, GAMMA, 0.0, kind, temperature)
        planning.evaluate(*evaluation)
        planning.improve(*improvement)
    return value, policy


def test_greedy_planning_reaches_the_optimum() -> None:
    value, _ = planned(planning.GREEDY, 1.0)
    np.testing.assert_allclose(value, World().q(value).max(axis=1), rtol=1e-9)


def test_soft_planning_reaches_the_soft_fixed_point() -> None:
    value, policy = planned(planning.SOFT, 0.4)
    q = World().q(value)
    np.testing.assert_allclose(value, 0.4 * np.log(np.exp(q / 0.4).sum(axis=1)), rtol=1e-9)
    np.testing.assert_allclose(policy, np.exp((q - value[:, None]) / 0.4), rtol=1e-6)


def test_the_plain_softmax_step_leaves_the_entropy_out() -> None:
    value, policy = planned(planning.BOLTZMANN, 0.4)
    np.testing.assert_allclose(value, (policy * World().q(value)).sum(axis=1), rtol=1e-9)
    assert (value < planned(planning.SOFT, 0.4)[0]).all()


def test_what_was_never_tried_has_the_value_it_was_given() -> None:
    start, target, chance, reward, known, allowed = World().sparse()
    known[1] = False
    q = np.empty(A)
    planning.action_values(start, target, chance, reward, known, allowed, np.zeros(S), GAMMA, 7.5, 0, q)
    assert q[1] == 7.5 and q[0] == reward[0]
