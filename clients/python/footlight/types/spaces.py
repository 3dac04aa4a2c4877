"""What an agent can see and do, as Gymnasium's spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DiscreteSpace:
    """The whole numbers `start` to `start + n - 1`."""

    n: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class BoxSpace:
    """Arrays of numbers; bounds are one for all, or one each in row-major order. Empty means that there is none."""

    shape: Sequence[int]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class MultiDiscreteSpace:
    """Lists of whole numbers, the i-th from 0 to nvec[i] - 1."""

    nvec: Sequence[int]


@dataclass(frozen=True, slots=True)
class MultiBinarySpace:
    """Lists of n bits."""

    n: int


@dataclass(frozen=True, slots=True)
class DictSpace:
    """Several values by name."""

    spaces: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CandidateSpace:
    """Actions that come with each request, each described by so many numbers."""

    feature_count: int
    max_count: int = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the actions that come with a request. `candidate_id` is your own name for it."""

    features: Sequence[float]
    candidate_id: str = ""


@dataclass(frozen=True, slots=True)
class RewardPolicy:
    """What counts as the reward of a decision, and when.

    `wait` is how many seconds after a decision rewards may come; 0 means until the session's next decision or end. A
    decision without any gets `default`. `aggregation` is "sum", "first" or "last"; empty means the sum, and the
    first for bandits. What lies outside `low` and `high` is clipped, or kept and not learned from. `shaper` names what
    says what is learned from instead of the rewards, with its options; empty means the rewards themselves.
    """

    wait: float = 0.0
    default: float = 0.0
    aggregation: str = ""
    low: float | None = None
    high: float | None = None
    clip: bool = False
    shaper: str = ""
    shaper_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """The alarm for a world that has changed: rewards fall short of their mean by `tolerance` standard deviations
    and more, in all by `threshold`."""

    enabled: bool = True
    tolerance: float = 0.2
    threshold: float = 50.0
    warm_up: int = 30


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What you settle for an agent beside its engine.

    `mode` says who decides at first. Where the baseline is served, `baseline_exploration` is the share of random
    actions. After each `check_every` decisions the agent leaves or enters APPRENTICE by itself, when it is
    `confidence` sure.
    """

    reward: RewardPolicy = field(default_factory=RewardPolicy)
    drift: DriftPolicy = field(default_factory=lambda: DriftPolicy(enabled=False))
    mode: str = "online"
    baseline_exploration: float = 0.0
    check_every: int = 0
    confidence: float = 0.95
    deployments: Sequence[str] = ()
    """The recommendation deployments that its actions stand for; `recommend` may then name it as the chooser."""
