"""Kernels of agents that keep one number for every observation and action."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part

TIE = 1e-12
"""Values this close to the largest count as equal to it: rounding must not decide who is explored."""


# The signatures are written out so that a kernel is compiled (or read from the cache) when this module is imported,
# never while a caller waits for an answer.
@part()
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


@kernel("i8(f8[::1], f8)")
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


@kernel("UniTuple(f8[:,::1], 2)(f8[:,:,::1], i8[::1], b1[:,::1], f8[::1])")
def epsilon_greedy_rows(
    tables: NDArray[np.float64], observation: NDArray[np.int64], mask: NDArray[np.bool_], epsilon: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`epsilon_greedy` for many observations, on the mean of one or two tables.

    Parameters
    ----------
    tables
        Shape (t, observations, actions), finite.
    observation, epsilon
        Shape (n,).
    mask
        Shape (n, actions); each row allows an action.

    Returns
    -------
    The probability and the value of each action, shape (n, actions) each.
    """
    n, actions = mask.shape
    distribution, values, all_values = np.zeros((n, actions)), np.empty((n, actions)), np.empty((1, actions))
    for i in range(n):
        for a in range(actions):
            total = 0.0
            for t in range(len(tables)):
                total += tables[t, observation[i], a]
            all_values[0, a] = values[i, a] = total / len(tables)
        distribution[i] = epsilon_greedy(all_values, 0, mask[i], epsilon[i])
    return distribution, values


@kernel("i8[::1](f8[:,::1], f8[::1])")
def draw_rows(distribution: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """`draw` from each row of a matrix of shape (n, actions); answers shape (n,)."""
    actions = np.empty(len(uniform), np.int64)
    for i in range(len(uniform)):
        actions[i] = draw(distribution[i], uniform[i])
    return actions


@kernel("i8(f8[:,:,::1], i8, b1[::1], f8, f8, f8[:,::1])")
def choose(
    tables: NDArray[np.float64],
    observation: int,
    mask: NDArray[np.bool_],
    epsilon: float,
    uniform: float,
    answer: NDArray[np.float64],
) -> int:
    """`epsilon_greedy` on the mean of one or two tables, and `draw` from it, in one call: what enters a kernel costs more
    than what a kernel does.

    Parameters
    ----------
    answer
        Shape (2, actions), filled with the probabilities and the values.
    The others
        As in `epsilon_greedy_rows` and `draw`.
    """
    for a in range(len(mask)):
        total = 0.0
        for t in range(len(tables)):
            total += tables[t, observation, a]
        answer[1, a] = total / len(tables)
    answer[0] = epsilon_greedy(answer, 1, mask, epsilon)
    action: int = draw(answer[0], uniform)
    return action
