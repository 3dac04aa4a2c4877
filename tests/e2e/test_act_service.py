"""Act beyond whole numbers: spaces, candidates, waiting rewards, modes, streams, rollback, evaluation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    AgentMode,
    AgentSettings,
    AlreadyExists,
    BoxSpace,
    Candidate,
    CandidateSpace,
    Client,
    Decision,
    DecisionReason,
    DictSpace,
    DiscreteSpace,
    DriftPolicy,
    Event,
    EventKind,
    FailedPrecondition,
    InvalidArgument,
    Item,
    LoggedAction,
    MultiBinarySpace,
    MultiDiscreteSpace,
    Reward,
    RewardPolicy,
    RewardStatus,
    Step,
)
from footlight.dsjson import Reader, to_line

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

NEWS = DictSpace({"who": DiscreteSpace(2), "when": DiscreteSpace(2)})
R = RewardStatus


@pytest.fixture
def client(scratch: Server) -> Client:
    return scratch.client


def bandit(client: Client, name: str, **more: Any) -> str:
    """A contextual bandit with three actions."""
    return client.create_agent(name, BoxSpace([2]), 3, deployment="linucb", seed=7, **more).agent_id


def table(client: Client, name: str, **settings: Any) -> str:
    """A table of two observations and two actions that learns in one step."""
    options = {"learning_rate": 1.0, "discount_factor": 0.0}
    made = client.create_agent(name, 2, 2, options=options, seed=7, settings=AgentSettings(**settings))
    return made.agent_id


def test_an_observation_by_name_is_numbered_for_a_table(client: Client) -> None:
    client.create_agent("named", NEWS, 2, deployment="q-learning", options={"learning_rate": 1.0}, seed=1)
    client.act("named", "s", {"who": 1, "when": 0}, mask=[True, False])
    client.end_session("named", "s", reward=3.0)
    rows = client.agent_policy("named")
    assert [row.expected[0] for row in rows] == [0.0, 3.0, 0.0, 0.0]  # names in order: when, who


@pytest.mark.parametrize(
    ("space", "value"),
    [
        (BoxSpace([2, 2], [-1.0], [1.0]), [[0.5, -0.5], [1.0, -1.0]]),
        (MultiDiscreteSpace([2, 3]), [1, 2]),
        (MultiBinarySpace(3), [1, 0, 1]),
        (DictSpace({"a": BoxSpace([1]), "b": MultiBinarySpace(2)}), {"a": [0.25], "b": [1, 1]}),
        (DiscreteSpace(3, -1), -1),
    ],
)
def test_every_kind_of_space_can_be_observed(client: Client, space: Any, value: Any) -> None:
    name = f"sees-{space}"[:200]
    made = client.create_agent(name, space, DiscreteSpace(2, start=5), deployment="linucb", seed=1)
    flat = [x for row in value for x in row] if isinstance(space, BoxSpace) else value
    decision = client.act(name, "s", flat)
    assert decision.action in (5, 6) and made.action_space == DiscreteSpace(2, 5)


def test_a_table_refuses_a_space_that_is_not_finite(client: Client) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        client.create_agent("boxed", BoxSpace([2]), 2, deployment="q-learning")
    assert refusal.value.field == "observation_space"


@pytest.mark.parametrize(
    ("observation", "field"),
    [
        ([0.5], "observation.box"),
        ([0.5, float("nan")], "observation.box.values[1]"),
        ([0.5, float("inf")], "observation.box.values[1]"),
        (3, "observation.box"),
    ],
)
def test_a_vector_that_is_none_of_the_space_is_refused(client: Client, observation: Any, field: str) -> None:
    bandit(client, f"strict-{field}-{observation}")
    with pytest.raises(InvalidArgument) as refusal:
        client.act(f"strict-{field}-{observation}", "s", observation)
    assert refusal.value.field == field


def test_candidates_come_with_the_request_and_are_answered_by_name(client: Client) -> None:
    client.create_agent("shelf", BoxSpace([2]), CandidateSpace(2), deployment="squarecb", seed=3)
    offered = [Candidate([1.0, 0.0], "drama"), Candidate([0.0, 1.0], "comedy")]
    for i in range(60):
        decision = client.act("shelf", f"s{i}", [1.0, 0.0], candidates=offered)
        client.reward(decision.decision_id, float(decision.candidate_id == "comedy"))
    last = client.act("shelf", "last", [1.0, 0.0], candidates=offered[::-1], exploit=True)
    assert (last.candidate_id, last.action, len(last.distribution)) == ("comedy", 0, 2)


@pytest.mark.parametrize("candidates", [[], [Candidate([1.0])], [Candidate([1.0, float("nan")])]])
def test_candidates_that_do_not_fit_are_refused(client: Client, candidates: list[Candidate]) -> None:
    client.create_agent("narrow", BoxSpace([1]), CandidateSpace(2), deployment="linucb", seed=3)
    with pytest.raises(InvalidArgument, match="candidates"):
        client.act("narrow", "s", [0.0], candidates=candidates)


def test_a_bandit_learns_as_soon_as_its_reward_is_there(client: Client) -> None:
    bandit(client, "quick")
    decision = client.act("quick", "s", [1.0, 0.0])
    assert client.reward(decision.decision_id, 1.0) == R.RECORDED
    assert client.agent("quick").learned_steps == 1
    assert client.reward(decision.decision_id, 1.0) == R.LATE


def test_a_decision_says_why_and_what_was_expected(client: Client) -> None:
    table(client, "open-book")
    client.act("open-book", "s", 0, mask=[False, True])
    client.end_session("open-book", "s", reward=2.0)
    best = client.act("open-book", "t", 0, exploit=True)
    only = client.act("open-book", "u", 0, mask=[True, False])
    assert (best.reason, best.expected, best.best_expected) == (DecisionReason.GREEDY, 2.0, 2.0)
    assert (only.reason, only.expected, only.best_expected) == (DecisionReason.ONLY_CHOICE, 0.0, 0.0)


def test_a_step_out_of_order_is_told_which_one_is_expected(client: Client) -> None:
    table(client, "orderly")
    assert client.act("orderly", "s", 0, step=0).step == 0
    with pytest.raises(FailedPrecondition) as refusal:
        client.act("orderly", "s", 0, step=2)
    assert refusal.value.reason == "STEP_OUT_OF_ORDER" and "is 1, not 2" in str(refusal.value)
    assert client.act("orderly", "s", 0, step=1).step == 1


def test_an_agent_may_be_created_again_with_the_same_words_only(client: Client) -> None:
    first = table(client, "twin")
    assert table(client, "twin") == first
    with pytest.raises(AlreadyExists):
        client.create_agent("twin", 2, 3)


def test_a_reward_outside_the_bounds_is_kept_and_not_learned_from(client: Client) -> None:
    table(client, "bounded", reward=RewardPolicy(low=0.0, high=1.0))
    decision = client.act("bounded", "s", 0, mask=[True, False]).decision_id
    told = [Reward(decision, 5.0, "r1"), Reward(decision, 0.5, "r2"), Reward(decision, 0.7, "r2")]
    assert client.rewards(told) == [R.OUT_OF_RANGE, R.RECORDED, R.CONFLICT]
    client.end_session("bounded", "s")
    assert client.agent_policy("bounded")[0].expected == (0.5, 0.0)


@pytest.mark.parametrize(("aggregation", "value"), [("sum", 3.0), ("first", 1.0), ("last", 2.0)])
def test_several_rewards_come_to_what_was_settled(client: Client, aggregation: str, value: float) -> None:
    name = table(client, f"adds-{aggregation}", reward=RewardPolicy(aggregation=aggregation))
    decision = client.act(name, "s", 0, mask=[True, False]).decision_id
    client.rewards([Reward(decision, 1.0), Reward(decision, 2.0)])
    client.end_session(name, "s")
    assert client.agent_policy(name)[0].expected == (value, 0.0)


def wait_for_learning(client: Client, name: str, steps: int) -> None:
    """Until an agent has learned from so many steps, without asking it to do anything."""
    end = time.monotonic() + 20
    while client.agent(name).learned_steps < steps:
        assert time.monotonic() < end, "nothing was learned in time"
        time.sleep(0.05)


def test_a_decision_without_a_reward_gets_the_default_when_its_time_is_up(client: Client) -> None:
    table(client, "patient", reward=RewardPolicy(wait=0.3, default=-1.0))
    decision = client.act("patient", "s", 0, mask=[True, False])
    assert decision.reward_deadline is not None
    wait_for_learning(client, "patient", 1)
    assert client.agent_policy("patient")[0].expected == (-1.0, 0.0)
    assert client.reward(decision.decision_id, 1.0) == R.LATE


def test_a_deferred_decision_counts_once_it_is_activated(client: Client) -> None:
    table(client, "careful")
    shown, never = (client.act("careful", name, 0, deferred=True).decision_id for name in ("s", "t"))
    assert client.activate([shown, shown, "a-99999-1"]) == [R.RECORDED, R.DUPLICATE, R.UNKNOWN_DECISION]
    for session in ("s", "t"):
        client.end_session("careful", session, reward=1.0)
    assert client.agent("careful").learned_steps == 1 and client.activate([never]) == [R.LATE]


def test_what_somebody_else_did_is_learned_from(client: Client) -> None:
    table(client, "watching")
    logged = [
        LoggedAction(Step(f"s{i}", 0), action=i % 2, propensity=0.5, final_reward=float(i % 2)) for i in range(10)
    ]
    decisions = client.log_actions("watching", logged)
    assert [(one.action, one.propensity, one.reason) for one in decisions[:2]] == [
        (0, 0.5, DecisionReason.LOGGED),
        (1, 0.5, DecisionReason.LOGGED),
    ]
    assert client.agent_policy("watching")[0].expected == (0.0, 1.0)


def test_a_stream_plays_a_session_and_learns_on_the_way(client: Client) -> None:
    table(client, "streamed")
    with client.interact("streamed") as stream:
        decisions = [stream.act("s", 0, reward=None if not i else 1.0) for i in range(5)]
        assert [one.learned_steps for one in decisions] == [0, 1, 2, 3, 4]
        assert stream.rewards([Reward(decisions[-1].decision_id, 1.0)]) == [R.RECORDED]
        assert stream.end("s").total_reward == 5.0


def test_an_error_ends_a_stream_with_its_reason(client: Client) -> None:
    table(client, "broken-off")
    with client.interact("broken-off") as stream, pytest.raises(InvalidArgument, match="observation"):
        stream.act("s", 99)


def test_an_apprentice_serves_the_baseline_and_learns(client: Client) -> None:
    table(client, "apprentice", mode="apprentice")
    decision = client.act("apprentice", "s", 0, baseline_action=1)
    client.end_session("apprentice", "s", reward=1.0)
    assert (decision.action, decision.propensity, decision.reason) == (1, 1.0, DecisionReason.BASELINE)
    assert decision.own_action in (0, 1) and client.agent("apprentice").learned_steps == 1
    with pytest.raises(InvalidArgument, match="baseline_action"):
        client.act("apprentice", "t", 0)


@pytest.mark.parametrize(("mode", "asked"), [("shadow", True), ("log_only", False), ("frozen", None)])
def test_other_modes_do_not_learn(client: Client, mode: str, asked: bool | None) -> None:
    name = table(client, f"mode-{mode}", mode=mode)
    decision = client.act(name, "s", 0, baseline_action=1)
    client.end_session(name, "s", reward=1.0)
    assert client.agent(name).learned_steps == 0 and client.agent(name).mode == AgentMode(mode)
    assert (decision.own_action is not None) is bool(asked)


def baseline_session(client: Client, name: str, number: int) -> Decision:
    """The baseline does 0, which earns nothing; 1 would earn 1."""
    decision = client.act(name, f"s{number}", 0, baseline_action=0)
    client.end_session(name, f"s{number}", reward=float(decision.action))
    return decision


def test_an_apprentice_is_promoted_on_evidence_only(client: Client) -> None:
    options = {"learning_rate": 0.2, "epsilon_decay_steps": 20}
    settings = AgentSettings(mode="apprentice", baseline_exploration=0.3)
    client.create_agent("rising", 1, 2, deployment="q-learning", options=options, seed=5, settings=settings)
    baseline_session(client, "rising", 0)
    with pytest.raises(FailedPrecondition) as refusal:
        client.set_agent_mode("rising", "online")
    assert refusal.value.reason == "NOT_BETTER_THAN_BASELINE"
    for number in range(1, 250):
        baseline_session(client, "rising", number)
    assert client.set_agent_mode("rising", "online").mode == AgentMode.ONLINE


def test_an_agent_is_promoted_and_sent_back_by_itself(client: Client) -> None:
    options = {"learning_rate": 0.5, "epsilon_start": 0.2, "epsilon_end": 0.2}
    settings = AgentSettings(mode="apprentice", baseline_exploration=0.3, check_every=150)
    client.create_agent("alone", 1, 2, deployment="q-learning", options=options, seed=5, settings=settings)
    number = iter(range(10_000))
    modes: list[AgentMode] = []
    while client.agent("alone").mode == AgentMode.APPRENTICE and len(modes) < 1_000:
        modes.append(baseline_session(client, "alone", next(number)).mode)
    assert client.agent("alone").mode == AgentMode.ONLINE
    for i in range(1_500):  # from now on the baseline is the better one, and the agent does not hear of it
        decision = client.act("alone", f"t{i}", 0, baseline_action=0, exploit=False)
        client.end_session("alone", f"t{i}", reward=float(decision.action == 0) - 1.0 * (decision.action == 1))
        if i % 150 == 20 and client.agent("alone").mode == AgentMode.APPRENTICE:
            return
    pytest.fail("the agent was not sent back")


def walk(client: Client, name: str, start: int, count: int) -> None:
    for i in range(start, start + count):
        client.act(name, f"w{i}", i % 2, mask=[True, False])
        client.end_session(name, f"w{i}", reward=float(i))


def test_a_rollback_unlearns_what_came_after(client: Client) -> None:
    table(client, "undone")
    walk(client, "undone", 1, 4)
    client.snapshot_agent("undone", "good")
    before = client.agent_policy("undone")
    walk(client, "undone", 100, 6)
    assert client.agent_policy("undone") != before
    rolled = client.rollback_agent("undone", snapshot="good")
    assert client.agent_policy("undone") == before and rolled.log_position > 8
    assert [one.name for one in client.agent_snapshots("undone")] == ["good"]
    with pytest.raises(FailedPrecondition):
        client.rollback_agent("undone", position=10_000)


def test_a_reward_that_was_undone_is_a_duplicate_when_it_is_sent_again(client: Client) -> None:
    client.create_agent("undone-reward", 4, 2, seed=1)
    decision = client.act("undone-reward", "s", 0).decision_id
    position = client.agent("undone-reward").log_position
    client.reward(decision, 1.0, reward_id="r")
    client.rollback_agent("undone-reward", position=position)
    again = [Reward(decision, 1.0, "r"), Reward(decision, 2.0, "r"), Reward(decision, 1.0, "another")]
    assert client.rewards(again) == [R.DUPLICATE, R.CONFLICT, R.RECORDED]


def test_a_rollback_holds_after_a_restart(server_factory: Start) -> None:
    server = server_factory()
    table(server.client, "again")
    walk(server.client, "again", 1, 4)
    position = server.client.agent("again").log_position
    walk(server.client, "again", 100, 4)
    server.stop()  # stores a state that has what is undone now
    server = server_factory()
    server.client.rollback_agent("again", position=position)
    walk(server.client, "again", 7, 2)
    expected = server.client.agent_policy("again")
    server.kill()
    assert server_factory().client.agent_policy("again") == expected
    assert [row.expected[0] for row in expected] == [8.0, 7.0]


def test_a_policy_is_evaluated_on_the_agents_own_log(client: Client) -> None:
    client.create_agent("judge", 1, 2, options={"epsilon_end": 1.0}, seed=11)
    for i in range(400):
        decision = client.act("judge", f"s{i}", 0)
        client.end_session("judge", f"s{i}", reward=float(decision.action))
    found = client.evaluate_policy("judge", "greedy")
    assert found.decisions == 400 and found["ips"].low < 1.0 < found["ips"].high
    assert found["snips"].value == pytest.approx(1.0) and found["dr"].value == pytest.approx(1.0, abs=0.02)
    assert client.evaluate_policy("judge", "uniform")["dr"].value == pytest.approx(0.5, abs=0.1)
    assert client.evaluate_policy("judge", "logged")["ips"].value == pytest.approx(found.logged_value)


def test_there_is_nothing_to_evaluate_on_an_empty_log(client: Client) -> None:
    table(client, "empty-log")
    with pytest.raises(FailedPrecondition) as refusal:
        client.evaluate_policy("empty-log")
    assert refusal.value.reason == "NO_DECISIONS"


def test_the_decisions_of_an_agent_can_be_read(client: Client) -> None:
    table(client, "diary")
    walk(client, "diary", 1, 3)
    client.act("diary", "open", 1)
    found = list(client.agent_decisions("diary"))
    assert [(one.observation, one.action, one.reward, one.complete) for one in found[:3]] == [
        (1, 0, 1.0, True),
        (0, 0, 2.0, True),
        (1, 0, 3.0, True),
    ]
    assert not found[3].complete and found[0].mask == (True, False)


def sides() -> Iterator[float]:
    """Rewards of a world that turns at 200."""
    return iter([1.0] * 200 + [0.0] * 60)


def test_an_alarm_makes_an_agent_explore_again(client: Client) -> None:
    options = {"epsilon_start": 0.0, "epsilon_end": 0.0, "drift_epsilon": 0.5, "drift_steps": 500}
    client.create_agent("alarmed", 1, 2, options=options, seed=2, settings=AgentSettings(drift=DriftPolicy()))
    last = None
    for i, reward in enumerate(sides()):
        last = client.act("alarmed", f"s{i}", 0)
        client.end_session("alarmed", f"s{i}", reward=reward)
    assert last is not None and max(last.distribution) < 1.0


def personal_policy(client: Client, name: str, user_id: str) -> tuple[float, ...]:
    return client.agent_policy(name, [Step("-", [1.0, 0.0], user_id=user_id)])[0].expected


@pytest.mark.parametrize("restarts", [False, True])
def test_an_agent_forgets_a_person(server_factory: Start, restarts: bool) -> None:
    server = server_factory()
    client = server.client
    client.put_items([Item("m1")])
    client.record_events([Event(who, "m1", EventKind.PLAY) for who in ("ada", "bob")])
    for name in ("knew", "never"):
        bandit(client, name, options={"personal": 1.0})
        for i, who in enumerate(["bob", "ada", "bob", "ada"]):
            if name == "knew" or who == "bob":
                decision = client.act(name, f"s{i}", [1.0, 0.0], mask=[True, False, False], user_id=who)
                client.reward(decision.decision_id, float(i))
    assert personal_policy(client, "knew", "ada") != personal_policy(client, "never", "ada")
    assert client.forget_user("ada").decisions == 2
    if restarts:
        server.stop()
        client = server_factory().client
    assert personal_policy(client, "knew", "bob") == personal_policy(client, "never", "bob")
    assert len(list(client.agent_decisions("knew"))) == 2


def test_an_agent_learns_from_the_log_of_another_one_only_once(client: Client) -> None:
    table(client, "wrote")
    walk(client, "wrote", 1, 4)
    table(client, "reads")
    reader = Reader(client.agent("reads"))
    logged = [reader.read(to_line(one)) for one in client.agent_decisions("wrote")]
    for _ in range(2):
        client.log_actions("reads", logged, repeatable=True)
    assert client.agent("reads").learned_steps == 4
    assert client.agent_policy("reads") == client.agent_policy("wrote")
