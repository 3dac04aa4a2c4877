"""Which stages serve: of those that plug-ins offer, the one that the owner named, or the one of the highest rank."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from footlight_plugins.factories import EngineUnavailable, missing_requirements, resolve_stage
from footlight_plugins.stages import Label, Metadata, Originality, Signature, StageKind, StageSpec, Watermark

log = logging.getLogger(__name__)

OFF = "off"


class UnknownStage(Exception):
    """The owner asked for a stage that nobody offers; the message says what there is."""


class Stages:
    """The stages at work, each made when it is first needed. Any thread may ask."""

    def __init__(self, offered: Mapping[str, StageSpec], chosen: tuple[str, ...] = ()) -> None:
        """``chosen`` are texts such as ``watermark=off`` and ``label=my-label``.

        Raises
        ------
        UnknownStage
            When one of them names what is not there.
        """
        self._lock = threading.Lock()
        self._made: dict[StageKind, Any] = {}
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
                    self._made[kind] = resolve_stage(spec)
                except EngineUnavailable as fault:
                    self.give_up(kind, str(fault))
                    return None
            return self._made[kind]


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
