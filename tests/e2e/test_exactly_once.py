"""Rewards count exactly once: duplicated, out of order, from many clients at once, with the server killed in between."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from footlight import Client, Reward, RewardStatus, Step, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

OBSERVATIONS, ACTIONS = 5, 3
RATE, DISCOUNT = 0.1, 0.99
CLIENTS = 4
OPTIONS = {"learning_rate": RATE, "discount_factor": DISCOUNT, "epsilon_end": 1.0}


class Crowd:
    """Decisions of sessions side by side, and many rewards for each, whose sum does not depend on their order."""

    def __init__(self, client: Client, name: str, decisions: int, rewards: int) -> None:
        self.name = name
        client.create_agent(name, OBSERVATIONS, ACTIONS, options=OPTIONS, seed=3)
        steps = [Step(f"s{i}", i % OBSERVATIONS) for i in range(decisions)]
        made = [
            one
            for start in range(0, decisions, 500)
            for one in client.batch_act(name, steps[start : start + 500]).decisions
        ]
        self.decisions = [one.decision_id for one in made]
        self.actions = [one.action for one in made]
        self.rewards = [Reward(self.decisions[i % decisions], (i % 64) / 64, f"r{i}") for i in range(rewards)]

    def earned(self, decision: int) -> float:
        """What a decision has earned in all."""
        return sum(one.value for one in self.rewards[decision :: len(self.decisions)])

    def told(self, client: int, batch: int) -> list[list[Reward]]:
        """What one client tells: more than half of all rewards, some of them twice, in an order of its own."""
        rng = random.Random(client)
        mine = [one for i, one in enumerate(self.rewards) if i % CLIENTS == client or rng.random() < 0.4]
        mine += rng.sample(mine, len(mine) // 10)
        rng.shuffle(mine)
        return [mine[start : start + batch] for start in range(0, len(mine), batch)]

    def tell(self, address: str, batch: int) -> list[RewardStatus]:
        """Four clients at once, each with a connection of its own."""
        found: list[RewardStatus] = []

        def work(number: int) -> None:
            with Client(address, timeout=120) as client:
                for part in self.told(number, batch):
                    found.extend(_again(lambda part=part: client.rewards(part)))  # type: ignore[misc]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def close(self, client: Client) -> list[float]:
        """End every session; answers what each earned."""
        return [client.end_session(self.name, f"s{i}").total_reward for i in range(len(self.decisions))]

    def table(self) -> list[list[float]]:
        """The table, learned step by step in the order of the ends."""
        q = [[0.0] * ACTIONS for _ in range(OBSERVATIONS)]
        for i, action in enumerate(self.actions):
            value = q[i % OBSERVATIONS][action]
            q[i % OBSERVATIONS][action] = value + RATE * (self.earned(i) - value)
        return q


def _again(send: Callable[[], list[RewardStatus]]) -> list[RewardStatus]:
    """A client that asks again when nobody answers."""
    for _ in range(600):
        try:
            return send()
        except Unavailable:
            threading.Event().wait(0.1)
    raise AssertionError("the server did not come back")


def learned(client: Client, crowd: Crowd) -> list[list[float]]:
    return [list(row.expected) for row in client.agent_policy(crowd.name)]


def check(server: Server, crowd: Crowd, statuses: list[RewardStatus]) -> list[list[float]]:
    """Every reward was recorded once, and the table is that of the oracle, to the bit."""
    assert statuses.count(RewardStatus.RECORDED) == len(crowd.rewards)
    assert set(statuses) == {RewardStatus.RECORDED, RewardStatus.DUPLICATE}
    assert crowd.close(server.client) == [crowd.earned(i) for i in range(len(crowd.decisions))]
    table = learned(server.client, crowd)
    assert table == crowd.table()
    return table


def test_rewards_from_many_clients_give_the_table_of_the_serial_replay(server_factory: Start) -> None:
    server = server_factory()
    crowd = Crowd(server.client, "crowd", 40, 1_200)
    table = check(server, crowd, crowd.tell(server.address, 50))
    server.kill()
    assert learned(server_factory().client, crowd) == table  # replayed row by row from the log


def test_a_server_that_is_killed_in_between_loses_and_doubles_nothing(server_factory: Start) -> None:
    server = server_factory()
    crowd = Crowd(server.client, "hard", 20, 1_500)
    telling = threading.Thread(target=crowd.tell, args=(server.address, 20))
    telling.start()
    threading.Event().wait(0.3)
    server.kill()
    server = server_factory(port=server.port)
    telling.join()
    assert crowd.close(server.client) == [crowd.earned(i) for i in range(len(crowd.decisions))]
    assert learned(server.client, crowd) == crowd.table()


@pytest.mark.soak(900)
def test_a_hundred_thousand_rewards_of_each_of_four_clients(server_factory: Start) -> None:
    server = server_factory()
    crowd = Crowd(server.client, "stadium", 2_000, 200_000)  # of which each client tells more than half
    table = check(server, crowd, crowd.tell(server.address, 1_000))
    server.kill()
    assert learned(server_factory().client, crowd) == table
