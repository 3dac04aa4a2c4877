"""What of a session is open: its decisions that are not complete, and what came after each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)  # not frozen, as all that is made with every step: that takes twice as long
class Following:
    """What came after a decision."""

    observation: int | None
    vector: bytes | None
    terminated: bool
    truncated: bool
    mask: bytes | None


@dataclass(slots=True)
class OpenDecision:
    """A decision that is not complete."""

    position: int
    session: OpenSession
    key: int
    """Names its session to the engine; -1 where it is not learned from."""
    observation: int | None
    vector: bytes | None
    action: int
    chosen: bytes | None
    user: int
    propensity: float
    learned: bool
    """Whether it is learned from when it is complete."""
    active: bool
    earned: float = 0.0
    rewards: int = 0
    reward_ids: dict[str, float] = field(default_factory=dict)
    following: Following | None = None
    timed_out: bool = False


@dataclass(slots=True)
class OpenSession:
    """A session."""

    name: str
    key: int = -1
    """Names it to the engine: the position of its first decision, or of the first after one that was not learned from."""
    last: OpenDecision | None = None
    """Its newest decision, while what follows it is not known."""
    waiting: list[OpenDecision] = field(default_factory=list)
    """Its decisions that are not complete, in order."""
    decisions: int = 0
    total: float = 0.0
