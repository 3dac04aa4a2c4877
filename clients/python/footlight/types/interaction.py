"""Agents, decisions and what follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EndReason(StrEnum):
    """Why a session ended. It decides whether the future counts.

    Terminated: the episode reached its end. Truncated: it was cut off, and the value of the final observation counts.
    Abandoned: the person left, and nothing comes after the last step.
    """

    TERMINATED = "terminated"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"


class RewardStatus(StrEnum):
    """What became of a reward. `LATE` is kept in the log and not learned from."""

    UNKNOWN = "unknown"
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    LATE = "late"
    UNKNOWN_DECISION = "unknown_decision"


@dataclass(frozen=True, slots=True)
class Agent:
    """Something that acts and learns. It observes 0 to observations - 1 and does 0 to actions - 1."""

    agent_id: str
    deployment: str
    observations: int
    actions: int
    options: Mapping[str, Any]
    seed: int
    learned_steps: int
    create_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, with the exact probability with which it was drawn.

    `distribution` holds the probability of every action, in order. `learned_steps` is from how many steps the agent had
    learned when it decided; `seed` is the seed of the draw.
    """

    decision_id: str
    action: int
    propensity: float
    distribution: tuple[float, ...]
    learned_steps: int
    seed: int


@dataclass(frozen=True, slots=True)
class Step:
    """One session's part of a `batch_act`; the fields are those of `act`."""

    session_id: str
    observation: int
    reward: float | None = None
    mask: Sequence[bool] | None = None
    exploit: bool = False


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """One session's end in a `batch_act`; the fields are those of `end_session`."""

    session_id: str
    reason: EndReason = EndReason.TERMINATED
    reward: float | None = None
    final_observation: int | None = None


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
