"""Calls of the InteractionService."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from footlight._wire.building import built, each, one_of, several
from footlight._wire.calls import Page, Stream, Unary
from footlight._wire.ids import new_id
from footlight._wire.spaces import from_settings, from_space, from_value, to_settings, to_space, to_value
from footlight._wire.values import from_enum, from_struct, from_timestamp, to_enum, to_struct
from footlight.errors import InternalError
from footlight.types import (
    Agent,
    AgentMode,
    AgentSettings,
    BatchDecisions,
    Candidate,
    Decision,
    DecisionReason,
    EndReason,
    Estimate,
    Evaluation,
    LoggedAction,
    LoggedDecision,
    PolicyRow,
    Reward,
    RewardStatus,
    SessionEnd,
    SessionSummary,
    Snapshot,
    Step,
    TargetPolicy,
)
from footlight.v1 import interaction_pb2 as pb

MAX_PAGE = 1_000


def create_agent(
    agent_id: str,
    deployment: str,
    spaces: tuple[Any, Any],
    options: Mapping[str, Any] | None,
    seed: int | None,
    settings: AgentSettings | None,
) -> Unary[pb.CreateAgentResponse, Agent]:
    """`spaces` is what it observes and what it does; a bare number is how many values there are."""
    observations, actions = spaces
    request = built(
        pb.CreateAgentRequest,
        agent_id=agent_id,
        deployment=deployment,
        observation_space=to_space(observations, "observations"),
        action_space=to_space(actions, "actions"),
        options=to_struct(options, "options") if options else None,
        seed=seed,
        **(to_settings(settings) if settings is not None else {}),
    )
    return Unary("InteractionService/CreateAgent", request, pb.CreateAgentResponse, lambda answer: _agent(answer.agent))


def get_agent(agent_id: str) -> Unary[pb.GetAgentResponse, Agent]:
    request = built(pb.GetAgentRequest, agent_id=agent_id)
    return Unary("InteractionService/GetAgent", request, pb.GetAgentResponse, lambda answer: _agent(answer.agent))


def list_agents(page_token: str) -> Unary[pb.ListAgentsResponse, Page[Agent]]:
    request = pb.ListAgentsRequest(page_size=MAX_PAGE, page_token=page_token)
    return Unary("InteractionService/ListAgents", request, pb.ListAgentsResponse, _agents)


def act(agent_id: str, step: Step, request_id: str) -> Unary[pb.ActResponse, Decision]:
    return Unary("InteractionService/Act", _act_request(agent_id, step, request_id), pb.ActResponse, _decision)


def batch_act(
    agent_id: str, steps: Iterable[Step], ends: Iterable[SessionEnd]
) -> Unary[pb.BatchActResponse, BatchDecisions]:
    request = pb.BatchActRequest(
        agent_id=agent_id,
        ends=[_end_request("", end) for end in ends],
        acts=[_act_request("", step, "") for step in steps],
    )
    return Unary("InteractionService/BatchAct", request, pb.BatchActResponse, _decisions)


def reward(rewards: Iterable[Reward]) -> Unary[pb.RewardResponse, list[RewardStatus]]:
    request = pb.RewardRequest(rewards=list(each("rewards", rewards, Reward, _reward_event)))
    return Unary("InteractionService/Reward", request, pb.RewardResponse, _statuses)


def end_session(agent_id: str, end: SessionEnd) -> Unary[pb.EndSessionResponse, SessionSummary]:
    return Unary("InteractionService/EndSession", _end_request(agent_id, end), pb.EndSessionResponse, _summary)


def log_actions(
    agent_id: str, actions: Iterable[LoggedAction], repeatable: bool
) -> Unary[pb.LogActionResponse, list[Decision]]:
    request = pb.LogActionRequest(agent_id=agent_id, actions=[_logged_action(one, repeatable) for one in actions])
    return Unary(
        "InteractionService/LogAction",
        request,
        pb.LogActionResponse,
        lambda answer: [_decision(a) for a in answer.acts],
    )


def activate(decision_ids: Iterable[str]) -> Unary[pb.ActivateResponse, list[RewardStatus]]:
    request = built(pb.ActivateRequest, decision_ids=list(several("decision_ids", decision_ids)))
    return Unary("InteractionService/Activate", request, pb.ActivateResponse, _statuses)


def set_mode(agent_id: str, mode: AgentMode, force: bool) -> Unary[pb.SetModeResponse, Agent]:
    number = to_enum(pb.AgentMode.DESCRIPTOR, "AGENT_MODE_", one_of("mode", AgentMode, mode))
    request = pb.SetModeRequest(agent_id=agent_id, mode=number, force=force)
    return Unary("InteractionService/SetMode", request, pb.SetModeResponse, lambda answer: _agent(answer.agent))


def policy(agent_id: str, situations: Iterable[Step], exploit: bool) -> Unary[pb.GetPolicyResponse, list[PolicyRow]]:
    asked = [_act_request("", one, "-") for one in situations]
    request = pb.GetPolicyRequest(agent_id=agent_id, situations=asked, exploit=exploit)
    return Unary(
        "InteractionService/GetPolicy",
        request,
        pb.GetPolicyResponse,
        lambda answer: [PolicyRow(tuple(row.distribution), tuple(row.expected)) for row in answer.rows],
    )


def evaluate_policy(
    agent_id: str, target: TargetPolicy, target_agent_id: str, bounds: tuple[int, int], how: tuple[float, float]
) -> Unary[pb.EvaluatePolicyResponse, Evaluation]:
    """`bounds` is the position after which decisions count and how many at most; `how` is confidence and largest weight."""
    request = pb.EvaluatePolicyRequest(
        agent_id=agent_id,
        target=to_enum(pb.TargetPolicy.DESCRIPTOR, "TARGET_POLICY_", one_of("target", TargetPolicy, target)),
        target_agent_id=target_agent_id,
        after_position=bounds[0],
        max_decisions=bounds[1],
        confidence=how[0],
        max_weight=how[1],
    )
    return Unary("InteractionService/EvaluatePolicy", request, pb.EvaluatePolicyResponse, _evaluation)


def snapshot_agent(agent_id: str, name: str) -> Unary[pb.SnapshotAgentResponse, Snapshot]:
    request = built(pb.SnapshotAgentRequest, agent_id=agent_id, name=name)
    return Unary(
        "InteractionService/SnapshotAgent", request, pb.SnapshotAgentResponse, lambda answer: _snapshot(answer.snapshot)
    )


def agent_snapshots(agent_id: str) -> Unary[pb.ListSnapshotsResponse, list[Snapshot]]:
    request = pb.ListSnapshotsRequest(agent_id=agent_id)
    return Unary(
        "InteractionService/ListSnapshots",
        request,
        pb.ListSnapshotsResponse,
        lambda answer: [_snapshot(one) for one in answer.snapshots],
    )


def rollback_agent(agent_id: str, position: int | None, snapshot: str) -> Unary[pb.RollbackAgentResponse, Agent]:
    where: dict[str, Any] = {"snapshot": snapshot} if position is None else {"position": position}
    request = pb.RollbackAgentRequest(agent_id=agent_id, **where)
    return Unary(
        "InteractionService/RollbackAgent", request, pb.RollbackAgentResponse, lambda answer: _agent(answer.agent)
    )


def agent_decisions(agent_id: str, after: int) -> Stream[pb.ListDecisionsResponse, list[LoggedDecision]]:
    request = pb.ListDecisionsRequest(agent_id=agent_id, after_position=after)
    return Stream(
        "InteractionService/ListDecisions",
        request,
        pb.ListDecisionsResponse,
        lambda answer: [_logged_decision(one) for one in answer.decisions],
    )


INTERACT = "InteractionService/Interact"


def interact_act(agent_id: str, step: Step) -> pb.InteractRequest:
    return pb.InteractRequest(act=_act_request(agent_id, step, None))


def interact_end(agent_id: str, end: SessionEnd) -> pb.InteractRequest:
    return pb.InteractRequest(end=_end_request(agent_id, end))


def interact_reward(rewards: Iterable[Reward]) -> pb.InteractRequest:
    return pb.InteractRequest(reward=pb.RewardRequest(rewards=list(each("rewards", rewards, Reward, _reward_event))))


def interacted(request: pb.InteractRequest, answer: pb.InteractResponse) -> Any:
    """What a message of a stream answers to a request.

    Raises
    ------
    InternalError
        When it answers something else.
    """
    kind = answer.WhichOneof("kind")
    if kind != request.WhichOneof("kind"):
        raise InternalError("the server answered something else than was asked", code="INTERNAL")
    match kind:
        case "act":
            return _decision(answer.act)
        case "end":
            return _summary(answer.end)
    return _statuses(answer.reward)


def _outcome(reward: float | None) -> pb.Outcome | None:
    return None if reward is None else built(pb.Outcome, reward=reward)


def _act_request(agent_id: str, step: Step, request_id: str | None) -> pb.ActRequest:
    """Every request has an id of its own, so that a retry answers the same decision and learns nothing twice. None gives it
    none: a message on a stream is never sent again, and the server need not look whether it was."""
    return built(
        pb.ActRequest,
        agent_id=agent_id,
        session_id=step.session_id,
        observation=to_value(step.observation),
        action_mask=() if step.mask is None else step.mask,
        outcome=_outcome(step.reward),
        request_id="" if request_id is None else request_id or new_id(),
        exploit=step.exploit,
        candidates=list(each("candidates", step.candidates, Candidate, _candidate)) if step.candidates else None,
        baseline_action=to_value(step.baseline_action, "baseline_action"),
        deferred=step.deferred,
        user_id=step.user_id,
        step=step.step,
    )


def _candidate(one: Candidate) -> pb.Candidate:
    return built(pb.Candidate, candidate_id=one.candidate_id, features=one.features)


def _logged_action(one: LoggedAction, repeatable: bool) -> pb.LoggedAction:
    return built(
        pb.LoggedAction,
        act=_act_request("", one.step, one.step.session_id if repeatable else ""),
        action=to_value(one.action, "action"),
        propensity=one.propensity,
        final_outcome=_outcome(one.final_reward),
    )


def _end_request(agent_id: str, end: SessionEnd) -> pb.EndSessionRequest:
    return built(
        pb.EndSessionRequest,
        agent_id=agent_id,
        session_id=end.session_id,
        reason=to_enum(pb.EndReason.DESCRIPTOR, "END_REASON_", one_of("reason", EndReason, end.reason)),
        outcome=_outcome(end.reward),
        final_observation=to_value(end.final_observation, "final_observation"),
    )


def _reward_event(reward: Reward) -> pb.RewardEvent:
    return built(
        pb.RewardEvent, reward_id=reward.reward_id or new_id(), decision_id=reward.decision_id, value=reward.value
    )


def _agent(agent: pb.Agent) -> Agent:
    return Agent(
        agent_id=agent.agent_id,
        deployment=agent.deployment,
        observations=agent.observation_space.discrete.n,
        actions=agent.action_space.discrete.n,
        options=from_struct(agent.options),
        seed=agent.seed,
        learned_steps=agent.learned_steps,
        create_time=from_timestamp(agent, "create_time"),
        observation_space=from_space(agent.observation_space),
        action_space=from_space(agent.action_space),
        mode=from_enum(pb.AgentMode.DESCRIPTOR, "AGENT_MODE_", agent.mode, AgentMode),
        settings=from_settings(agent),
        log_position=agent.log_position,
    )


def _agents(answer: pb.ListAgentsResponse) -> Page[Agent]:
    return Page(list(map(_agent, answer.agents)), answer.next_page_token)


def _decision(answer: pb.ActResponse) -> Decision:
    why = answer.explanation
    return Decision(
        decision_id=answer.decision_id,
        action=answer.action.discrete,
        propensity=answer.propensity,
        distribution=tuple(answer.distribution),
        learned_steps=answer.learned_steps,
        seed=answer.seed,
        step=answer.step,
        candidate_id=answer.candidate_id,
        reason=from_enum(pb.DecisionReason.DESCRIPTOR, "DECISION_REASON_", why.reason, DecisionReason),
        expected=why.expected if why.HasField("expected") else None,
        best_expected=why.best_expected if why.HasField("best_expected") else None,
        own_action=why.own_action if why.HasField("own_action") else None,
        reward_deadline=from_timestamp(answer, "reward_deadline"),
        model_version=answer.model_version,
        mode=from_enum(pb.AgentMode.DESCRIPTOR, "AGENT_MODE_", answer.mode, AgentMode),
    )


def _evaluation(answer: pb.EvaluatePolicyResponse) -> Evaluation:
    return Evaluation(
        estimates=tuple(
            Estimate(one.estimator, one.value, one.low, one.high, one.standard_error) for one in answer.estimates
        ),
        decisions=answer.decision_count,
        logged_value=answer.logged_value,
        effective_sample_size=answer.effective_sample_size,
        mean_weight=answer.mean_weight,
        largest_weight=answer.largest_weight,
        unsupported=answer.unsupported,
        warnings=tuple(answer.warnings),
    )


def _snapshot(one: pb.Snapshot) -> Snapshot:
    return Snapshot(one.name, one.position, one.learned_steps, from_timestamp(one, "create_time"))


def _logged_decision(one: pb.LoggedDecision) -> LoggedDecision:
    return LoggedDecision(
        decision_id=one.decision_id,
        session_id=one.session_id,
        observation=from_value(one.observation),
        action=one.action,
        distribution=tuple(one.distribution),
        reward=one.reward,
        rewards=one.reward_count,
        complete=one.complete,
        mask=tuple(one.action_mask),
        candidates=tuple(Candidate(tuple(c.features), c.candidate_id) for c in one.candidates),
        time=from_timestamp(one, "time"),
    )


def _decisions(answer: pb.BatchActResponse) -> BatchDecisions:
    return BatchDecisions(tuple(map(_decision, answer.acts)), tuple(map(_summary, answer.ends)))


def _summary(answer: pb.EndSessionResponse) -> SessionSummary:
    return SessionSummary(answer.decision_count, answer.total_reward)


def _statuses(answer: pb.RewardResponse | pb.ActivateResponse) -> list[RewardStatus]:
    return [from_enum(pb.RewardStatus.DESCRIPTOR, "REWARD_STATUS_", status, RewardStatus) for status in answer.statuses]
