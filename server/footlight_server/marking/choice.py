"""Which stages serve: of those that plug-ins offer, the one that the owner named, or the one of the highest rank."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from footlight_plugins.factories import EngineUnavailable, missing_requirements, resolve_stage
from footlight_plugins.loader import Plugins
from footlight_plugins.placing import placed
from footlight_plugins.stages import Label, Metadata, Originality, Signature, StageKind, StageSpec, Watermark
from footlight_server.isolation.celled import Celled
from footlight_server.isolation.cells import STAGE_SECONDS
from footlight_server.marking.asking import StageFailed, StageHung, asked, is_bits, is_texts

T = TypeVar("T")
log = logging.getLogger(__name__)

OFF = "off"

MAKING_SECONDS = 120.0
"""How long it may take to be imported and made."""
TRAITS: Mapping[StageKind, tuple[str, Callable[[Any], bool]]] = {
    StageKind.LABEL: ("texts", is_texts),
    StageKind.WATERMARK: ("bits", is_bits),
}
"""What is read of a stage once, when it is made, and what it may be."""


class UnknownStage(Exception):
    """The owner asked for a stage that nobody offers; the message says what there is."""


@dataclass(frozen=True, slots=True)
class StageAtWork:
    """A stage that assets go through, and how it does."""

    spec: StageSpec
    plugin: str
    problem: str
    """Why assets go without it; empty where they do not."""
    faults: int
    """What it did wrong since the start."""


class Stages:
    """The stages at work, each made when it is first needed. Any thread may ask."""

    def __init__(self, plugins: Plugins, chosen: tuple[str, ...] = (), seconds: float = STAGE_SECONDS) -> None:
        """``chosen`` are texts such as ``watermark=off`` and ``label=my-label``. ``seconds`` bounds one piece of work.

        Raises
        ------
        UnknownStage
            When one of them names what is not there.
        """
        offered = plugins.stages
        self._plugin_of = plugins.plugin_of_part
        self._lock = threading.Lock()
        self._seconds = seconds
        self._made: dict[StageKind, Any] = {}
        self._traits: dict[StageKind, Any] = {}
        self._faults: Counter[StageKind] = Counter()
        self.missing: dict[StageKind, str] = {}
        """Why a stage does not serve, by kind."""
        self._specs = {kind: _best(offered, kind) for kind in StageKind}
        for choice in chosen:
            kind, spec = _parsed(offered, choice)
            self._specs[kind] = spec
            if spec is None:
                self.missing[kind] = "switched off"
        for kind, spec in self._specs.items():
            self._note(kind, spec)

    def _note(self, kind: StageKind, spec: StageSpec | None) -> None:
        if spec is None:
            self.missing.setdefault(kind, "no plug-in offers one")
        elif missing := missing_requirements(spec):
            try:
                resolve_stage(spec)
            except EngineUnavailable as fault:
                self.missing[kind] = str(fault)
                log.warning("assets get no %s: %s", kind, fault)
            else:  # pragma: no cover  # it is there after all
                log.debug("%s was found", missing)

    @property
    def originality(self) -> Originality | None:
        """The stage, or None where it does not serve."""
        stage: Originality | None = self._stage(StageKind.ORIGINALITY)
        return stage

    @property
    def label(self) -> Label | None:
        """The stage, or None where it does not serve."""
        stage: Label | None = self._stage(StageKind.LABEL)
        return stage

    @property
    def watermark(self) -> Watermark | None:
        """The stage, or None where it does not serve."""
        stage: Watermark | None = self._stage(StageKind.WATERMARK)
        return stage

    @property
    def metadata(self) -> Metadata | None:
        """The stage, or None where it does not serve."""
        stage: Metadata | None = self._stage(StageKind.METADATA)
        return stage

    @property
    def signature(self) -> Signature | None:
        """The stage, or None where it does not serve."""
        stage: Signature | None = self._stage(StageKind.SIGNATURE)
        return stage

    @property
    def texts(self) -> Mapping[str, str]:
        """What the label says, by language; empty where none serves."""
        return self._traits[StageKind.LABEL] if self.label is not None else {}

    @property
    def bits(self) -> int | None:
        """How many bits the number of a watermark has; None where none serves."""
        return self._traits[StageKind.WATERMARK] if self.watermark is not None else None

    def ask(self, kind: StageKind, work: Callable[[Any], T], right: Callable[[T], bool]) -> T | None:
        """What a stage answers, when it is right; None where none serves.

        Raises
        ------
        StageFailed
            When it did something wrong. One that hangs is given up.
        """
        if (stage := self._stage(kind)) is None:
            return None
        try:
            seconds = None if isinstance(stage, Celled) else self._seconds  # a cell sees to that
            return asked(self._called(kind), seconds, partial(work, stage), right)
        except StageFailed as fault:
            if not isinstance(fault.__cause__, ValueError):  # which the contract gives a meaning
                self._faults[kind] += 1
            if isinstance(fault, StageHung):
                self.give_up(kind, str(fault))
            raise

    def _called(self, kind: StageKind) -> str:
        spec = self._specs[kind]
        return f"stage '{spec.name}' of plug-in '{self._plugin_of(spec)}'" if spec else kind.value

    @property
    def at_work(self) -> list[StageAtWork]:
        """Those that are chosen, also where they do not serve."""
        return [
            StageAtWork(spec, self._plugin_of(spec), self.missing.get(kind, ""), self._faults[kind])
            for kind, spec in self._specs.items()
            if spec is not None
        ]

    def name(self, kind: StageKind) -> str:
        """What serves as the stage; empty where nothing does."""
        spec = self._specs[kind]
        return "" if spec is None or kind in self.missing else spec.name

    def give_up(self, kind: StageKind, reason: str) -> None:
        """Go on without a stage."""
        log.warning("assets get no %s: %s", kind, reason)
        self.missing[kind] = reason

    def _stage(self, kind: StageKind) -> Any:
        spec = self._specs[kind]
        if spec is None or kind in self.missing:
            return None
        with self._lock:
            if kind not in self._made:
                try:
                    self._made[kind], self._traits[kind] = self._new(kind, spec)
                except StageFailed as fault:
                    cause = fault.__cause__
                    self._faults[kind] += 1
                    self.give_up(kind, f"{self._called(kind)}: {cause}" if _says_why(cause) else str(fault))
                    return None
            return self._made[kind]

    def _new(self, kind: StageKind, spec: StageSpec) -> tuple[Any, Any]:
        """The stage, and what is read of it."""
        called = self._called(kind)
        stage: Any = asked(called, MAKING_SECONDS, partial(_made, spec), lambda _: True)
        if kind not in TRAITS:
            return stage, None
        trait, right = TRAITS[kind]
        return stage, asked(f"`{trait}` of {called}", self._seconds, lambda: getattr(stage, trait), right)


def _made(spec: StageSpec) -> Any:
    """The stage, in a process of its own where its plug-in is isolated."""
    elsewhere = placed(spec)
    return resolve_stage(spec) if elsewhere is None else elsewhere


def _says_why(cause: BaseException | None) -> bool:
    return isinstance(cause, EngineUnavailable)


def _best(offered: Mapping[str, StageSpec], kind: StageKind) -> StageSpec | None:
    fitting = [spec for spec in offered.values() if spec.kind is kind]
    usable = [spec for spec in fitting if not missing_requirements(spec)]
    return max(usable or fitting, key=lambda spec: spec.rank, default=None)


def _parsed(offered: Mapping[str, StageSpec], choice: str) -> tuple[StageKind, StageSpec | None]:
    kind_name, _, name = choice.partition("=")
    if kind_name not in list(StageKind):
        raise UnknownStage(f"--stage {choice}: expected one of {', '.join(StageKind)} before the '='")
    kind = StageKind(kind_name)
    if name == OFF:
        return kind, None
    names = [spec.name for spec in offered.values() if spec.kind is kind]
    if name not in names:
        raise UnknownStage(f"--stage {choice}: expected {OFF} or one of {', '.join(names)} after the '='")
    return kind, offered[name]
