"""The kernels of ridge regressions and of exploration against slow, obvious oracles."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_engines.kernels import exploration, linear_models

M, RIDGE = 5, 2.0


def matrix(seed: int) -> NDArray[np.float64]:
    """A symmetric positive definite one."""
    a = np.random.default_rng(seed).normal(size=(M, M))
    return (a @ a.T + np.eye(M)).astype(np.float64)


def test_a_quadratic_form_is_that_of_its_definition() -> None:
    a, x, product = matrix(0), np.linspace(-1.0, 3.0, M), np.empty(M)
    assert linear_models.quadratic(a, x, product) == pytest.approx(x @ a @ x)
    np.testing.assert_allclose(product, a @ x)


def test_the_inverse_is_one() -> None:
    inverse = np.empty((M, M))
    linear_models.invert(matrix(1), inverse)
    np.testing.assert_allclose(inverse @ matrix(1), np.eye(M), atol=1e-10)


def learned(n: int, discount: float, refresh: int = 10_000) -> tuple[NDArray[np.float64], ...]:
    """Precision, covariance and weights of two models after n rewards; and the data."""
    rng = np.random.default_rng(2)
    x, reward, model = rng.normal(size=(n, M)), rng.normal(size=n), rng.integers(2, size=n)
    precision, covariance = np.tile(np.eye(M) * RIDGE, (2, 1, 1)), np.tile(np.eye(M) / RIDGE, (2, 1, 1))
    moment, weights = np.zeros((2, M)), np.zeros((2, M))
    last, count, nobody = np.zeros(2, np.int64), np.zeros(2, np.int64), np.empty((0, 2, M))
    linear_models.learn(
        precision, covariance, moment, weights, last, count, 0, model, x, reward, discount, RIDGE, refresh, nobody,
        nobody, np.full(n, -1),
    )  # fmt: skip
    return precision, covariance, weights, x, reward, model.astype(np.float64)


def test_learning_is_ridge_regression() -> None:
    precision, covariance, weights, x, reward, model = learned(60, 1.0)
    for k in range(2):
        mine = model == k
        a = RIDGE * np.eye(M) + x[mine].T @ x[mine]
        np.testing.assert_allclose(precision[k], a, rtol=1e-10)
        np.testing.assert_allclose(covariance[k], np.linalg.inv(a), rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(weights[k], np.linalg.solve(a, x[mine].T @ reward[mine]), rtol=1e-8, atol=1e-12)


def test_a_reward_counts_the_less_the_longer_it_is_ago() -> None:
    precision, covariance, weights, x, reward, model = learned(60, 0.9, refresh=1)
    for k in range(2):
        mine = np.flatnonzero(model == k)
        weight = 0.9 ** (mine[-1] - mine)  # what came last counts whole
        a = (x[mine] * weight[:, None]).T @ x[mine]
        first = 0.9 ** (mine[-1] + 1)  # the ridge is restored as it fades
        np.testing.assert_allclose(precision[k], a + RIDGE * np.eye(M), rtol=1e-8)
        np.testing.assert_allclose(weights[k], np.linalg.inv(precision[k]) @ ((x[mine].T * weight) @ reward[mine]))
        assert first < 1.0 and np.allclose(covariance[k] @ precision[k], np.eye(M), atol=1e-8)


def test_what_a_model_has_not_heard_of_for_long_is_uncertain_again() -> None:
    covariance, weights = np.tile(np.eye(M) / 50.0, (1, 1, 1)), np.zeros((1, M))
    x, mean, variance = np.ones((1, M)), np.empty(1), np.empty(1)
    found = []
    for now in (0, 10, 100_000):
        linear_models.predict(covariance, weights, x, np.zeros(1, np.int64), now, 0.9, RIDGE, mean, variance)
        found.append(float(variance[0]))
    assert found == pytest.approx([M / 50, M / 50 / 0.9**10, M / RIDGE])


def test_a_person_deviates_from_what_all_share() -> None:
    delta, certainty = np.zeros((1, 1, 1)), np.full((1, 1, 1), 3.0)
    shapes = (np.ones((1, 1, 1)), np.ones((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1)))
    counts = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for _ in range(500):
        linear_models.learn(
            *shapes, *counts, 0, np.zeros(2, np.int64), np.ones((2, 1)), np.array([1.0, 0.0]), 1.0, 1.0, 100, delta,
            certainty, np.array([0, -1]),
        )  # fmt: skip
    shared = shapes[3][0, 0]
    assert shared == pytest.approx(0.5, abs=0.01) and shared + delta[0, 0, 0] == pytest.approx(1.0, abs=0.05)


def distribution_of(kernel: object, *arguments: object) -> NDArray[np.float64]:
    written = np.empty(4)
    kernel(*arguments, written)  # type: ignore[operator]
    return written


MASK = np.array([True, True, False, True])


def test_the_best_allowed_ones_share_what_is_not_random() -> None:
    found = distribution_of(exploration.mix_greedy, np.array([1.0, 3.0, 9.0, 3.0 + 1e-14]), MASK, 0.3)
    np.testing.assert_allclose(found, [0.1, 0.45, 0.0, 0.45])


def test_the_further_behind_the_less_often_it_is_tried() -> None:
    found = distribution_of(exploration.inverse_gap, np.array([1.0, 3.0, 9.0, 2.0]), MASK, 5.0)
    np.testing.assert_allclose(found, [1 / 13, 1 - 1 / 13 - 1 / 8, 0.0, 1 / 8])


def test_samples_vote_and_ties_share_a_vote() -> None:
    samples = np.array([[1.0, 2.0, 9.0, 0.0], [5.0, 2.0, 9.0, 5.0]])
    np.testing.assert_allclose(distribution_of(exploration.count_votes, samples, MASK), [0.25, 0.5, 0.0, 0.25])
