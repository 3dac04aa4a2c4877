"""Act: decisions, outcomes, rewards; an agent is the replay of its own log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    AsyncClient,
    Client,
    Decision,
    EndReason,
    FailedPrecondition,
    NotFound,
    Reward,
    RewardStatus,
    SessionEnd,
    Step,
)
from footlight.v1 import interaction_pb2 as pb
from footlight.v1 import interaction_pb2_grpc as stubs

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

QUICK = {"learning_rate": 0.5, "epsilon_decay_steps": 20}


def agent(client: Client, name: str, observations: int = 5, actions: int = 3, **more: Any) -> str:
    """A new agent that learns quickly."""
    return client.create_agent(name, observations, actions, options=QUICK, seed=42, **more).agent_id


def what_was_decided(decision: Decision) -> tuple[int, tuple[float, ...], int, int]:
    """Everything of a decision but the name of the agent in its id."""
    return decision.action, decision.distribution, decision.learned_steps, decision.seed


def walk(client: Client, name: str, steps: range) -> list[Decision]:
    """A session on a ring of five places: the reward is 1 where action and place agree."""
    made: list[Decision] = []
    for step in steps:
        reward = None if step == 0 else float(step % 3 == 0)
        made.append(client.act(name, "walk", step % 5, reward=reward, request_id=f"walk-{step}"))
    return made


def learned(client: Client, name: str) -> int:
    return client.agent(name).learned_steps


def greedy_action(client: Client, name: str, observation: int) -> tuple[float, ...]:
    """What the agent would do if it did not explore. The step is not learned from."""
    return client.act(name, f"probe-{observation}", observation, exploit=True).distribution


def test_a_new_agent_knows_nothing_and_tells_its_options(scratch: Server) -> None:
    made = scratch.client.create_agent("fresh", 4, 2, options={"learning_rate": 0.25}, seed=9)
    assert (made.observations, made.actions, made.seed, made.learned_steps) == (4, 2, 9, 0)
    assert made.options["learning_rate"] == 0.25 and made.options["discount_factor"] == 0.99


def test_agents_are_listed_newest_first(scratch: Server) -> None:
    for name in ("older", "newer"):
        agent(scratch.client, name)
    names = [one.agent_id for one in scratch.client.agents()]
    assert names.index("newer") < names.index("older")


def test_probabilities_add_up_and_hold_the_action(scratch: Server) -> None:
    decision = scratch.client.act(agent(scratch.client, "exact"), "s", 0)
    assert sum(decision.distribution) == pytest.approx(1.0, abs=1e-12)
    assert decision.propensity == decision.distribution[decision.action]


def test_masked_actions_have_no_probability(scratch: Server) -> None:
    agent(scratch.client, "masked")
    decisions = [scratch.client.act("masked", f"s{i}", 0, mask=[False, True, False]) for i in range(20)]
    assert {(one.action, one.distribution) for one in decisions} == {(1, (0.0, 1.0, 0.0))}


def test_a_step_is_learned_when_its_outcome_is_told(scratch: Server) -> None:
    agent(scratch.client, "learner")
    assert [one.learned_steps for one in walk(scratch.client, "learner", range(4))] == [0, 1, 2, 3]


def test_an_exploiting_step_is_not_learned_from(scratch: Server) -> None:
    agent(scratch.client, "watcher")
    scratch.client.act("watcher", "s", 0, exploit=True)
    scratch.client.end_session("watcher", "s", reward=1.0)
    assert learned(scratch.client, "watcher") == 0


def test_a_repeated_request_gives_the_same_decision_and_learns_once(scratch: Server) -> None:
    agent(scratch.client, "retry")
    walk(scratch.client, "retry", range(2))
    first = scratch.client.act("retry", "walk", 2, reward=1.0, request_id="once")
    assert scratch.client.act("retry", "walk", 2, reward=1.0, request_id="once") == first
    assert learned(scratch.client, "retry") == 2


def test_an_outcome_without_a_decision_is_refused(scratch: Server) -> None:
    agent(scratch.client, "eager")
    with pytest.raises(FailedPrecondition) as refusal:
        scratch.client.act("eager", "new", 0, reward=1.0)
    assert refusal.value.reason == "NO_OPEN_DECISION" and learned(scratch.client, "eager") == 0


def test_rewards_are_told_what_became_of_them(scratch: Server) -> None:
    agent(scratch.client, "paid")
    decision = scratch.client.act("paid", "s", 0).decision_id
    rewards = [Reward(decision, 1.0, "r1"), Reward(decision, 1.0, "r1"), Reward("a-999-1", 1.0), Reward("what", 1.0)]
    recorded, unknown = RewardStatus.RECORDED, RewardStatus.UNKNOWN_DECISION
    assert scratch.client.rewards(rewards) == [recorded, RewardStatus.DUPLICATE, unknown, unknown]
    assert scratch.client.end_session("paid", "s", reward=0.5).total_reward == 1.5
    late = [scratch.client.reward(decision, 1.0, reward_id=name) for name in ("r2", "r2", "r1")]
    assert late == [RewardStatus.LATE, RewardStatus.DUPLICATE, RewardStatus.DUPLICATE]


def test_ending_a_session_again_changes_nothing(scratch: Server) -> None:
    agent(scratch.client, "ended")
    walk(scratch.client, "ended", range(3))
    first = scratch.client.end_session("ended", "walk", reward=2.0)
    assert scratch.client.end_session("ended", "walk", reward=2.0) == first
    assert (first.decisions, learned(scratch.client, "ended")) == (3, 3)


def test_an_unknown_session_cannot_end(scratch: Server) -> None:
    agent(scratch.client, "lonely")
    with pytest.raises(NotFound, match="never"):
        scratch.client.end_session("lonely", "never")


@pytest.mark.parametrize(("reason", "counts"), [("terminated", False), ("abandoned", False), ("truncated", True)])
def test_the_future_counts_after_a_truncated_step_only(scratch: Server, reason: str, counts: bool) -> None:
    """Place 1 is worth something; a step from place 0 to it earns nothing itself."""
    name = agent(scratch.client, f"horizon-{reason}", observations=2, actions=2)
    only = [True, False]
    scratch.client.act(name, "first", 1, mask=only)
    scratch.client.end_session(name, "first", reward=10.0)
    scratch.client.act(name, "second", 0, mask=only)
    scratch.client.end_session(name, "second", reason=EndReason(reason), reward=0.0, final_observation=1)
    prefers_it = greedy_action(scratch.client, name, 0) == (1.0, 0.0)
    assert prefers_it is counts  # otherwise both actions are worth 0 and tie


def test_a_batch_decides_as_single_acts_do(scratch: Server) -> None:
    """One batch learns all outcomes before it decides, so single calls are the same where nothing is to be learned."""
    single, batched = agent(scratch.client, "single"), agent(scratch.client, "batched")
    steps = [Step(f"s{i}", i % 5) for i in range(10)]
    one_by_one = [scratch.client.act(single, step.session_id, step.observation) for step in steps]
    together = scratch.client.batch_act(batched, steps).decisions
    assert list(map(what_was_decided, together)) == list(map(what_was_decided, one_by_one))


def test_a_batch_ends_and_starts_sessions_in_one_call(scratch: Server) -> None:
    agent(scratch.client, "vector")
    scratch.client.batch_act("vector", [Step("s1", 0), Step("s2", 1)])
    answer = scratch.client.batch_act(
        "vector", [Step("s1", 2, reward=1.0), Step("s3", 0)], [SessionEnd("s2", reward=5.0)]
    )
    assert len(answer.decisions) == 2 and answer.ended[0].total_reward == 5.0
    assert learned(scratch.client, "vector") == 2


def test_a_batch_with_one_bad_act_does_nothing(scratch: Server) -> None:
    agent(scratch.client, "all-or-none")
    with pytest.raises(FailedPrecondition):
        scratch.client.batch_act("all-or-none", [Step("good", 0), Step("bad", 0, reward=1.0)])
    with pytest.raises(NotFound):  # no session was started
        scratch.client.end_session("all-or-none", "good")


def test_a_batch_sent_twice_answers_the_same(scratch: Server) -> None:
    agent(scratch.client, "twice")
    stub = stubs.InteractionServiceStub(scratch.channel)
    acts = [
        pb.ActRequest(session_id=f"s{i}", observation=pb.Value(discrete=i), request_id=f"r{i}", action_mask=[True] * 3)
        for i in range(4)
    ]
    request = pb.BatchActRequest(agent_id="twice", acts=acts)
    assert stub.BatchAct(request) == stub.BatchAct(request)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_session_goes_on_after_a_restart_as_if_there_had_been_none(
    server_factory: Start, scratch: Server, end: signal.Signals
) -> None:
    agent(scratch.client, f"steady-{end.name}")
    unbroken = walk(scratch.client, f"steady-{end.name}", range(40))
    server = server_factory()
    agent(server.client, "broken")
    before = walk(server.client, "broken", range(25))
    server.stop(end)
    after = walk(server_factory().client, "broken", range(25, 40))
    assert list(map(what_was_decided, before + after)) == list(map(what_was_decided, unbroken))


def test_what_was_answered_before_a_restart_is_answered_again(server_factory: Start) -> None:
    server = server_factory()
    agent(server.client, "memory")
    decisions = walk(server.client, "memory", range(10))
    status = server.client.reward(decisions[-1].decision_id, 1.0, reward_id="r")
    server.kill()
    client = server_factory().client
    assert client.act("memory", "walk", 4, reward=1.0, request_id="walk-9") == decisions[-1]
    assert (status, client.reward(decisions[-1].decision_id, 1.0, reward_id="r")) == (
        RewardStatus.RECORDED,
        RewardStatus.DUPLICATE,
    )


async def ask_twice_each(address: str, sessions: int, steps: int) -> list[Decision]:
    """Decisions of many sessions at once, each asked for by two callers at the same time who must hear the same."""
    async with AsyncClient(address) as client:

        async def session(name: str) -> list[Decision]:
            made = []
            for step in range(steps):
                reward = 1.0 if step else None
                twice = [client.act("busy", name, step % 5, reward=reward, request_id=f"{name}-{step}") for _ in "ab"]
                first, second = await asyncio.gather(*twice)
                assert first == second
                made.append(first)
            return made

        return [one for made in await asyncio.gather(*(session(f"s{i}") for i in range(sessions))) for one in made]


def test_decisions_of_many_callers_at_once_are_all_there_after_a_crash(server_factory: Start) -> None:
    server = server_factory()
    agent(server.client, "busy")
    made = asyncio.run(ask_twice_each(server.address, 16, 20))
    before = server.client.agent_policy("busy")
    server.kill()
    client = server_factory().client
    logged = {one.decision_id: one.distribution for one in client.agent_decisions("busy")}
    assert logged == {one.decision_id: one.distribution for one in made} and len(logged) == 320
    assert client.agent_policy("busy") == before


def test_only_the_newest_states_of_an_agent_are_kept(server_factory: Start) -> None:
    for turn in range(4):
        server = server_factory()
        if not turn:
            agent(server.client, "tidy")
        for step in range(60):  # of few, nothing is stored: they are soon replayed
            server.client.act("tidy", f"turn-{turn}", step % 5)
        server.stop()
    kept = sorted(path.parent.name for path in (server.data_dir / "models").glob("agent-*/*/manifest.json"))
    assert kept == ["000003", "000004"]


def test_an_agent_learns_which_action_is_good(scratch: Server) -> None:
    name = agent(scratch.client, "pupil", observations=1, actions=4)
    for episode in range(60):
        decision = scratch.client.act(name, f"e{episode}", 0)
        scratch.client.end_session(name, f"e{episode}", reward=float(decision.action == 2))
    assert greedy_action(scratch.client, name, 0) == (0.0, 0.0, 1.0, 0.0)


def test_a_table_too_large_is_refused(scratch: Server, refused: Callable[..., Any]) -> None:
    stub = stubs.InteractionServiceStub(scratch.channel)
    space = [pb.Space(discrete=pb.DiscreteSpace(n=n)) for n in (10_000_000, 10_000)]
    request = pb.CreateAgentRequest(agent_id="vast", observation_space=space[0], action_space=space[1])
    refusal = refused(lambda: stub.CreateAgent(request))
    assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", ["observation_space"])
