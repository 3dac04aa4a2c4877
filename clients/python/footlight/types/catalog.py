"""The catalogue and the event log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What a person did. Engines learn from the kinds that show a preference."""

    VIEW = "view"
    PLAY = "play"
    LIKE = "like"
    RATING = "rating"
    PURCHASE = "purchase"
    SKIP = "skip"
    IMPRESSION = "impression"
    RETRACTION = "retraction"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be recommended: a film, a level, a song, a scene.

    `tags` are labels such as genres. `attributes` are further facts as JSON knows them; whole numbers come back as int.
    It may be recommended from `available_from` on and before `available_until`; None means always. The other two times are
    set by the server.
    """

    item_id: str
    title: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    create_time: datetime | None = None
    update_time: datetime | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one person did with one item at one time.

    `value` is the rating of a rating, else how strongly (None counts as 1). `time` needs a time zone; None means now.
    An empty `event_id` gets a new UUID. `decision_id` credits the answer that led to the event.
    """

    user_id: str
    item_id: str
    kind: EventKind
    value: float | None = None
    time: datetime | None = None
    event_id: str = ""
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class PutItems:
    """How many of the items were new, and how many replaced one that was there."""

    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class RecordedEvents:
    """What the log did with the events.

    An answer whose `log_position` is at least this one has seen all of them.
    """

    recorded: int
    duplicates: int
    log_position: int


@dataclass(frozen=True, slots=True)
class ForgottenState:
    """What an erasure changed in one recommender: `touched` entries of the state that had seen `log_position`.

    `gone` is whether the person moves no answer of it any more; the engine was asked.
    """

    deployment: str
    log_position: int
    touched: int
    gone: bool


@dataclass(frozen=True, slots=True)
class ForgottenListener:
    """Whether an event listener of a plug-in had been told of an erasure when its receipt was written; else it will be."""

    name: str
    plugin: str
    told: bool


@dataclass(frozen=True, slots=True)
class PersonalRecord:
    """One thing that the server keeps of a person: `kind` says what, such as "events", "rankings" or "models"."""

    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of a forgotten person. `events` is 0 when nobody knew them; `states` says what each recommender forgot.

    `listeners` are the event listeners of plug-ins.
    """

    events: int
    decisions: int
    epoch: int
    states: tuple[ForgottenState, ...] = ()
    listeners: tuple[ForgottenListener, ...] = ()
