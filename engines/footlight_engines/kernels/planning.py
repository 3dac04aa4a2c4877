"""Kernels that plan in a known or estimated world: evaluate a policy, improve it, and again.

The world is sparse. Pair p = observation * actions + action leads, with probability ``chance[j]``, to observation
``target[j]`` for j from ``start[p]`` to ``start[p + 1]``; where these do not add up to 1, the rest ends the episode.
``reward[p]`` is the mean reward of the pair, ``known[p]`` whether it was ever tried.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel

GREEDY, SOFT, BOLTZMANN = 0, 1, 2
"""What a policy is made of the values of actions: their maximum; their softmax, whose entropy counts as a reward;
their softmax alone."""

_WORLD = "i8[::1], i8[::1], f8[::1], f8[::1], b1[::1], b1[:,::1], "


@kernel(f"({_WORLD}f8[::1], f8, f8, i8, f8[::1])")
def action_values(
    start: NDArray[np.int64],
    target: NDArray[np.int64],
    chance: NDArray[np.float64],
    reward: NDArray[np.float64],
    known: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    value: NDArray[np.float64],
    discount: float,
    untried: float,
    observation: int,
    q: NDArray[np.float64],
) -> None:
    """Q(s, a) = R(s, a) + gamma sum_s' P(s' | s, a) V(s') of one observation, written to ``q`` (actions,).

    A pair that was never tried is worth ``untried``. Bellman (1957); Sutton & Barto (2018), equation 4.6.
    """
    actions = allowed.shape[1]
    for a in range(actions):
        p = observation * actions + a
        q[a] = untried
        if known[p]:
            future = 0.0
            for j in range(start[p], start[p + 1]):
                future += chance[j] * value[target[j]]
            q[a] = reward[p] + discount * future


@kernel("(f8[::1], b1[::1], f8, f8[::1])")
def softmax(q: NDArray[np.float64], mask: NDArray[np.bool_], temperature: float, policy: NDArray[np.float64]) -> None:
    """pi(a) = exp(Q(a) / tau) / sum over allowed actions, shape (actions,); the largest is subtracted first."""
    best, total = -np.inf, 0.0
    for a in range(len(q)):
        if mask[a]:
            best = max(best, q[a])
    for a in range(len(q)):
        policy[a] = np.exp((q[a] - best) / temperature) if mask[a] else 0.0
        total += policy[a]
    for a in range(len(q)):
        policy[a] /= total


@kernel(f"f8({_WORLD}f8[::1], f8[:,::1], f8, f8, i8, f8)")
def improve(
    start: NDArray[np.int64],
    target: NDArray[np.int64],
    chance: NDArray[np.float64],
    reward: NDArray[np.float64],
    known: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    value: NDArray[np.float64],
    policy: NDArray[np.float64],
    discount: float,
    untried: float,
    kind: int,
    temperature: float,
) -> float:
    """Make the policy (observations, actions) of the values of actions, in place; answers the largest change in it.

    GREEDY shares ties equally, others are softmax policies. Sutton & Barto (2018), section 4.2.
    """
    actions, change = allowed.shape[1], 0.0
    q, new = np.empty(actions), np.empty(actions)
    for s in range(len(value)):
        action_values(start, target, chance, reward, known, allowed, value, discount, untried, s, q)
        if kind == GREEDY:
            best, ties = -np.inf, 0
            for a in range(actions):
                if allowed[s, a]:
                    best = max(best, q[a])
            for a in range(actions):
                if allowed[s, a] and q[a] >= best - 1e-9:
                    ties += 1
            for a in range(actions):
                new[a] = 1.0 / ties if allowed[s, a] and q[a] >= best - 1e-9 else 0.0
        else:
            softmax(q, allowed[s], temperature, new)
        for a in range(actions):
            change = max(change, abs(new[a] - policy[s, a]))
            policy[s, a] = new[a]
    return change


@kernel(f"i8({_WORLD}f8[::1], f8[:,::1], f8, f8, f8, f8, i8)")
def evaluate(
    start: NDArray[np.int64],
    target: NDArray[np.int64],
    chance: NDArray[np.float64],
    reward: NDArray[np.float64],
    known: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    value: NDArray[np.float64],
    policy: NDArray[np.float64],
    discount: float,
    untried: float,
    entropy: float,
    tolerance: float,
    sweeps: int,
) -> int:
    """Sweep V(s) = sum_a pi(a | s) (Q(s, a) - tau log pi(a | s)) in place, until no value moves by more than ``tolerance``.

    ``entropy`` is tau; 0 leaves the entropy out, which is the ordinary evaluation of a policy. With pi = softmax(Q /
    tau) the fixed point is V = tau logsumexp(Q / tau). Haarnoja et al. (2018), "Soft actor-critic", lemma 1; Sutton
    & Barto (2018), section 4.1.

    Returns
    -------
    How many sweeps it took, at most ``sweeps``.
    """
    q = np.empty(allowed.shape[1])
    for sweep in range(sweeps):
        moved = 0.0
        for s in range(len(value)):
            action_values(start, target, chance, reward, known, allowed, value, discount, untried, s, q)
            new = 0.0
            for a in range(len(q)):
                if policy[s, a] > 0.0:
                    new += policy[s, a] * q[a]
                    if entropy > 0.0:
                        new -= entropy * policy[s, a] * np.log(policy[s, a])
            moved = max(moved, abs(new - value[s]))
            value[s] = new
        if moved <= tolerance:
            return sweep + 1
    return sweeps
