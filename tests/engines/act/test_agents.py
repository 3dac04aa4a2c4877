"""What agents learn, and the facts of their methods that are easily missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from footlight_engines.act.dqn import Dqn
from footlight_engines.act.dqn_options import DqnOptions
from footlight_engines.act.lin_thompson import LinThompson, LinThompsonOptions
from footlight_engines.act.linear_bandit import LinearBandit
from footlight_engines.act.linucb import LinUcb, LinUcbOptions
from footlight_engines.act.policy_iteration import PolicyIteration, PolicyIterationOptions
from footlight_engines.act.q_learning import QLearning, QLearningOptions
from footlight_engines.act.sarsa import Sarsa, SarsaOptions
from footlight_engines.act.squarecb import SquareCb, SquareCbOptions
from footlight_plugins import Agent, Box, Candidates, Discrete, Situation, Spaces, Transitions

ALL = np.ones(2, np.bool_)
CLIFF = Spaces(Discrete(3), Discrete(2))


def steps(rows: list[tuple[int, int, float, int, bool]], session: int = 0) -> Transitions:
    """Steps of one session: observation, action, reward, next observation, terminated."""
    s, a, r, following, ended = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Transitions(s, a, r.astype(float), following, ended, np.ones((n, 2), np.bool_), None, np.full(n, session))


def expected(agent: Agent, observation: Any = 0) -> list[float]:
    values = agent.act(observation, ALL, 0, True).values
    assert values is not None
    found: list[float] = values.tolist()
    return found


def test_a_return_of_many_rewards_reaches_back_at_once() -> None:
    walk = [(0, 0, 0.0, 1, False), (1, 0, 0.0, 2, False), (2, 0, 1.0, 0, True)]
    one, three = (QLearning(QLearningOptions(learning_rate=1.0, discount_factor=0.5, steps=n), CLIFF) for n in (1, 3))
    for agent in (one, three):
        agent.learn(steps(walk))
    assert (expected(one)[0], expected(three)[0]) == (0.0, 0.25)


def test_double_learning_is_not_fooled_by_noise() -> None:
    """Going on from 0 leads to two noisy actions that are worth -0.1; their maximum looks better than it is."""
    rng, found = np.random.default_rng(0), {}
    for double in (False, True):
        options = QLearningOptions(double=double, discount_factor=1.0, learning_rate=0.1)
        agent = QLearning(options, Spaces(Discrete(2), Discrete(2)))
        for i in range(1_500):
            agent.learn(steps([(1, i % 2, float(rng.normal(-0.1, 1.0)), 0, True)]))
            agent.learn(steps([(0, 0, 0.0, 1, False)], session=i))
        found[double] = expected(agent)[0]
    assert found[True] < found[False]


def test_sarsa_learns_what_it_really_does_and_q_learning_what_is_best() -> None:
    """From 1 the good move earns 1, the bad one loses 1; the policy takes the bad one half of the time."""
    sarsa = Sarsa(SarsaOptions(learning_rate=0.05, discount_factor=1.0), CLIFF)
    q = QLearning(QLearningOptions(learning_rate=0.05, discount_factor=1.0), CLIFF)
    for i in range(4_000):
        episode = steps([(0, 0, 0.0, 1, False), (1, i % 2, 1.0 - 2.0 * (i % 2), 2, True)], session=i)
        sarsa.learn(episode)
        q.learn(episode)
    assert expected(sarsa)[0] == pytest.approx(0.0, abs=0.1) and expected(q)[0] == pytest.approx(1.0, abs=0.1)


def test_policy_iteration_plans_in_the_world_it_is_told() -> None:
    """1 leads on and earns at the end, 0 stays where it is for a little."""
    model = (
        (0, 0, 0, 1.0, 0.1, False),
        (0, 1, 1, 1.0, 0.0, False),
        (1, 0, 1, 1.0, 0.1, False),
        (1, 1, 2, 1.0, 5.0, True),
    )
    agent = PolicyIteration(PolicyIterationOptions(model=model, discount_factor=0.9), CLIFF)
    assert expected(agent, 1) == pytest.approx([0.1 + 0.9 * 5.0, 5.0])
    assert agent.act(0, ALL, 0, True).action == 1


@pytest.mark.parametrize("wrong", [(0, 0, 9, 1.0, 0.0, False), (0, 0, 1, 0.5, 0.0, False), (0, 7, 1, 1.0, 0.0, False)])
def test_a_model_that_cannot_be_is_refused(wrong: tuple[int, int, int, float, float, bool]) -> None:
    with pytest.raises(ValueError, match="model"):
        PolicyIteration(PolicyIterationOptions(model=(wrong,)), CLIFF)


def test_a_soft_policy_shares_by_the_temperature() -> None:
    model = ((0, 0, 1, 1.0, 0.0, True), (0, 1, 1, 1.0, 1.0, True))
    options = PolicyIterationOptions(
        model=model, improvement="soft", temperature=0.5, epsilon_start=0.0, epsilon_end=0.0, epsilon_decay_steps=0
    )
    chances = PolicyIteration(options, CLIFF).act(0, ALL, 0, False).distribution
    assert chances[1] / chances[0] == pytest.approx(np.exp(1.0 / 0.5))


BANDITS = [(LinUcb, LinUcbOptions), (LinThompson, LinThompsonOptions), (SquareCb, SquareCbOptions)]
PLANE = Spaces(Box((-np.inf,) * 2, (np.inf,) * 2), Discrete(3))


def play(agent: LinearBandit, rounds: int, good: dict[int, int], seed: int = 0) -> float:
    """The share of rounds, of the last half, in which a bandit does what is good for who comes."""
    rng, hits = np.random.default_rng(seed), []
    for i in range(rounds):
        who = int(rng.integers(2))
        seen = np.eye(2)[who]
        action = agent.decide(Situation(seen, np.ones(3, np.bool_)), seed * 10**6 + i, False).action
        hit = action == good[who]
        one, nothing = np.array([float(hit)]), np.zeros(1, np.bool_)
        agent.learn(Transitions(seen[None], np.array([action]), one, seen[None], ~nothing, np.ones((1, 3), np.bool_)))
        hits.append(hit)
    return float(np.mean(hits[rounds // 2 :]))


@pytest.mark.parametrize(("kind", "options"), BANDITS)
def test_bandits_learn_who_likes_what(kind: type[LinearBandit], options: Any) -> None:
    assert play(kind(options(), PLANE), 600, {0: 2, 1: 0}) > 0.9


def test_after_an_alarm_a_bandit_follows_a_new_taste() -> None:
    calm, alarmed = (LinUcb(LinUcbOptions(), PLANE) for _ in range(2))
    for agent in (calm, alarmed):
        play(agent, 600, {0: 2, 1: 0})
    alarmed.drifted()
    assert play(alarmed, 100, {0: 1, 1: 2}, seed=2) > play(calm, 100, {0: 1, 1: 2}, seed=2) + 0.3


def test_one_model_of_candidates_learns_what_suits_whom() -> None:
    agent, rng = (
        LinUcb(LinUcbOptions(), Spaces(Box((0.0,) * 2, (1.0,) * 2), Candidates(2, 2))),
        np.random.default_rng(1),
    )
    hits = []
    for i in range(400):
        seen, offered = np.eye(2)[i % 2], rng.permutation(np.eye(2))
        action = agent.decide(Situation(seen, ALL, offered), i, False).action
        hits.append(float(offered[action] @ seen))
        taken = Transitions(
            seen[None], np.array([action]), np.array(hits[-1:]), seen[None], np.ones(1, np.bool_), np.ones((1, 0), np.bool_),
            chosen=offered[action][None],
        )  # fmt: skip
        agent.learn(taken)
    assert np.mean(hits[200:]) > 0.9


def test_a_network_learns_a_step_that_pays_later() -> None:
    options = DqnOptions(
        learning_starts=50, batch_size=32, hidden=(16,), target_every=50, train_every=1, learning_rate=5e-3
    )
    agent = Dqn(options, Spaces(Box((0.0,) * 3, (1.0,) * 3), Discrete(2)))
    places, rng = np.eye(3), np.random.default_rng(0)
    for i in range(700):
        at, action = int(rng.integers(2)), int(rng.integers(2))
        ends, following = at + action == 2, at + action  # 1 leads on, 0 stays
        agent.learn(
            Transitions(
                places[[at]],
                np.array([action]),
                np.array([float(ends)]),
                places[[following]],
                np.array([ends]),
                np.ones((1, 2), np.bool_),
                session=np.array([i]),
            )
        )
    assert all(agent.act(places[at], ALL, 0, True).action == 1 for at in (0, 1))
