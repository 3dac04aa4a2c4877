"""Spaces, values and settings of agents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from footlight._wire.building import built
from footlight._wire.values import from_enum, from_struct, to_enum, to_struct
from footlight.types import (
    AgentMode,
    AgentSettings,
    BoxSpace,
    CandidateSpace,
    DictSpace,
    DiscreteSpace,
    DriftPolicy,
    MultiBinarySpace,
    MultiDiscreteSpace,
    RewardPolicy,
)
from footlight.v1 import interaction_pb2 as pb

M = TypeVar("M", bound=Message)

_AGGREGATIONS = {"": 0, "sum": 1, "first": 2, "last": 3}


def to_space(space: Any, name: str) -> pb.Space:
    """A space for the wire; a bare number is how many values there are."""
    match space:
        case int():
            return pb.Space(discrete=pb.DiscreteSpace(n=space))
        case DiscreteSpace():
            return pb.Space(discrete=_named(name, pb.DiscreteSpace, n=space.n, start=space.start))
        case BoxSpace():
            return pb.Space(box=_named(name, pb.BoxSpace, shape=space.shape, low=space.low, high=space.high))
        case MultiDiscreteSpace():
            return pb.Space(multi_discrete=_named(name, pb.MultiDiscreteSpace, nvec=space.nvec))
        case MultiBinarySpace():
            return pb.Space(multi_binary=_named(name, pb.MultiBinarySpace, n=space.n))
        case DictSpace():
            parts = [
                pb.NamedSpace(name=part, space=to_space(one, f"{name}.{part}")) for part, one in space.spaces.items()
            ]
            return pb.Space(dict=pb.DictSpace(spaces=parts))
        case CandidateSpace():
            counts = {"feature_count": space.feature_count, "max_count": space.max_count}
            what = _named(name, pb.CandidateSpace, **counts)
            return pb.Space(candidates=what)
    raise ValueError(f"{name}: expected a number or a space, got {type(space).__name__}")


def _named(name: str, message: type[M], **fields: Any) -> M:
    """A message whose errors say of which space they are: `observations.shape: ...`."""
    try:
        return built(message, **fields)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}.{error}") from None


def from_space(space: pb.Space) -> Any:
    """A space from the wire."""
    match space.WhichOneof("kind"):
        case "discrete":
            return DiscreteSpace(space.discrete.n, space.discrete.start)
        case "box":
            return BoxSpace(tuple(space.box.shape), tuple(space.box.low), tuple(space.box.high))
        case "multi_discrete":
            return MultiDiscreteSpace(tuple(space.multi_discrete.nvec))
        case "multi_binary":
            return MultiBinarySpace(space.multi_binary.n)
        case "dict":
            return DictSpace({one.name: from_space(one.space) for one in space.dict.spaces})
        case "candidates":
            return CandidateSpace(space.candidates.feature_count, space.candidates.max_count)
    return None


def to_value(value: Any, name: str = "observation") -> Any:
    """A value for the wire, of the kind that its Python type says. Arrays of numpy are taken as lists.

    Raises TypeError for what is none, by `name`.
    """
    if value is None or isinstance(value, pb.Value):
        return value
    if isinstance(value, Mapping):
        parts = {part: to_value(one, f"{name}[{part!r}]") for part, one in value.items()}
        return pb.Value(dict=pb.NamedValues(values=parts))
    if hasattr(value, "reshape") and getattr(value, "ndim", 0) > 1:
        value = value.reshape(-1)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, int):
        return pb.Value(discrete=value)
    try:
        return _several([value] if isinstance(value, float) else list(value))
    except TypeError:
        raise TypeError(f"{name}: expected a number, several numbers, or values by name, got {value!r}") from None


def _several(numbers: list[Any]) -> pb.Value:
    """Whole numbers where all are whole, which the server takes for numbers where those are wanted."""
    if numbers and all(isinstance(number, int) for number in numbers):
        return pb.Value(integers=pb.Integers(values=map(int, numbers)))
    return pb.Value(box=pb.Numbers(values=numbers))


def from_value(value: pb.Value) -> Any:
    """A whole number, or numbers, from the wire."""
    return value.discrete if value.WhichOneof("kind") == "discrete" else tuple(value.box.values)


def to_settings(settings: AgentSettings) -> dict[str, Any]:
    """The fields of a CreateAgentRequest that settings are."""
    reward, drift = settings.reward, settings.drift
    if reward.aggregation not in _AGGREGATIONS:
        raise ValueError(f"settings.reward.aggregation: expected sum, first or last, got {reward.aggregation!r}")
    if not (math.isfinite(reward.wait) and reward.wait >= 0):
        raise ValueError(f"settings.reward.wait: expected seconds, 0 or more, got {reward.wait!r}")
    return {
        "reward_policy": pb.RewardPolicy(
            wait=Duration(seconds=int(reward.wait), nanos=round(reward.wait % 1 * 1e9) % 1_000_000_000),
            default_reward=reward.default,
            aggregation=pb.RewardAggregation.ValueType(_AGGREGATIONS[reward.aggregation]),
            min_value=reward.low,
            max_value=reward.high,
            clip=reward.clip,
            shaper=_to_shaper(reward),
        ),
        "drift_policy": pb.DriftPolicy(
            enabled=drift.enabled, tolerance=drift.tolerance, threshold=drift.threshold, warm_up=drift.warm_up
        ),
        "mode": to_enum(pb.AgentMode.DESCRIPTOR, "AGENT_MODE_", AgentMode(settings.mode)),
        "baseline_exploration": settings.baseline_exploration,
        "deployments": settings.deployments,
        "promotion_policy": pb.PromotionPolicy(check_every=settings.check_every, confidence=settings.confidence),
    }


def _to_shaper(reward: RewardPolicy) -> pb.RewardShaper | None:
    if not (reward.shaper or reward.shaper_options):
        return None
    return pb.RewardShaper(
        name=reward.shaper, options=to_struct(reward.shaper_options, "settings.reward.shaper_options")
    )


def from_settings(agent: pb.Agent) -> AgentSettings:
    """The settings of an agent."""
    reward, drift = agent.reward_policy, agent.drift_policy
    names = {number: name for name, number in _AGGREGATIONS.items()}
    return AgentSettings(
        RewardPolicy(
            reward.wait.seconds + reward.wait.nanos / 1e9,
            reward.default_reward,
            names.get(reward.aggregation, ""),
            reward.min_value if reward.HasField("min_value") else None,
            reward.max_value if reward.HasField("max_value") else None,
            reward.clip,
            reward.shaper.name,
            from_struct(reward.shaper.options),
        ),
        DriftPolicy(drift.enabled, drift.tolerance, drift.threshold, drift.warm_up),
        from_enum(pb.AgentMode.DESCRIPTOR, "AGENT_MODE_", agent.mode, AgentMode).value,
        agent.baseline_exploration,
        agent.promotion_policy.check_every,
        agent.promotion_policy.confidence,
        tuple(agent.deployments),
    )
