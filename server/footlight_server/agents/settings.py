"""What an owner settles for an agent beside its engine: what counts as a reward, the alarm, the baseline, who decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_number

LONGEST_WAIT = 30 * 24 * 3_600.0
SUM, FIRST, LAST = 1, 2, 3
"""What several rewards come to; the numbers are those of the wire."""


class Mode(IntEnum):
    """Who decides, and whether the agent learns; the numbers are those of the wire."""

    ONLINE = 1
    APPRENTICE = 2
    SHADOW = 3
    LOG_ONLY = 4
    FROZEN = 5

    @property
    def learns(self) -> bool:
        """Whether the agent learns from what is decided."""
        return self in (Mode.ONLINE, Mode.APPRENTICE)

    @property
    def serves_baseline(self) -> bool:
        """Whether the baseline action is served."""
        return self in (Mode.APPRENTICE, Mode.SHADOW, Mode.LOG_ONLY)


@dataclass(frozen=True, slots=True)
class RewardPolicy:
    """What counts as the reward of a decision, and when. ``wait`` is in seconds; 0: until the next decision or end."""

    wait: float = 0.0
    default: float = 0.0
    aggregation: int = 0
    low: float | None = None
    high: float | None = None
    clip: bool = False
    shaper: str = ""
    """The reward shaper that says what is learned from; empty: the rewards themselves."""
    shaper_options: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raise InvalidArgument where it cannot be."""
        check_number("reward_policy.wait", self.wait, 0.0, LONGEST_WAIT)
        check_number("reward_policy.default_reward", self.default)
        for name, value in (("min_value", self.low), ("max_value", self.high)):
            if value is not None:
                check_number(f"reward_policy.{name}", value)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InvalidArgument("reward_policy.max_value", "must not be below min_value")
        if self.shaper_options and not self.shaper:
            raise InvalidArgument("reward_policy.shaper.name", "must name the shaper that takes the options")
        if self.aggregation not in (0, SUM, FIRST, LAST):
            raise InvalidArgument("reward_policy.aggregation", "must be SUM, FIRST or LAST")

    def outside(self, value: float) -> bool:
        """Whether a reward is to be kept and not learned from."""
        return not self.clip and self.clipped(value) != value

    def clipped(self, value: float) -> float:
        """The reward, or the bound beyond which it lies."""
        value = value if self.low is None else max(self.low, value)
        return value if self.high is None else min(self.high, value)


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """The alarm; see `footlight_server.agents.drift`."""

    enabled: bool = False
    tolerance: float = 0.2
    threshold: float = 50.0
    warm_up: int = 30

    def check(self) -> None:
        """Raise InvalidArgument where it cannot be."""
        check_number("drift_policy.tolerance", self.tolerance, 0.0, 100.0)
        check_number("drift_policy.threshold", self.threshold, 1e-6, 1e9)
        check_number("drift_policy.warm_up", self.warm_up, 1, 1e9)


@dataclass(frozen=True, slots=True)
class Promotion:
    """When the agent changes its mode by itself; ``every`` 0: never."""

    every: int = 0
    confidence: float = 0.95

    def check(self) -> None:
        """Raise InvalidArgument where it cannot be."""
        check_number("promotion_policy.check_every", self.every, 0, 1e9)
        if not 0.5 < self.confidence < 1.0:
            raise InvalidArgument("promotion_policy.confidence", "must be above 0.5 and below 1")


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it."""

    reward: RewardPolicy = field(default_factory=RewardPolicy)
    drift: DriftPolicy = field(default_factory=DriftPolicy)
    promotion: Promotion = field(default_factory=Promotion)
    mode: Mode = Mode.ONLINE
    baseline_exploration: float = 0.0
    deployments: tuple[str, ...] = ()
    """The recommendation deployments that its actions stand for."""

    def check(self) -> None:
        """Raise InvalidArgument where something cannot be."""
        for part in (self.reward, self.drift, self.promotion):
            part.check()
        check_number("baseline_exploration", self.baseline_exploration, 0.0, 1.0)

    def plain(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        plain = {**asdict(self), "deployments": list(self.deployments)}
        if not self.reward.shaper:  # as it was written before there were any: making an agent again compares it
            del plain["reward"]["shaper"], plain["reward"]["shaper_options"]
        return plain

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Settings:
        """What `plain` wrote; what is missing has its default."""
        return Settings(
            RewardPolicy(**plain.get("reward", {})),
            DriftPolicy(**plain.get("drift", {})),
            Promotion(**plain.get("promotion", {})),
            Mode(plain.get("mode", Mode.ONLINE)),
            float(plain.get("baseline_exploration", 0.0)),
            tuple(plain.get("deployments", ())),
        )
