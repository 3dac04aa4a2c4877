"""Engines, deployments, training, models and plug-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Verb(StrEnum):
    """What an engine is for."""

    UNKNOWN = "unknown"
    GENERATE = "generate"
    RECOMMEND = "recommend"
    ACT = "act"


class UpdateClass(StrEnum):
    """How close bringing a state up to date comes to computing it anew: the same bits, the same answers, answers within
    a bound, or not at all (only a new training helps)."""

    UNKNOWN = "unknown"
    BITWISE = "bitwise"
    CERTIFIED = "certified"
    BOUNDED = "bounded"
    REFIT = "refit"


class PluginState(StrEnum):
    """What became of a plug-in."""

    UNKNOWN = "unknown"
    LOADED = "loaded"
    DISABLED = "disabled"
    FAILED = "failed"
    INCOMPATIBLE = "incompatible"


class TrainingState(StrEnum):
    """Where a training job is."""

    UNKNOWN = "unknown"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDED = (TrainingState.SUCCEEDED, TrainingState.FAILED, TrainingState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Engine:
    """An algorithm that a plug-in offers. `options_schema` is a JSON schema with defaults and descriptions.

    One that `can_predict` tells the ratings that a person would give.
    """

    name: str
    verb: Verb
    version: str
    summary: str
    plugin: str
    update_class: UpdateClass
    can_forget: bool
    needs_training: bool
    needs_corpus: bool
    options_schema: Mapping[str, Any]
    can_predict: bool = False


class BreakerState(StrEnum):
    """Whether a deployment's engine is asked: yes; no, for a while; the next call tries it."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How the engine of a deployment behaves.

    While `state` is open the fallback answers Recommend and other calls get `Unavailable`; `reason` says why, `since` since
    when, `retry_seconds` in how many seconds the engine is tried again. `faults`, `restarts` and `abandoned_threads` count
    since the server started. `inline` is whether it is asked on the server's event loop, `demotion` why it is not any more.
    For agents, each an engine of its own, `state` and `reason` are those of the one that fares worst.
    """

    state: BreakerState = BreakerState.UNKNOWN
    reason: str = ""
    since: datetime | None = None
    retry_seconds: float = 0.0
    faults: int = 0
    restarts: int = 0
    abandoned_threads: int = 0
    isolated: bool = False
    inline: bool = False
    demotion: str = ""


@dataclass(frozen=True, slots=True)
class PartUse:
    """A part at work: where, with which options, how it behaves; `problem` says why it cannot be used at all.

    `lag` is how many events a listener has not been told of; None for other parts, and while another server tells it.
    """

    used_by: str
    options: Mapping[str, Any]
    health: EngineHealth
    problem: str = ""
    lag: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a plug-in brings to put answers, engines or agents together from, such as a re-ranker.

    `uses` says where the server uses it; empty for those that nobody has asked for, or that engines ask for.
    """

    name: str
    role: str
    version: str
    summary: str
    uses: tuple[PartUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plug-in that was found, also one that could not be loaded; then `reason` says why."""

    name: str
    distribution: str
    version: str
    state: PluginState
    reason: str
    engines: tuple[str, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A named use of an engine. `active_version` 0 means that no model serves; `problem` says why it cannot serve.

    A recommender follows the log: it has seen `log_position` and is `log_lag` positions behind. `pinned_position` is where
    it was set back to and stays, None while it follows. `stored_position` is how far its newest state on disk has come.
    One that is `asleep` is brought to work when somebody asks it. `pending_events` of those that it has seen are not in its
    answers yet, because its engine put them off.
    """

    name: str
    engine: str
    verb: Verb
    options: Mapping[str, Any]
    active_version: int
    log_position: int
    problem: str
    health: EngineHealth = EngineHealth()
    pinned_position: int | None = None
    log_lag: int = 0
    stored_position: int = 0
    asleep: bool = False
    pending_events: int = 0


@dataclass(frozen=True, slots=True)
class Training:
    """A training job at one moment.

    `fraction` goes from 0 to 1, `step` is the engine's own count, `metrics` the latest figures by name, `remaining` an
    estimate where there is one, `model_version` the version it made (0 until it has), `notes` what the engine had to say
    about what it learned from, such as files that it could not read.
    """

    training_id: str
    deployment: str
    state: TrainingState
    fraction: float
    step: int
    metrics: Mapping[str, float]
    remaining: timedelta | None
    error: str
    model_version: int
    seed: int
    create_time: datetime | None = None
    end_time: datetime | None = None
    notes: Sequence[str] = ()

    @property
    def ended(self) -> bool:
        """Whether the job has succeeded, failed or been cancelled."""
        return self.state in _ENDED


@dataclass(frozen=True, slots=True)
class Model:
    """One version of what a deployment learned. `problem` says what is wrong with a damaged one."""

    deployment: str
    version: int
    active: bool
    engine: str
    engine_version: str
    options: Mapping[str, Any]
    log_position: int
    corpus_id: str
    metrics: Mapping[str, float]
    size_bytes: int
    create_time: datetime | None
    problem: str
