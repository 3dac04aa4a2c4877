"""Kernels of ridge regressions that are updated with every reward and forget at a rate.

Each of k models has m weights: ``precision`` A (k, m, m), its inverse ``covariance`` C (k, m, m), ``moment`` b (k, m) and
``weights`` (k, m), C b. A person's deviation from them is ``delta`` (k, m) with a diagonal ``certainty`` (k, m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

LEAST_DISCOUNT = 1e-6
"""What was learned is never trusted less than this share of it at once: dividing by less loses every digit."""


@kernel("f8(f8[:,::1], f8[::1], f8[::1])")
def quadratic(matrix: NDArray[np.float64], x: NDArray[np.float64], product: NDArray[np.float64]) -> float:
    """x' M x of a symmetric matrix (m, m); ``product`` (m,) becomes M x.

    The rows are added up, four at a time, so that the inner loop needs no reordering of sums to run over vectors of the
    processor.
    """
    m, i = len(x), 0
    for j in range(m):
        product[j] = 0.0
    while i + 4 <= m:
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(m):
            product[j] += a * matrix[i, j] + b * matrix[i + 1, j] + c * matrix[i + 2, j] + d * matrix[i + 3, j]
        i += 4
    while i < m:
        for j in range(m):
            product[j] += x[i] * matrix[i, j]
        i += 1
    total = 0.0
    for j in range(m):
        total += product[j] * x[j]
    return total


@kernel("(f8[:,::1], f8[:,::1])")
def invert(matrix: NDArray[np.float64], inverse: NDArray[np.float64]) -> None:
    """The inverse of a symmetric positive definite matrix (m, m) by its Cholesky factor: A = L L', A^-1 = L^-T L^-1."""
    m = len(matrix)
    factor = np.zeros((m, m))
    for i in range(m):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            factor[i, j] = np.sqrt(total) if i == j else total / factor[j, j]
    turned = np.zeros((m, m))  # L^-1
    for i in range(m):
        turned[i, i] = 1.0 / factor[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= factor[i, k] * turned[k, j]
            turned[i, j] = total / factor[i, i]
    for i in range(m):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, m):
                total += turned[k, i] * turned[k, j]
            inverse[i, j] = inverse[j, i] = total


