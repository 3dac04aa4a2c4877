"""Decisions, outcomes, rewards."""

from __future__ import annotations

from footlight.v1 import interaction_pb2 as pb
from footlight_server.agents.sessions import Summary
from footlight_server.agents.steps import Decided
from footlight_server.convert.agent_spaces import plain_value
from footlight_server.convert.values import timestamp
from footlight_server.dispatch.acting import decision_id
from footlight_server.dispatch.moves import WantedEnd, WantedLog, WantedMove


def wanted_move(request: pb.ActRequest) -> WantedMove:
    """One Act as asked for."""
    return WantedMove(
        request.session_id,
        plain_value(request.observation),
        request.action_mask,
        request.outcome.reward if request.HasField("outcome") else None,
        request.request_id,
        request.exploit,
        [(one.candidate_id, one.features) for one in request.candidates] if request.candidates else (),
        plain_value(request.baseline_action) if request.HasField("baseline_action") else None,
        request.deferred,
        request.user_id,
        request.step if request.HasField("step") else None,
    )


def wanted_log(request: pb.LoggedAction) -> WantedLog:
    """One decision that somebody else made."""
    final = request.final_outcome.reward if request.HasField("final_outcome") else None
    return WantedLog(wanted_move(request.act), plain_value(request.action), request.propensity, final)


def wanted_end(request: pb.EndSessionRequest) -> WantedEnd:
    """One EndSession as asked for."""
    return WantedEnd(
        request.session_id,
        request.reason,
        request.outcome.reward if request.HasField("outcome") else None,
        plain_value(request.final_observation) if request.HasField("final_observation") else None,
    )


def decision_message(answer: Decided) -> pb.ActResponse:
    """One decision."""
    message = pb.ActResponse()
    fill_decision(message, answer)
    return message


def fill_decision(message: pb.ActResponse, answer: Decided) -> None:
    """Say a decision in a message that says nothing yet. Set one by one, fields cost half of what a constructor takes."""
    distribution = answer.distribution.tolist()
    message.decision_id = decision_id(answer.agent, answer.position)
    message.action.discrete = answer.action + answer.first_action
    message.propensity = distribution[answer.action]
    message.distribution.extend(distribution)
    message.learned_steps = answer.learned_steps
    message.seed = answer.seed
    message.step = answer.step
    message.model_version = answer.position
    message.mode = pb.AgentMode.ValueType(answer.mode)
    if answer.candidate:
        message.candidate_id = answer.candidate
    if answer.deadline:
        message.reward_deadline.CopyFrom(timestamp(answer.deadline))
    _fill_explanation(message.explanation, answer)


def _fill_explanation(message: pb.Explanation, answer: Decided) -> None:
    message.reason = pb.DecisionReason.ValueType(answer.reason)
    if answer.expected is not None:
        message.expected = answer.expected
    if answer.best_expected is not None:
        message.best_expected = answer.best_expected
    if answer.own is not None:
        message.own_action = answer.own + answer.first_action


def summary_message(summary: Summary) -> pb.EndSessionResponse:
    """An ended session."""
    return pb.EndSessionResponse(decision_count=summary.decisions, total_reward=summary.total)
