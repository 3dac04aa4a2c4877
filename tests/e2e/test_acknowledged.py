"""What is answered while a commit is still on its way: a repeated call waits for it, as the first one does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.soak.serving import only

from footlight import Client, RewardStatus

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

WAIT_SECONDS = 0.5
"""How long the repeated call gets to answer too early."""


@contextmanager
def commits_held(server: Server) -> Iterator[None]:
    """Nothing can be written meanwhile: somebody else holds the database's write lock."""
    with closing(sqlite3.connect(server.data_dir / "footlight.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.fixture
def server(server_factory: Start) -> Server:
    """A server with an agent that has made one decision."""
    started = server_factory(*only("act"))
    started.client.create_agent("player", 3, 2, seed=1)
    started.client.act("player", "s", 0, request_id="first")
    return started


def early_answer(server: Server, call: Callable[[Client], object]) -> object:
    """What the repeated call is answered although the first one has not been committed; None if it waits, as it should."""
    with Client(server.address) as first, Client(server.address) as second, ThreadPoolExecutor(2) as pool:
        with commits_held(server):
            calls: list[Future[object]] = [pool.submit(call, first)]
            time.sleep(WAIT_SECONDS)
            calls.append(pool.submit(call, second))
            time.sleep(WAIT_SECONDS)
            early = calls[1].result() if calls[1].done() else None
        assert calls[0].result() is not None and calls[1].result() is not None
    return early


def test_a_repeated_decision_waits_for_its_commit(server: Server) -> None:
    assert early_answer(server, lambda c: c.act("player", "s", 1, reward=1.0, request_id="second")) is None


def test_a_repeated_reward_waits_for_its_commit(server: Server) -> None:
    decision = server.client.act("player", "s", 0, request_id="first").decision_id
    early = early_answer(server, lambda c: c.reward(decision, 1.0, reward_id="r"))
    assert early is not RewardStatus.DUPLICATE


def test_a_repeated_end_waits_for_its_commit(server: Server) -> None:
    assert early_answer(server, lambda c: c.end_session("player", "s", reward=1.0)) is None
