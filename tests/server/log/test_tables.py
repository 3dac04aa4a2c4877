"""The smaller tables: decisions, deployments, trainings, agents."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from footlight_server.errors import AlreadyExists, NotFound
from footlight_server.log import (
    AgentLog,
    AgentRecord,
    AgentRow,
    AgentTable,
    Database,
    Decision,
    DecisionLog,
    Deployment,
    DeploymentTable,
    Training,
    TrainingState,
    TrainingTable,
    Writer,
)

DECISION = Decision("d1", "recommend", "item-knn", 3, 42, -1, 7, b"\x00\x01", 99)
TRAINING = Training("t1", "item-knn", seed=7, options={"k": 50}, create_time=5)
AGENT = AgentRecord("lake", "q-learning", {"observation": {"n": 16}, "action": {"n": 4}}, {"rate": 0.1}, 7, 5)


async def test_decision_is_read_back_after_half_a_second(decisions: DecisionLog, writer: Writer) -> None:
    decisions.record(DECISION)
    await writer.submit(lambda connection: None)
    assert decisions.get("d1") == DECISION


async def test_unknown_decision_is_not_found(decisions: DecisionLog) -> None:
    with pytest.raises(NotFound, match="no decision named 'nope'"):
        decisions.get("nope")


def unfenced(connection: Connection) -> None:
    """The fence of a server that nobody has taken over from."""


@pytest.fixture
def deployments(database: Database, writer: Writer) -> DeploymentTable:
    return DeploymentTable(database, writer, "default")


async def test_deployments_are_listed_by_name(deployments: DeploymentTable) -> None:
    second, first = Deployment("b", "item-knn", {"k": 20}), Deployment("a", "popular", {}, 3)
    await asyncio.gather(deployments.create(second), deployments.create(first))
    assert list(deployments.list()) == [first, second]


async def test_deployment_name_is_taken_once(deployments: DeploymentTable) -> None:
    await deployments.create(Deployment("a", "popular", {}))
    with pytest.raises(AlreadyExists, match="'a'"):
        await deployments.create(Deployment("a", "item-knn", {}))


async def test_activation_is_written_down(deployments: DeploymentTable) -> None:
    await deployments.create(Deployment("a", "popular", {"x": 1}))
    await deployments.activate("a", 4)
    assert list(deployments.list()) == [Deployment("a", "popular", {"x": 1}, 4)]


async def test_activation_makes_the_row_of_an_engines_own_deployment(deployments: DeploymentTable) -> None:
    await deployments.activate("popular", 2, engine="popular")
    assert list(deployments.list()) == [Deployment("popular", "popular", {}, 2)]


async def test_a_pin_is_written_down_and_taken_away(deployments: DeploymentTable) -> None:
    await deployments.create(Deployment("a", "popular", {}))
    await deployments.pin("a", 0)
    assert list(deployments.list()) == [Deployment("a", "popular", {}, pinned_position=0)]
    await deployments.pin("a", None)
    assert list(deployments.list()) == [Deployment("a", "popular", {})]


async def test_unknown_deployment_is_neither_activated_nor_pinned_nor_deleted(deployments: DeploymentTable) -> None:
    with pytest.raises(NotFound):
        await deployments.activate("a", 4)
    with pytest.raises(NotFound):
        await deployments.pin("a", 4)
    with pytest.raises(NotFound):
        await deployments.delete("a")


async def test_deleted_deployment_is_gone(deployments: DeploymentTable) -> None:
    await deployments.create(Deployment("a", "popular", {}))
    await deployments.delete("a")
    assert list(deployments.list()) == []


@pytest.fixture
def trainings(database: Database, writer: Writer) -> TrainingTable:
    return TrainingTable(database, writer, "default")


async def test_training_is_read_back(trainings: TrainingTable) -> None:
    await trainings.insert(TRAINING)
    assert trainings.get("t1") == TRAINING


async def test_training_goes_on(trainings: TrainingTable) -> None:
    await trainings.insert(TRAINING)
    ended = replace(
        TRAINING, state=TrainingState.FAILED, step=9, metrics={"loss": 0.5}, error="out of memory", end_time=8
    )
    await trainings.update(ended, unfenced)
    assert trainings.get("t1") == ended and ended.state.ended


async def test_metrics_may_hold_nan(trainings: TrainingTable) -> None:
    await trainings.insert(replace(TRAINING, metrics={"loss": math.nan}))
    assert math.isnan(trainings.get("t1").metrics["loss"])


async def test_unknown_training_is_not_found(trainings: TrainingTable) -> None:
    with pytest.raises(NotFound):
        await trainings.update(TRAINING, unfenced)
    with pytest.raises(NotFound):
        trainings.get("t1")


async def test_trainings_are_paged_newest_first(trainings: TrainingTable) -> None:
    for name, time in (("a", 1), ("c", 2), ("b", 2), ("d", 3)):
        await trainings.insert(replace(TRAINING, training_id=name, create_time=time))
    first, token = trainings.list(page_size=2)
    second, end = trainings.list(page_size=2, page_token=token)
    assert [t.training_id for t in (*first, *second)] == ["d", "c", "b", "a"] and not end


async def test_trainings_are_listed_by_deployment_and_by_what_is_unfinished(trainings: TrainingTable) -> None:
    await trainings.insert(TRAINING)
    await trainings.insert(replace(TRAINING, training_id="t2", deployment="ease", state=TrainingState.SUCCEEDED))
    assert [t.training_id for t in trainings.list("ease")[0]] == ["t2"]
    assert [t.training_id for t in trainings.unfinished()] == ["t1"]


@pytest.fixture
def agents(database: Database, writer: Writer) -> AgentTable:
    return AgentTable(database, writer, "default")


@pytest.fixture
async def agent_log(database: Database, agents: AgentTable) -> AgentLog:
    """The log of one agent, whose ordinal is 0."""
    await agents.insert(AGENT)
    return AgentLog(database, "default")


async def test_agents_count_from_zero(agents: AgentTable) -> None:
    made = await asyncio.gather(*(agents.insert(replace(AGENT, agent_id=name)) for name in "ab"))
    assert [agent.ordinal for agent in made] == [0, 1] and agents.get("b") == made[1]


async def test_agent_id_is_taken_once(agents: AgentTable) -> None:
    await agents.insert(AGENT)
    with pytest.raises(AlreadyExists):
        await agents.insert(AGENT)


async def test_agents_are_paged_newest_first(agents: AgentTable) -> None:
    for name in "abc":
        await agents.insert(replace(AGENT, agent_id=name))
    first, token = agents.list(page_size=2)
    second, _ = agents.list(page_size=2, page_token=token)
    assert [a.agent_id for a in (*first, *second)] == ["c", "b", "a"]
    assert agents.any_of(AGENT.deployment) and not agents.any_of("another")


ACT = AgentRow(0, 1, 1, "s", "r1", None, 3, 2, None, 0, b"\x01", b"\x02" * 32, 5, 2**62, 9)


async def test_agent_rows_are_read_back_in_order(agent_log: AgentLog, writer: Writer) -> None:
    rows = [ACT._replace(position=p, name=None, reward=0.5 * p) for p in range(1, 6)]
    await writer.submit(lambda connection: agent_log.insert_rows(connection, rows))
    assert list(agent_log.read(0, after=2)) == rows[2:]


async def test_long_agent_logs_are_read_page_by_page(
    agent_log: AgentLog, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footlight_server.log.agents._PAGE", 3)
    rows = [ACT._replace(position=p, name=None) for p in range(1, 8)]
    await writer.submit(lambda connection: agent_log.insert_rows(connection, rows))
    assert [row.position for row in agent_log.read(0)] == list(range(1, 8))


async def test_agent_rows_are_found_by_their_ids(agent_log: AgentLog, writer: Writer) -> None:
    reward = AgentRow(0, 2, 2, "s", "bonus", decision=1, reward=1.5)
    await writer.submit(lambda connection: agent_log.insert_rows(connection, [ACT, reward]))
    assert agent_log.find_requests(0, ["r1", "bonus"]) == {"r1": agent_log.find(0, 1)} == {"r1": ACT}
    assert agent_log.find_reward(0, 1, "bonus") == reward
    assert agent_log.find_reward(0, 2, "bonus") is agent_log.find(0, 3) is None


@pytest.mark.parametrize(
    "row",
    [ACT._replace(position=9), ACT._replace(name="r2"), AgentRow(0, 9, 2, "s", "bonus", decision=1)],
    ids=["request id", "position", "reward id"],
)
async def test_agent_ids_and_positions_are_taken_once(agent_log: AgentLog, writer: Writer, row: AgentRow) -> None:
    reward = AgentRow(0, 2, 2, "s", "bonus", decision=1)
    await writer.submit(lambda connection: agent_log.insert_rows(connection, [ACT, reward]))
    with pytest.raises(IntegrityError):
        await writer.submit(lambda connection: agent_log.insert_rows(connection, [row]))


async def test_transaction_sees_its_own_agent_rows(agent_log: AgentLog, writer: Writer) -> None:
    def work(connection):  # type: ignore[no-untyped-def]
        agent_log.insert_rows(connection, [ACT])
        return agent_log.find(0, 1, connection)

    assert await writer.submit(work) == ACT


async def test_how_much_an_agent_learned_is_read_from_its_newest_row(agent_log: AgentLog, writer: Writer) -> None:
    rows = [ACT, ACT._replace(position=2, name="r2", learned_steps=7), AgentRow(0, 3, 2, "s", "bonus", decision=2)]
    await writer.submit(lambda connection: agent_log.insert_rows(connection, rows))
    assert (agent_log.learned_steps(0), agent_log.learned_steps(1)) == (7, 0)