@kernel("(f8[:,:,::1], f8[:,::1], f8[:,::1], i8[::1], i8, f8, f8, f8[::1], f8[::1])")
def predict(
    covariance: NDArray[np.float64],
    weights: NDArray[np.float64],
    x: NDArray[np.float64],
    last: NDArray[np.int64],
    now: int,
    discount: float,
    ridge: float,
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> None:
    """The mean and the variance, in units of the noise's, of what each action earns.

    With k models, action a has model a and ``x`` is (1, m), the same for all; with one, ``x`` is (actions, m). What
    a model has not heard of for d steps counts discount^d as much, so its variance is divided by that, up to that of
    knowing nothing, x'x / ridge (Russac, Vernade & Cappe 2019, D-LinUCB, with the weights' own shrinkage left out).

    Parameters
    ----------
    covariance, weights
        Shapes (k, m, m) and (k, m).
    last, now
        Shape (k,): after how many learned steps each model was last updated; how many there are now.
    discount, ridge
        0 to 1; above 0.
    mean, variance
        Shape (actions,), written.
    """
    product = np.empty(x.shape[1])
    shared, same = len(weights) == 1, len(x) == 1
    for a in range(len(mean)):
        k, row = 0 if shared else a, x[0 if same else a]
        value, length = 0.0, 0.0
        for j in range(len(row)):
            value += weights[k, j] * row[j]
            length += row[j] * row[j]
        mean[a] = value
        spread = quadratic(covariance[k], row, product)
        if discount < 1.0:
            spread /= max(LEAST_DISCOUNT, discount ** (now - last[k]))
        variance[a] = max(0.0, min(spread, length / ridge))


@kernel("(f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1])")
def predict_deviation(
    delta: NDArray[np.float64],
    certainty: NDArray[np.float64],
    x: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> None:
    """Add one person's deviation to `predict`: delta'x to the mean, x' diag(1 / certainty) x to the variance.

    ``delta`` and ``certainty`` have shape (k, m); the others are as in `predict`.
    """
    shared, same = len(delta) == 1, len(x) == 1
    for a in range(len(mean)):
        k, row = 0 if shared else a, x[0 if same else a]
        for j in range(len(row)):
            mean[a] += delta[k, j] * row[j]
            variance[a] += row[j] * row[j] / certainty[k, j]


@part()
def update(
    precision: NDArray[np.float64],
    covariance: NDArray[np.float64],
    moment: NDArray[np.float64],
    weights: NDArray[np.float64],
    x: NDArray[np.float64],
    reward: float,
    discount: float,
    ridge: float,
    exactly: bool,
    product: NDArray[np.float64],
) -> None:
    """Let one model see one reward, in place.

    A = g A + (1 - g) ridge I + x x' and b = g b + r x. The inverse follows by Sherman & Morrison (1950), which
    leaves out the middle term and adds up rounding; so the caller asks for the exact inverse from time to time
    (``exactly``). Li et al. (2010), "A contextual-bandit approach to personalized news article recommendation",
    algorithm 1.

    Parameters
    ----------
    precision, covariance
        Shape (m, m).
    moment, weights, x, product
        Shape (m,); the last is room to work in.
    reward, discount, ridge
        r, g and the ridge.
    """
    m = len(x)
    spread = quadratic(covariance, x, product)
    error = reward
    for j in range(m):
        error -= weights[j] * x[j]
    scale = 1.0 / (discount + spread)
    for i in range(m):
        step = product[i] * scale
        weights[i] += step * error
        moment[i] = discount * moment[i] + reward * x[i]
        xi = x[i]
        if discount == 1.0:
            for j in range(m):
                precision[i, j] += xi * x[j]
                covariance[i, j] -= step * product[j]
        else:
            for j in range(m):
                precision[i, j] = discount * precision[i, j] + xi * x[j]
                covariance[i, j] = (covariance[i, j] - step * product[j]) / discount
            precision[i, i] += (1.0 - discount) * ridge
    if exactly:
        invert(precision, covariance)
        quadratic(covariance, moment, weights)


@kernel(
    "(f8[:,:,::1], f8[:,:,::1], f8[:,::1], f8[:,::1], i8[::1], i8[::1], i8, i8[::1], f8[:,::1], f8[::1], f8, f8, i8,"
    " f8[:,:,::1], f8[:,:,::1], i8[::1])"
)
def learn(
    precision: NDArray[np.float64],
    covariance: NDArray[np.float64],
    moment: NDArray[np.float64],
    weights: NDArray[np.float64],
    last: NDArray[np.int64],
    count: NDArray[np.int64],
    now: int,
    model: NDArray[np.int64],
    x: NDArray[np.float64],
    reward: NDArray[np.float64],
    discount: float,
    ridge: float,
    refresh: int,
    delta: NDArray[np.float64],
    certainty: NDArray[np.float64],
    person: NDArray[np.int64],
) -> None:
    """Let the models see n rewards, one after the other, in place.

    Parameters
    ----------
    precision, covariance, moment, weights, last
        As in `update` and `predict`.
    count
        Shape (k,): how many rewards each model has seen.
    now
        How many steps were learned before the first of these.
    model, x, reward
        Shapes (n,), (n, m), (n,): whose turn it is, what was seen, what it earned.
    discount, ridge
        The discount of one step; a model that was not updated for d steps forgets discount^d at once.
    refresh
        After so many rewards a model's inverse is computed exactly.
    delta, certainty, person
        Shapes (people, k, m) and (n,): what people deviate by, and who it was, -1 for nobody. The deviation learns
        from what is left of the reward, by the Kalman gain of a diagonal covariance.
    """
    product = np.empty(x.shape[1])
    for i in range(len(model)):
        k, row, p = model[i], x[i], person[i]
        if p >= 0:
            error, spread = reward[i], 1.0
            for j in range(len(row)):
                error -= (weights[k, j] + delta[p, k, j]) * row[j]
                spread += row[j] * row[j] / certainty[p, k, j]
            for j in range(len(row)):
                delta[p, k, j] += row[j] / certainty[p, k, j] / spread * error
                certainty[p, k, j] += row[j] * row[j]
        g = 1.0
        if discount < 1.0:
            g = max(LEAST_DISCOUNT, discount ** (now + i + 1 - last[k]))
        count[k] += 1
        update(
            precision[k],
            covariance[k],
            moment[k],
            weights[k],
            row,
            reward[i],
            g,
            ridge,
            count[k] % refresh == 0 or g < 0.5,
            product,
        )
        last[k] = now + i + 1
