"""What a plug-in declares about an engine, and what every engine has in common."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from footlight_plugins.data import State

API_VERSION = 2
"""The version of this contract. The host takes plug-ins of this version and of the one before."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def check_name(what: str, name: str) -> None:
    """Refuse a name that is not lower-case letters, digits and hyphens, a letter first, at most 63.

    Raises
    ------
    ValueError
        Naming it.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{what} name {name!r} must be lower-case letters, digits and hyphens, a letter first")


def check_factory(field: str, path: str, owner: str) -> None:
    """Refuse what does not read ``package.module:Class``.

    Raises
    ------
    ValueError
        Naming the field and whose it is.
    """
    if not _FACTORY.fullmatch(path):
        raise ValueError(f"{field} {path!r} of {owner!r} must read 'package.module:Class'")


class Verb(StrEnum):
    """What an engine is for. Each verb has a role in `footlight_plugins.roles`."""

    GENERATE = "generate"
    """It makes content: `Generator`."""
    RECOMMEND = "recommend"
    """It ranks items: `Recommender`."""
    ACT = "act"
    """It decides moves: `Agent`, or `Assistant`."""


class UpdateClass(StrEnum):
    """How close ``fit(a)`` followed by ``apply(b)`` comes to ``fit(a + b)``. The conformance suite holds an engine to it."""

    BITWISE = "bitwise"
    """The same bits."""
    CERTIFIED = "certified"
    """The same answers, although the state may hold them in another shape."""
    BOUNDED = "bounded"
    """Answers within a bound that the engine states."""
    REFIT = "refit"
    """The engine is only ever trained anew."""


class Options(BaseModel):
    """The base of an engine's options: frozen, strict, and no unknown names.

    Describe each field with ``pydantic.Field(default, description=..., ge=..., le=...)``: bounds are checked before the
    engine is made, and the description is what people read in ``footlight engines``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What a plug-in offers. Creating one imports nothing.

    Raises
    ------
    ValueError
        When a name, the factory or the verb is malformed.
    """

    name: str
    """Names the engine: lower-case letters, digits and hyphens, a letter first, at most 63."""
    verb: Verb
    """What it is for, and so which role its class has."""
    version: str
    """The engine's own version; it is written into every model."""
    summary: str
    """One line on what it does."""
    factory: str
    """``"package.module:Class"``, a subclass of the verb's role; imported when the engine is first used."""
    api_version: int = 1
    """The version of the contract that the engine was written for. Left out, it stays the first one for ever."""
    update_class: UpdateClass = UpdateClass.REFIT
    """How close an update comes to a new training (Recommender)."""
    can_forget: bool = False
    """Whether `forget` takes one person out of the state (Recommender)."""
    needs_training: bool = True
    """False: it answers from an empty state on, and follows the log without ever being trained (Recommender)."""
    fallback: bool = False
    """Whether it can answer for a person whom nobody knows (Recommender)."""
    inline: bool = False
    """Whether every answer takes microseconds, so that it may run on the server's event loop."""
    rank: int = 0
    """Who answers when a request names no deployment: the highest rank that can."""
    options: str = ""
    """``"package.module:Class"`` of the options, where the factory's module is heavy: the host checks and shows options
    without importing the engine then. Empty: they are the factory's ``options_type``."""
    requires: tuple[str, ...] = ()
    """Import names it needs beyond the contract's, for instance ``("torch",)``; missing ones are named to the user."""
    can_predict: bool = False
    """Whether `predict` tells the rating that a person would give (Recommender)."""
    batch_size: int = 1
    """So many pieces of content it makes about as fast as one; calls of several callers are put together up to this many
    (Generator)."""
    reads_catalogue: bool = False
    """Whether `describe` is to be told what the catalogue says of items (Recommender)."""
    explores: bool = False
    """Whether chance plays a part: answers differ with `Query.seed`, and the host draws one for each call (Recommender)."""
    baseline: bool = False
    """Whether others are to be read beside it: it learns from plain ``.npy`` arrays, and has an option ``max_seconds``
    (Generator)."""

    converses: bool = False
    """Whether it is an `Assistant`, which answers what people type, instead of an `Agent` (verb act)."""

    def __post_init__(self) -> None:
        check_name("engine", self.name)
        check_factory("factory", self.factory, self.name)
        if self.options:
            check_factory("options", self.options, self.name)
        if self.converses and self.verb is not Verb.ACT:
            raise ValueError(f"engine {self.name!r} converses, so its verb must be act")
        if not isinstance(self.verb, Verb):
            raise ValueError(f"verb {self.verb!r} of engine {self.name!r} must be a Verb")
        if not isinstance(self.update_class, UpdateClass):
            raise ValueError(f"update_class {self.update_class!r} of engine {self.name!r} must be an UpdateClass")


class CallEnded(Exception):
    """The caller no longer waits: the deadline has passed or the call was cancelled."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an engine may ask about the call that it works for.

    >>> Call().check()  # never ends by itself
    """

    deadline: float = float("inf")
    """When the caller stops waiting, on the clock of `time.monotonic`, in seconds."""
    cancelled: Callable[[], bool] = field(default=lambda: False)
    """Whether the caller has left."""

    def check(self) -> None:
        """Raise `CallEnded` when nobody waits any more. Call it between steps of a few milliseconds."""
        if self.cancelled():
            raise CallEnded("the call was cancelled")
        if time.monotonic() > self.deadline:
            raise CallEnded("the deadline has passed")


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What a training may use: its seed, a folder for checkpoints, and somebody to tell how far it is."""

    seed: int
    """Every draw comes from it."""
    directory: Path
    """The job's own folder. What lies there was left by an earlier try of the same job: resume from it."""
    report: Callable[[float, int, Mapping[str, float]], None]
    """``report(fraction, step, metrics)``: how much is done (0 to 1), the step, the latest figures. Cheap; call it often."""
    stopping: Callable[[], bool] = field(default=lambda: False)
    """True when the job should stop at once: save a checkpoint and raise `CallEnded`."""
    curves: Path | None = None
    """A folder for TensorBoard's event files; None where nobody wants them."""
    note: Callable[[str], None] = field(default=lambda text: None)
    """``note(text)``: something that whoever ordered the training should read, such as a file that was skipped; a line."""


class Engine(ABC):
    """What every engine has: options and a state that can be saved.

    The host never calls two methods of one instance at the same time, so an engine needs no lock of its own.
    """

    options_type: ClassVar[type[Options]] = Options
    """The engine's options; override it with a subclass of `footlight_plugins.Options`."""

    @abstractmethod
    def state(self) -> State:
        """The whole state: arrays and JSON. Equal states give equal answers."""

    def warm_up(self) -> None:  # noqa: B027  # most engines have nothing to prepare
        """Do what would make the first answer slow, such as compiling; called before the engine serves.

        It runs beside an engine that serves, so it must leave this one's state as it is.
        """

    @abstractmethod
    def load(self, state: State) -> None:
        """Take over a state that `state` of the same engine made.

        Raises
        ------
        ValueError
            When it is not such a state; the message says what is wrong with it.
        """
