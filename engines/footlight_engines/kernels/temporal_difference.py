"""Kernels that learn the values of actions from steps, one after the other, with returns of up to n rewards.

Each open session has a slot with its newest steps that are not learned from yet: the trace. The tables have shape
(1, observations, actions), or (2, observations, actions) for double learning, where each learns from the other's opinion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_engines.kernels.compiling import kernel, part


@part()
def best_allowed(tables: NDArray[np.float64], table: int, observation: int, mask: NDArray[np.bool_]) -> int:
    """The first of the best allowed actions in one table; at least one action is allowed."""
    best = -1
    for a in range(len(mask)):
        if mask[a] and (best < 0 or tables[table, observation, a] > tables[table, observation, best]):
            best = a
    return best


@part()
def state_value(
    tables: NDArray[np.float64], learner: int, observation: int, mask: NDArray[np.bool_], epsilon: float
) -> float:
    """What an observation is worth to the table ``learner`` if one goes on epsilon-greedily; epsilon 0 is Q-learning.

    V(s) = (1 - epsilon) Q'(s, argmax_a Q(s, a)) + epsilon mean_a Q(s, a) over allowed actions. With two tables, Q' is the
    other one (van Hasselt 2010, "Double Q-learning"); with one, both are the same. Sutton & Barto (2018), section 6.6.
    """
    greedy: float = tables[(learner + 1) % len(tables), observation, best_allowed(tables, learner, observation, mask)]
    if epsilon == 0.0:
        return greedy
    total, allowed = 0.0, 0
    for a in range(len(mask)):
        if mask[a]:
            total += tables[(learner + 1) % len(tables), observation, a]
            allowed += 1
    mean: float = total / allowed
    return (1.0 - epsilon) * greedy + epsilon * mean


@part()
def move_towards(
    tables: NDArray[np.float64],
    counts: NDArray[np.int64],
    learner: int,
    observation: int,
    action: int,
    target: float,
    rate: NDArray[np.float64],
) -> None:
    """Q(s, a) += alpha (target - Q(s, a)) with alpha = max(floor, rate / N(s, a)^exponent).

    ``rate`` is (rate, exponent, floor). Robbins & Monro (1951); for Q-learning Even-Dar & Mansour (2003).
    """
    counts[observation, action] += 1
    alpha = rate[0]
    if rate[1] != 0.0:
        alpha = max(rate[2], rate[0] / counts[observation, action] ** rate[1])
    tables[learner, observation, action] += alpha * (target - tables[learner, observation, action])


@part()
def learn_oldest(
    tables: NDArray[np.float64],
    counts: NDArray[np.int64],
    trace: NDArray[np.int64],
    earned: NDArray[np.float64],
    length: NDArray[np.int64],
    s: int,
    learner: int,
    following: float,
    everything: bool,
    rate: NDArray[np.float64],
    discount: float,
) -> None:
    """Learn from the oldest step of a slot, or from all of them; ``following`` is what comes after the newest is worth."""
    done = 0
    while done < length[s]:
        target, weight = 0.0, 1.0
        for j in range(done, length[s]):
            target += weight * earned[s, j]
            weight *= discount
        move_towards(tables, counts, learner, trace[s, done, 0], trace[s, done, 1], target + weight * following, rate)
        done += 1
        if not everything:
            break
    for j in range(done, length[s]):
        trace[s, j - done, 0], trace[s, j - done, 1], earned[s, j - done] = trace[s, j, 0], trace[s, j, 1], earned[s, j]
    length[s] -= done


@kernel(
    "(f8[:,:,::1], i8[:,::1], i8[:,:,::1], f8[:,::1], i8[::1], "
    "i8[::1], b1[::1], i8[::1], i8[::1], f8[::1], i8[::1], b1[::1], b1[::1], b1[:,::1], i8[::1], f8[::1], f8[::1], f8)"
)
def learn_off_policy(
    tables: NDArray[np.float64],
    counts: NDArray[np.int64],
    trace: NDArray[np.int64],
    earned: NDArray[np.float64],
    length: NDArray[np.int64],
    slot: NDArray[np.int64],
    fresh: NDArray[np.bool_],
    observation: NDArray[np.int64],
    action: NDArray[np.int64],
    reward: NDArray[np.float64],
    next_observation: NDArray[np.int64],
    terminated: NDArray[np.bool_],
    over: NDArray[np.bool_],
    next_mask: NDArray[np.bool_],
    learner: NDArray[np.int64],
    epsilon: NDArray[np.float64],
    rate: NDArray[np.float64],
    discount: float,
) -> None:
    """n-step Q-learning (epsilon 0) or Expected SARSA, in place, step after step in the given order.

    Q(s_t, a_t) += alpha (r_t + ... + gamma^(n-1) r_(t+n-1) + gamma^n V(s_(t+n)) - Q(s_t, a_t)); what follows a terminated
    step is worth nothing. Watkins & Dayan (1992) for n = 1; for more, without correction, as Hessel et al. (2018) do.

    Parameters
    ----------
    tables, counts
        Shapes (1 or 2, observations, actions) and (observations, actions), changed in place.
    trace, earned, length
        Shapes (slots, n, 2), (slots, n) and (slots,): the steps of each open session that are not learned from yet, as
        (observation, action) and reward, oldest first; changed in place.
    slot, fresh, observation, action, reward, next_observation, terminated, over
        Shape (m,) each. ``fresh``: the slot was another session's before. ``over``: the session ends with this step.
    next_mask
        Shape (m, actions): at least one action wherever the step is not terminated.
    learner, epsilon
        Shape (m,): which table learns, and the share of random moves that is expected to follow.
    rate, discount
        See `move_towards`; gamma.
    """
    n = trace.shape[1]
    for i in range(len(action)):
        s = slot[i]
        if fresh[i]:
            length[s] = 0
        trace[s, length[s], 0], trace[s, length[s], 1], earned[s, length[s]] = observation[i], action[i], reward[i]
        length[s] += 1
        if length[s] < n and not over[i]:
            continue
        following = 0.0
        if not terminated[i]:
            following = state_value(tables, learner[i], next_observation[i], next_mask[i], epsilon[i])
        learn_oldest(tables, counts, trace, earned, length, s, learner[i], following, over[i], rate, discount)


@kernel("(f8[:,:,::1], i8[:,::1], i8, i8, f8, i8, b1, b1[::1], i8, f8, f8[::1], f8)")
def learn_single(
    tables: NDArray[np.float64],
    counts: NDArray[np.int64],
    observation: int,
    action: int,
    reward: float,
    next_observation: int,
    terminated: bool,
    next_mask: NDArray[np.bool_],
    learner: int,
    epsilon: float,
    rate: NDArray[np.float64],
    discount: float,
) -> None:
    """`learn_off_policy` of a single step with returns of one reward, to the bit: numbers enter a kernel for a tenth of
    what arrays cost."""
    following = 0.0
    if not terminated:
        following = state_value(tables, learner, next_observation, next_mask, epsilon)
    target = 0.0 + reward  # as the sum there begins: it makes a negative zero positive
    move_towards(tables, counts, learner, observation, action, target + discount * following, rate)


@kernel(
    "(f8[:,:,::1], i8[:,::1], i8[:,:,::1], f8[:,::1], i8[::1], i8[::1], b1[:,::1], "
    "i8[::1], b1[::1], i8[::1], i8[::1], f8[::1], i8[::1], b1[::1], b1[::1], b1[:,::1], f8[::1], f8[::1], f8)"
)
def learn_on_policy(
    tables: NDArray[np.float64],
    counts: NDArray[np.int64],
    trace: NDArray[np.int64],
    earned: NDArray[np.float64],
    length: NDArray[np.int64],
    awaited: NDArray[np.int64],
    awaited_mask: NDArray[np.bool_],
    slot: NDArray[np.int64],
    fresh: NDArray[np.bool_],
    observation: NDArray[np.int64],
    action: NDArray[np.int64],
    reward: NDArray[np.float64],
    next_observation: NDArray[np.int64],
    terminated: NDArray[np.bool_],
    over: NDArray[np.bool_],
    next_mask: NDArray[np.bool_],
    epsilon: NDArray[np.float64],
    rate: NDArray[np.float64],
    discount: float,
) -> None:
    """n-step SARSA in place: what follows is worth Q(s', a') of the action that was really taken there.

    So a step is learned from when the session's next one comes. Where that one began elsewhere (a step in between was not
    learned from), and where a session is cut off, the mean of what the policy does next stands in.
    Rummery & Niranjan (1994); Sutton & Barto (2018), equation 6.7 and section 7.2.

    Parameters
    ----------
    awaited, awaited_mask
        Shapes (slots,) and (slots, actions): where the next step of each open session should begin, and what is allowed
        there; changed in place.
    The others
        As in `learn_off_policy`.
    """
    n = trace.shape[1]
    for i in range(len(action)):
        s = slot[i]
        if fresh[i]:
            length[s] = 0
        if length[s] > 0 and awaited[s] != observation[i]:
            following = state_value(tables, 0, awaited[s], awaited_mask[s], epsilon[i])
            learn_oldest(tables, counts, trace, earned, length, s, 0, following, True, rate, discount)
        elif length[s] == n:
            following = tables[0, observation[i], action[i]]
            learn_oldest(tables, counts, trace, earned, length, s, 0, following, False, rate, discount)
        trace[s, length[s], 0], trace[s, length[s], 1], earned[s, length[s]] = observation[i], action[i], reward[i]
        length[s] += 1
        if over[i]:
            following = 0.0
            if not terminated[i]:
                following = state_value(tables, 0, next_observation[i], next_mask[i], epsilon[i])
            learn_oldest(tables, counts, trace, earned, length, s, 0, following, True, rate, discount)
        else:
            awaited[s] = next_observation[i]
            awaited_mask[s] = next_mask[i]
