"""Agents, their settings, their policies, their logs."""

from __future__ import annotations

import json
import math

import numpy as np

from footlight.v1 import interaction_pb2 as pb
from footlight_plugins import Choice
from footlight_server.agents.ledger import Entry
from footlight_server.agents.settings import DriftPolicy, Mode, Promotion, RewardPolicy, Settings
from footlight_server.convert.agent_spaces import plain_space, space_message, spaces_of, value_message
from footlight_server.convert.values import duration, mapping, struct, timestamp
from footlight_server.dispatch.acting import decision_id
from footlight_server.dispatch.agent_desk import NewAgent, View
from footlight_server.dispatch.evaluating import Target, Wanted
from footlight_server.errors import InvalidArgument
from footlight_server.evaluation.evaluation import Evaluation
from footlight_server.log.records import AgentRecord, AgentRow


def new_agent(request: pb.CreateAgentRequest) -> NewAgent:
    """An agent as asked for."""
    spaces = {"observation": plain_space(request.observation_space), "action": plain_space(request.action_space)}
    seed = request.seed if request.HasField("seed") else None
    return NewAgent(request.agent_id, request.deployment, spaces, mapping(request.options), seed, _settings(request))


def _settings(request: pb.CreateAgentRequest) -> Settings:
    reward, drift, promotion = request.reward_policy, request.drift_policy, request.promotion_policy
    if request.mode and request.mode not in Mode._value2member_map_:
        raise InvalidArgument("mode", "must be ONLINE, APPRENTICE, SHADOW, LOG_ONLY or FROZEN")
    return Settings(
        RewardPolicy(
            reward.wait.seconds + reward.wait.nanos / 1e9,
            reward.default_reward,
            reward.aggregation,
            reward.min_value if reward.HasField("min_value") else None,
            reward.max_value if reward.HasField("max_value") else None,
            reward.clip,
            reward.shaper.name,
            mapping(reward.shaper.options),
        ),
        DriftPolicy(
            drift.enabled,
            drift.tolerance or DriftPolicy().tolerance,
            drift.threshold or DriftPolicy().threshold,
            drift.warm_up or DriftPolicy().warm_up,
        ),
        Promotion(promotion.check_every, promotion.confidence or Promotion().confidence),
        Mode(request.mode or Mode.ONLINE),
        request.baseline_exploration,
        tuple(request.deployments),
    )


def agent_message(view: View) -> pb.Agent:
    """An agent as answered."""
    record, settings = view.record, view.settings
    observation, action = spaces_of(record.spaces)
    return pb.Agent(
        agent_id=record.agent_id,
        deployment=record.deployment,
        observation_space=observation,
        action_space=action,
        options=struct(record.options),
        seed=record.seed,
        learned_steps=view.learned_steps,
        create_time=timestamp(record.create_time),
        reward_policy=_reward_policy(settings.reward),
        drift_policy=pb.DriftPolicy(
            enabled=settings.drift.enabled,
            tolerance=settings.drift.tolerance,
            threshold=settings.drift.threshold,
            warm_up=settings.drift.warm_up,
        ),
        mode=pb.AgentMode.ValueType(view.mode),
        baseline_exploration=settings.baseline_exploration,
        promotion_policy=pb.PromotionPolicy(
            check_every=settings.promotion.every, confidence=settings.promotion.confidence
        ),
        log_position=view.position,
        deployments=settings.deployments,
    )


def _reward_policy(policy: RewardPolicy) -> pb.RewardPolicy:
    return pb.RewardPolicy(
        wait=duration(policy.wait),
        default_reward=policy.default,
        aggregation=pb.RewardAggregation.ValueType(policy.aggregation),
        min_value=policy.low,
        max_value=policy.high,
        clip=policy.clip,
        shaper=pb.RewardShaper(name=policy.shaper, options=struct(policy.shaper_options)) if policy.shaper else None,
    )


def policy_row(choice: Choice) -> pb.PolicyRow:
    """What an agent would do in one situation."""
    expected = [] if choice.values is None else choice.values.tolist()
    return pb.PolicyRow(distribution=choice.distribution.tolist(), expected=expected)


def wanted_evaluation(request: pb.EvaluatePolicyRequest) -> Wanted:
    """An evaluation as asked for."""
    if request.target and request.target not in Target._value2member_map_:
        raise InvalidArgument("target", "must be GREEDY, EXPLORING, UNIFORM, BASELINE, LOGGED or RECORDED")
    return Wanted(
        Target(request.target or Target.GREEDY),
        request.after_position,
        request.max_decisions,
        request.confidence or 0.95,
        request.max_weight,
    )


def evaluation_message(found: Evaluation) -> pb.EvaluatePolicyResponse:
    """What the estimators say."""
    return pb.EvaluatePolicyResponse(
        estimates=[
            pb.PolicyEstimate(
                estimator=one.estimator,
                value=one.value,
                low=one.low,
                high=one.high,
                standard_error=one.standard_error,
            )
            for one in found.estimates
        ],
        decision_count=found.count,
        logged_value=found.logged_value,
        effective_sample_size=found.effective_sample_size,
        mean_weight=found.mean_weight,
        largest_weight=found.largest_weight if math.isfinite(found.largest_weight) else 0.0,
        unsupported=found.unsupported,
        warnings=found.warnings,
    )


def snapshot_message(row: AgentRow) -> pb.Snapshot:
    """A named position."""
    return pb.Snapshot(
        name=row.name or "", position=row.position, learned_steps=row.learned_steps, create_time=timestamp(row.time)
    )


def logged_decision(entry: Entry, record: AgentRecord) -> pb.LoggedDecision:
    """One decision as the log has it."""
    row, first = entry.row, _first_action(record)
    seen = row.observation if row.features is None else np.frombuffer(row.features).tolist()
    return pb.LoggedDecision(
        decision_id=decision_id(row.agent, row.position),
        session_id=row.session_id,
        time=timestamp(row.time),
        observation=value_message(seen),
        action_mask=[] if row.mask is None else [bool(one) for one in row.mask],
        candidates=_candidates(row, record),
        action=(row.action or 0) + first,
        distribution=np.frombuffer(row.distribution or b"").tolist(),
        reward=entry.reward,
        reward_count=entry.rewards,
        complete=entry.complete,
    )


def _first_action(record: AgentRecord) -> int:
    return space_message(record.spaces["action"]).discrete.start


def _candidates(row: AgentRow, record: AgentRecord) -> list[pb.Candidate]:
    if row.candidates is None:
        return []
    size = space_message(record.spaces["action"]).candidates.feature_count
    matrix = np.frombuffer(row.candidates).reshape(-1, size)
    names = (json.loads(row.detail) if row.detail else {}).get("names") or [""] * len(matrix)
    return [pb.Candidate(candidate_id=n, features=f) for n, f in zip(names, matrix.tolist(), strict=True)]
