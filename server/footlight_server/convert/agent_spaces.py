"""Spaces and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footlight.v1 import interaction_pb2 as pb


def plain_space(space: pb.Space) -> dict[str, Any]:
    """A space as JSON has it; empty when it was not given."""
    match space.WhichOneof("kind"):
        case "discrete":
            return {"discrete": {"n": space.discrete.n, "start": space.discrete.start}}
        case "box":
            box = space.box
            return {"box": {"shape": list(box.shape), "low": _texts(box.low), "high": _texts(box.high)}}
        case "multi_discrete":
            return {"multi_discrete": {"nvec": list(space.multi_discrete.nvec)}}
        case "multi_binary":
            return {"multi_binary": {"n": space.multi_binary.n}}
        case "dict":
            parts = [{"name": one.name, "space": plain_space(one.space)} for one in space.dict.spaces]
            return {"dict": {"spaces": parts}}
        case "candidates":
            what = space.candidates
            return {"candidates": {"feature_count": what.feature_count, "max_count": what.max_count}}
    return {}


def _texts(bounds: Any) -> list[str]:
    """Bounds as text: JSON has no infinity."""
    return [repr(bound) for bound in bounds]


def space_message(plain: Any) -> pb.Space:
    """A space as the wire has it; older agents have a bare number."""
    if isinstance(plain, int):
        return pb.Space(discrete=pb.DiscreteSpace(n=plain))
    (kind, what), *_ = plain.items()
    match kind:
        case "discrete":
            return pb.Space(discrete=pb.DiscreteSpace(**what))
        case "box":
            low, high = ([float(bound) for bound in what[name]] for name in ("low", "high"))
            return pb.Space(box=pb.BoxSpace(shape=what["shape"], low=low, high=high))
        case "multi_discrete":
            return pb.Space(multi_discrete=pb.MultiDiscreteSpace(**what))
        case "multi_binary":
            return pb.Space(multi_binary=pb.MultiBinarySpace(**what))
        case "dict":
            parts = [pb.NamedSpace(name=one["name"], space=space_message(one["space"])) for one in what["spaces"]]
            return pb.Space(dict=pb.DictSpace(spaces=parts))
    return pb.Space(candidates=pb.CandidateSpace(**what))


def plain_value(value: pb.Value) -> Any:
    """An int, a list of floats, a tuple of ints, a dict of such; None when it was not given."""
    match value.WhichOneof("kind"):
        case "discrete":
            return value.discrete
        case "box":
            return list(value.box.values)
        case "integers":
            return tuple(value.integers.values)
        case "dict":
            return {name: plain_value(part) for name, part in value.dict.values.items()}
    return None


def value_message(value: Any) -> pb.Value:
    """A whole number or a flat vector as the wire has it."""
    if isinstance(value, int):
        return pb.Value(discrete=value)
    return pb.Value(box=pb.Numbers(values=value))


def spaces_of(plain: Mapping[str, Any]) -> tuple[pb.Space, pb.Space]:
    """The observation space and the action space of an agent."""
    return space_message(plain["observation"]), space_message(plain["action"])
