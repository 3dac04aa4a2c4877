"""Agents, decisions and what follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from footlight.types.spaces import AgentSettings, Candidate


class EndReason(StrEnum):
    """Why a session ended. It decides whether the future counts.

    Terminated: the episode reached its end. Truncated: it was cut off, and the value of the final observation counts.
    Abandoned: the person left, and nothing comes after the last step.
    """

    TERMINATED = "terminated"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"


class RewardStatus(StrEnum):
    """What became of a reward. `LATE` and `OUT_OF_RANGE` are kept in the log and not learned from."""

    UNKNOWN = "unknown"
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    LATE = "late"
    UNKNOWN_DECISION = "unknown_decision"
    OUT_OF_RANGE = "out_of_range"
    CONFLICT = "conflict"


class AgentMode(StrEnum):
    """Who decides, and whether the agent learns.

    Online: it decides and learns. Apprentice: the baseline is served, it learns. Shadow: the baseline is served,
    what it would have done is recorded, it does not learn. Log only: the baseline is served and recorded. Frozen: it
    decides, and does not learn.
    """

    UNKNOWN = "unknown"
    ONLINE = "online"
    APPRENTICE = "apprentice"
    SHADOW = "shadow"
    LOG_ONLY = "log_only"
    FROZEN = "frozen"


class DecisionReason(StrEnum):
    """Why an action was taken."""

    UNKNOWN = "unknown"
    GREEDY = "greedy"
    EXPLORED = "explored"
    ONLY_CHOICE = "only_choice"
    BASELINE = "baseline"
    LOGGED = "logged"


class TargetPolicy(StrEnum):
    """A policy to evaluate. Recorded: what the agent would have done at the time, in APPRENTICE and SHADOW."""

    GREEDY = "greedy"
    EXPLORING = "exploring"
    UNIFORM = "uniform"
    BASELINE = "baseline"
    LOGGED = "logged"
    RECORDED = "recorded"


Observation = int | Sequence[int] | Sequence[float] | Mapping[str, Any]
"""A value of an observation space: a whole number, whole numbers, numbers in row-major order, or values by name."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Something that acts and learns.

    `observations` and `actions` say how many there are where the spaces are whole numbers, and are 0 elsewhere.
    `log_position` is the last position of its log.
    """

    agent_id: str
    deployment: str
    observations: int
    actions: int
    options: Mapping[str, Any]
    seed: int
    learned_steps: int
    create_time: datetime | None = None
    observation_space: Any = None
    action_space: Any = None
    mode: AgentMode = AgentMode.ONLINE
    settings: AgentSettings = field(default_factory=AgentSettings)
    log_position: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, with the exact probability with which it was drawn.

    `distribution` holds the probability of every action, in order. `learned_steps` is from how many steps the agent had
    learned when it decided; `seed` is the seed of the draw. `step` counts the session's decisions from 0. `expected`
    is what the agent expected of the action, `best_expected` of the best one, where its engine can tell;
    `own_action` is what it would have done where the baseline was served. Rewards count until `reward_deadline`,
    where there is one.
    """

    decision_id: str
    action: int
    propensity: float
    distribution: tuple[float, ...]
    learned_steps: int
    seed: int
    step: int = 0
    candidate_id: str = ""
    reason: DecisionReason = DecisionReason.UNKNOWN
    expected: float | None = None
    best_expected: float | None = None
    own_action: int | None = None
    reward_deadline: datetime | None = None
    model_version: int = 0
    mode: AgentMode = AgentMode.UNKNOWN


@dataclass(frozen=True, slots=True)
class Step:
    """One session's part of a `batch_act`; the fields are those of `act`."""

    session_id: str
    observation: Observation
    reward: float | None = None
    mask: Sequence[bool] | None = None
    exploit: bool = False
    candidates: Sequence[Candidate] = ()
    baseline_action: int | None = None
    deferred: bool = False
    user_id: str = ""
    step: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedAction:
    """A decision that somebody else made: what was seen, what was done, with which probability (0: nobody knows).

    `final_reward` is what it earned where that is known already; the session ends with it.
    """

    step: Step
    action: int
    propensity: float = 0.0
    final_reward: float | None = None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What an agent would do in one situation, and what it expects of every action where its engine can tell."""

    distribution: tuple[float, ...]
    expected: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one estimator says of the mean reward of a decision: "ips", "snips", "dm" or "dr"."""

    estimator: str
    value: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a policy would have earned. `unsupported` is the share of it that the log has never tried in the same
    situation."""

    estimates: tuple[Estimate, ...]
    decisions: int
    logged_value: float
    effective_sample_size: float
    mean_weight: float
    largest_weight: float
    unsupported: float
    warnings: tuple[str, ...] = ()

    def __getitem__(self, estimator: str) -> Estimate:
        """The estimate of one estimator."""
        return next(one for one in self.estimates if one.estimator == estimator)

    def _repr_html_(self) -> str:
        from footlight._notebook.tables import table

        rows = ((one.estimator, one.value, one.low, one.high, one.standard_error) for one in self.estimates)
        head = ("estimator", "value", "low", "high", "standard error")
        return table(f"of {self.decisions:,} decisions, which earned {self.logged_value:.4g} on average", head, rows)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A named position of an agent's log."""

    name: str
    position: int
    learned_steps: int
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision as the log has it. `complete`: it was shown, and its rewards are complete."""

    decision_id: str
    session_id: str
    observation: Any
    action: int
    distribution: tuple[float, ...]
    reward: float
    rewards: int
    complete: bool
    mask: tuple[bool, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """One session's end in a `batch_act`; the fields are those of `end_session`."""

    session_id: str
    reason: EndReason = EndReason.TERMINATED
    reward: float | None = None
    final_observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session that ended: how many decisions it had, and the sum of all its rewards."""

    decisions: int
    total_reward: float


@dataclass(frozen=True, slots=True)
class BatchDecisions:
    """The answer of `batch_act`: a decision for each step and a summary for each end, in the order asked."""

    decisions: tuple[Decision, ...] = field(default=())
    ended: tuple[SessionSummary, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward of one decision. `reward_id` makes it count once; an empty one gets a new UUID."""

    decision_id: str
    value: float
    reward_id: str = ""
