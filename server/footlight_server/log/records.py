"""The rows of the log as frozen records. Times are whole microseconds since 1970; user and item ordinals are the host's."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from footlight_plugins import EventKind, Events

NOBODY = -1
"""The ordinal of a person whom the log has never seen."""


def now() -> int:
    """The time of day in microseconds since 1970."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be recommended. The times are set by the catalogue."""

    item_id: str
    title: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    create_time: int = 0
    update_time: int = 0
    available_from: int | None = None
    """None: from the beginning."""
    available_until: int | None = None
    """The first moment at which it is no longer available. None: for ever."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one person did with one item at one time."""

    event_id: str
    user_id: str
    item_id: str
    kind: EventKind
    value: float | None = None
    """None counts as 1."""
    time: int | None = None
    """None is the time of arrival; an event repeated without a time is the same event."""
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class Appended:
    """What the log did with a batch of events."""

    recorded: int
    duplicates: int
    position: int
    """The highest position of the batch's events, those that were there already included."""
    events: Events
    """The recorded rows in the order of their positions."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure took away."""

    event_count: int
    decision_count: int
    epoch: int
    """The number of this erasure; of the last one before it where nobody was erased."""
    user: int
    """The ordinal that the person had; -1 where the log did not know them."""


class Forgotten(NamedTuple):
    """What an erasure changed in the state of one recommender."""

    deployment: str
    position: int
    """The log position that the state had seen."""
    touched: int
    """How many entries of it were touched."""
    gone: bool
    """Whether the engine was asked afterwards, and knows nobody of that ordinal; or does not serve any more."""


class Decision(NamedTuple):
    """One answer of the server, with everything that is needed to give it again."""

    decision_id: str
    verb: str
    deployment: str
    model_version: int
    log_position: int
    user: int
    seed: int
    payload: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """A named use of an engine; ``active_version`` 0 means that no model serves.

    ``pinned_position`` is the log position that it is held at, None while it follows the log. ``awake`` says that
    somebody has made it or asked it, so that it is brought to work when a server starts.
    """

    name: str
    engine: str
    options: Mapping[str, Any]
    active_version: int = 0
    pinned_position: int | None = None
    awake: bool = False


class TrainingState(IntEnum):
    """Where a training job is; the numbers are those of the wire."""

    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self >= TrainingState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Training:
    """One training job. Use `dataclasses.replace` to say how it went on."""

    training_id: str
    deployment: str
    state: TrainingState = TrainingState.QUEUED
    fraction: float = 0.0
    step: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    model_version: int = 0
    seed: int = 0
    corpus_id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    create_time: int = 0
    end_time: int | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """What an agent was created with. ``ordinal`` is given by the log; -1 until then."""

    agent_id: str
    deployment: str
    spaces: Mapping[str, Any]
    options: Mapping[str, Any]
    seed: int
    create_time: int
    ordinal: int = -1
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the owner settled beside the engine; see `footlight_server.agents.settings`."""


class AgentRow(NamedTuple):
    """One row of an agent's own log, in the order of the table's columns after the tenant."""

    agent: int
    """The agent's ordinal."""
    position: int
    kind: int
    """1 a decision, 2 a reward, 3 an end; further numbers are the state machine's own, and rare."""
    session_id: str
    name: str | None = None
    """The request id of a decision, the reward id of a reward."""
    decision: int | None = None
    observation: int | None = None
    action: int | None = None
    reward: float | None = None
    flag: int = 0
    mask: bytes | None = None
    distribution: bytes | None = None
    learned_steps: int = 0
    seed: int = 0
    time: int = 0
    features: bytes | None = None
    """The observation where it is a vector: float64."""
    chosen: bytes | None = None
    """What the candidate that was taken is like: float64."""
    candidates: bytes | None = None
    """What all candidates are like, one after the other: float64."""
    person: int | None = None
    """The ordinal of the person; the row goes with them."""
    propensity: float | None = None
    expected: float | None = None
    best_expected: float | None = None
    detail: str | None = None
    """What only some rows have, as JSON."""
