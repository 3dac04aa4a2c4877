"""More agents than are kept in memory: each goes on where it was, however often it is put away in between."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from footlight import AgentSettings, Client, Decision, Reward, RewardPolicy, RewardStatus

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

MOST, AGENTS = 3, 8
PATIENCE_SECONDS = 10.0
WIDE = 5
"""Observations of an agent."""


def limited(start: Start, *further: str) -> Server:
    return start("--agents-at-hand", str(MOST), "--metrics-listen", "127.0.0.1:0", *further)


@pytest.fixture
def crowded(server_factory: Start) -> Iterator[Server]:
    """A server that may keep three agents in memory, and has eight."""
    server = limited(server_factory)
    for number in range(AGENTS):
        create(server.client, f"crowd-{number}")
    yield server
    server.stop()


def create(client: Client, name: str, settings: AgentSettings | None = None) -> None:
    options = {"learning_rate": 0.5, "epsilon_decay_steps": 20}
    client.create_agent(name, WIDE, 3, options=options, seed=7, settings=settings)


def step(client: Client, name: str, number: int) -> Decision:
    reward = None if number == 0 else float(number % 3 == 0)
    return client.act(name, "walk", number % WIDE, reward=reward, request_id=f"{name}-{number}")


def alike(decision: Decision) -> tuple[int, tuple[float, ...], int, int]:
    """Everything of a decision but the name of the agent in its id."""
    return decision.action, decision.distribution, decision.learned_steps, decision.seed


def at_hand(server: Server) -> float:
    with urllib.request.urlopen(f"{server.metrics}/metrics", timeout=PATIENCE_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("footlight_agents_at_hand{"))


def settled(server: Server) -> float:
    """How many agents are in memory once those that are too many have been put away."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (count := at_hand(server)) > MOST and time.monotonic() < end:
        time.sleep(0.05)
    return count


def test_no_more_agents_stay_in_memory_than_was_said(crowded: Server) -> None:
    for number in range(AGENTS):
        step(crowded.client, f"crowd-{number}", 0)
    assert 0 < settled(crowded) <= MOST


def test_agents_that_are_put_away_in_between_decide_and_learn_as_one_that_is_not(
    crowded: Server, server_factory: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lone = server_factory(data_dir=tmp_path_factory.mktemp("lone"))
    create(lone.client, "lone")
    expected = [alike(step(lone.client, "lone", number)) for number in range(55)]
    names = [f"crowd-{number}" for number in range(AGENTS)]
    made = [[alike(step(crowded.client, name, number)) for name in names] for number in range(55)]
    assert all(decisions == [one] * AGENTS for decisions, one in zip(made, expected, strict=True))


def test_a_decision_of_an_agent_that_was_put_away_takes_its_reward(crowded: Server) -> None:
    decisions = [step(crowded.client, f"crowd-{number}", 0) for number in range(AGENTS)]
    settled(crowded)
    given = [Reward(one.decision_id, 1.0, reward_id="applause") for one in decisions]
    assert crowded.client.rewards(given) == [RewardStatus.RECORDED] * AGENTS
    assert crowded.client.rewards(given) == [RewardStatus.DUPLICATE] * AGENTS


def test_agents_that_wait_for_rewards_are_put_away_where_there_are_no_others(server_factory: Start) -> None:
    server, settings = limited(server_factory), AgentSettings(reward=RewardPolicy(wait=600.0))
    for number in range(AGENTS):
        create(server.client, f"patient-{number}", settings)
        step(server.client, f"patient-{number}", 0)
    assert settled(server) <= MOST


def test_callers_who_crowd_an_agent_out_and_in_lose_nothing(crowded: Server) -> None:
    def play(number: int) -> int:
        with Client(crowded.address) as client:
            return [step(client, f"crowd-{number}", move).learned_steps for move in range(30)][-1]

    with ThreadPoolExecutor(AGENTS) as callers:
        assert list(callers.map(play, range(AGENTS))) == [29] * AGENTS


def test_a_server_that_stops_and_starts_goes_on_with_all_of_them(crowded: Server, server_factory: Start) -> None:
    names = [f"crowd-{number}" for number in range(AGENTS)]
    for number in range(52):
        for name in names:
            step(crowded.client, name, number)
    crowded.stop()
    again = limited(server_factory)
    assert [step(again.client, name, 52).learned_steps for name in names] == [52] * AGENTS
