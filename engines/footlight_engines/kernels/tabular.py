"""Kernels of agents that keep one number for every observation and action."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

TIE = 1e-12
"""Values this close to the largest count as equal to it: rounding must not decide who is explored."""


# The signatures are written out so that a kernel is compiled (or read from the cache) when this module is imported,
# never while a caller waits for an answer.
@njit("f8[::1](f8[:,::1], i8, b1[::1], f8)", cache=True, nogil=True)
def epsilon_greedy(
    table: NDArray[np.float64], observation: int, mask: NDArray[np.bool_], epsilon: float
) -> NDArray[np.float64]:
    """The epsilon-greedy policy: p(a) = epsilon / |allowed| + (1 - epsilon) / |ties| [a is a tie], 0 where not allowed.

    Sutton & Barto (2018), section 2.2, with ties shared equally instead of going to the first.

    Parameters
    ----------
    table
        Shape (observations, actions), finite.
    observation
        Row of the table, in range.
    mask
        Shape (actions,): which actions are allowed; at least one is.
    epsilon
        Probability of exploring, 0 to 1.

    Returns
    -------
    Shape (actions,): the probability of each action.
    """
    row = table[observation]
    best, allowed = -np.inf, 0
    for a in range(len(row)):
        if mask[a]:
            allowed += 1
            best = max(best, row[a])
    ties = 0
    for a in range(len(row)):
        if mask[a] and row[a] >= best - TIE:
            ties += 1
    distribution = np.zeros(len(row))
    for a in range(len(row)):
        if mask[a]:
            distribution[a] = epsilon / allowed
            if row[a] >= best - TIE:
                distribution[a] += (1.0 - epsilon) / ties
    return distribution


@njit("i8(f8[::1], f8)", cache=True, nogil=True)
def draw(distribution: NDArray[np.float64], uniform: float) -> int:
    """Draw an action by inverting the cumulative distribution.

    Parameters
    ----------
    distribution
        Shape (actions,): probabilities that add up to 1, one of them positive.
    uniform
        A number in [0, 1).

    Returns
    -------
    An action of positive probability.
    """
    cumulative, last = 0.0, 0
    for a in range(len(distribution)):
        if distribution[a] > 0.0:
            last = a
            cumulative += distribution[a]
            if uniform < cumulative:
                return a
    return last  # the sum fell short of 1 by rounding


@njit("(f8[:,::1], i8[::1], i8[::1], f8[::1], i8[::1], b1[::1], b1[:,::1], f8, f8)", cache=True, nogil=True)
def q_learning(
    table: NDArray[np.float64],
    observation: NDArray[np.int64],
    action: NDArray[np.int64],
    reward: NDArray[np.float64],
    next_observation: NDArray[np.int64],
    terminated: NDArray[np.bool_],
    next_mask: NDArray[np.bool_],
    learning_rate: float,
    discount_factor: float,
) -> None:
    """One-step Q-learning in place, step after step in the given order.

    Q(s, a) += alpha (r + gamma max_a' Q(s', a') - Q(s, a)); the target of a terminated step is r alone.
    Watkins & Dayan (1992), "Q-learning", equation 1; Sutton & Barto (2018), equation 6.8.

    Parameters
    ----------
    table
        Shape (observations, actions), changed in place.
    observation, action, reward, next_observation, terminated
        Shape (n,) each, in range. The next observation of a terminated step is not read.
    next_mask
        Shape (n, actions): what is allowed at the next observation; at least one action where not terminated.
    learning_rate, discount_factor
        alpha and gamma, 0 to 1.
    """
    for i in range(len(action)):
        target = reward[i]
        if not terminated[i]:
            following = table[next_observation[i]]
            best = -np.inf
            for a in range(len(following)):
                if next_mask[i, a]:
                    best = max(best, following[a])
            target += discount_factor * best
        value = table[observation[i], action[i]]
        table[observation[i], action[i]] = value + learning_rate * (target - value)
