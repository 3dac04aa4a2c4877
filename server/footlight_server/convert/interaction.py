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
    distribution = answer.distribution.tolist()
    return pb.ActResponse(
        decision_id=decision_id(answer.agent, answer.position),
        action=pb.Value(discrete=answer.action + answer.first_action),
        propensity=distribution[answer.action],
        distribution=distribution,
        learned_steps=answer.learned_steps,
        seed=answer.seed,
        step=answer.step,
        candidate_id=answer.candidate,
        reward_deadline=timestamp(answer.deadline) if answer.deadline else None,
        explanation=pb.Explanation(
            reason=pb.DecisionReason.ValueType(answer.reason),
            expected=answer.expected,
            best_expected=answer.best_expected,
            own_action=None if answer.own is None else answer.own + answer.first_action,
        ),
        model_version=answer.position,
        mode=pb.AgentMode.ValueType(answer.mode),
    )


def summary_message(summary: Summary) -> pb.EndSessionResponse:
    """An ended session."""
    return pb.EndSessionResponse(decision_count=summary.decisions, total_reward=summary.total)
